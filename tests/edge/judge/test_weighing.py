"""The judge's decisions after the witness of change: surer, in doubt, or turned; never more, and never fewer."""

import pytest

from smartcart.edge.contract.events import Candidate, EventType
from smartcart.edge.judge.change import Change, ChangedPlace, Kind
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.weighing import unknown_item, weighed
from smartcart.edge.vision.detection import Box

HERE = Box(0.3, 0.4, 0.4, 0.6)
AWAY = Box(0.7, 0.4, 0.8, 0.6)


def decision(kind: EventType = EventType.ITEM_ADDED, happened: float = 0.9) -> Decision:
    return Decision(
        type=kind,
        label="can",
        media_time=3.0,
        confidence=round(happened * 0.8, 3),
        candidates=(
            Candidate(outcome="added", label="can", probability=round(happened * 0.8, 3)),
            Candidate(outcome="added", label="jar", probability=round(happened * 0.2, 3)),
            Candidate(outcome="none", label=None, probability=round(1 - happened, 3)),
        ),
        box=HERE,
        track=1,
        evidence={"touched": True},
    )


def change(kind: Kind | None, box: Box = HERE, share: float = 0.05) -> Change:
    return Change(share=share, places=(ChangedPlace(box=box, kind=kind, share=0.05),))


def test_agreement_makes_a_decision_surer() -> None:
    (told,) = weighed([decision()], change("added"))
    assert told.type is EventType.ITEM_ADDED and told.confidence > 0.78
    assert sum(c.probability for c in told.candidates) == pytest.approx(1, abs=0.01)
    assert told.evidence["change"] == "added"


@pytest.mark.parametrize("word", [None, Change(share=0.0, places=()), change("removed"), change("added", AWAY)])
def test_silence_and_contradiction_veto_nothing(word: Change | None) -> None:
    assert weighed([decision()], word) == [decision()]


def test_where_much_of_the_zone_changed_at_once_nothing_is_certain() -> None:
    (told,) = weighed([decision()], change("added", share=0.46))
    assert told.type is EventType.ITEM_UNCERTAIN and told.label == "can"


def test_an_uncertain_one_gets_the_direction_and_the_place_from_the_witness() -> None:
    place = Box(0.28, 0.38, 0.42, 0.62)
    (told,) = weighed([decision(EventType.ITEM_UNCERTAIN, 0.6)], change("removed", place))
    assert told.type is EventType.ITEM_UNCERTAIN and told.box == place
    assert {c.outcome for c in told.candidates} == {"removed", "none"}


def test_an_uncertain_one_that_was_only_moved_is_likely_nothing() -> None:
    (told,) = weighed([decision(EventType.ITEM_UNCERTAIN, 0.6)], change("moved"))
    assert told.candidates[0].outcome == "none" and told.candidates[0].probability > 0.8


def test_an_uncertain_one_stays_uncertain_when_the_witness_agrees() -> None:
    (told,) = weighed([decision(EventType.ITEM_UNCERTAIN, 0.6)], change("added"))
    assert told.type is EventType.ITEM_UNCERTAIN and told.confidence > 0.7


def test_nothing_is_asked_of_what_a_known_item_explains_of_what_is_small_moved_unclear_or_all_over() -> None:
    visit = (2.0, 4.0)
    assert unknown_item(change("added"), known=[AWAY], visit=visit) is not None
    assert unknown_item(change("added"), known=[HERE], visit=visit) is None
    assert unknown_item(change("moved"), known=[], visit=visit) is None
    assert unknown_item(change(None), known=[], visit=visit) is None
    assert unknown_item(change("added", share=0.5), known=[], visit=visit) is None
    small = Change(share=0.002, places=(ChangedPlace(box=HERE, kind="added", share=0.002),))
    assert unknown_item(small, known=[], visit=visit) is None

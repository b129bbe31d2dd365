"""Combines the judge's decisions of a visit with what the witness of change saw.

The witness never adds to the decisions, and its silence takes nothing from them. If much of the zone changed at once,
nothing in it is certain. If the two agree, a decision becomes surer. An uncertain decision gets the witness's view of
what happened. If nothing was decided and yet a place clearly changed, an unknown item is reported as uncertain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from smartcart.edge.contract.events import Candidate, EventType, Outcome
from smartcart.edge.judge.change import Change, ChangedPlace
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.settings import WEIGHING
from smartcart.edge.vision.detection import Box


def weighed(decisions: Sequence[Decision], change: Change | None) -> list[Decision]:
    """The decisions of one visit combined with the witness's answer; the same number, in the same order."""
    if change is None:
        return list(decisions)
    if change.share > WEIGHING.all_over:
        return [_doubted(decision) for decision in decisions]
    return [_with(decision, _at(decision.box, change)) for decision in decisions]


def unknown_item(change: Change, *, known: Sequence[Box], visit: tuple[float, float]) -> Decision | None:
    """The question to ask if the detector saw nothing: the largest clearly changed place that no item explains.

    Args:
        known: where items are or were assumed to be.
        visit: its start and the last moment of a hand, media time in seconds.
    """
    if change.share > WEIGHING.all_over or any(place.kind == "moved" for place in change.places):
        return None
    place = next((p for p in change.places if p.share >= WEIGHING.least and not explained(p.box, known)), None)
    if place is None or place.kind is None or place.kind == "moved":
        return None
    return Decision(
        type=EventType.ITEM_UNCERTAIN,
        label=None,
        media_time=round(visit[1], 3),
        confidence=WEIGHING.unknown,
        candidates=(
            Candidate(outcome=place.kind, label=None, probability=WEIGHING.unknown),
            Candidate(outcome="none", label=None, probability=round(1 - WEIGHING.unknown, 3)),
        ),
        box=place.box,
        track=None,
        evidence={"visit": [round(t, 3) for t in visit], "change": place.kind, "changed_share": place.share},
    )


def _doubted(decision: Decision) -> Decision:
    return replace(decision, type=EventType.ITEM_UNCERTAIN, evidence={**decision.evidence, "change": "all over"})


def _with(decision: Decision, place: ChangedPlace | None) -> Decision:
    if place is None or place.kind is None:
        return decision
    evidence = {**decision.evidence, "change": place.kind}
    reported = decision.candidates[0].outcome if decision.type is EventType.ITEM_UNCERTAIN else _OUTCOME[decision.type]
    if place.kind == reported:
        return _reweighed(replace(decision, evidence=evidence), WEIGHING.agrees)
    if decision.type is not EventType.ITEM_UNCERTAIN:
        return decision
    if place.kind == "moved":
        return _reweighed(replace(decision, evidence=evidence, box=place.box), 1 / WEIGHING.agrees)
    return _turned(replace(decision, evidence=evidence, box=place.box), place.kind)


_OUTCOME: Final[dict[EventType, Outcome]] = {EventType.ITEM_ADDED: "added", EventType.ITEM_REMOVED: "removed"}


def _reweighed(decision: Decision, times: float) -> Decision:
    """The decision with the odds that something happened multiplied."""
    happened = sum(c.probability for c in decision.candidates if c.outcome != "none")
    nothing = sum(c.probability for c in decision.candidates if c.outcome == "none")
    if happened <= 0 or nothing <= 0:
        return decision
    now = happened * times / (happened * times + nothing) * (happened + nothing)
    factor, rest = now / happened, (happened + nothing - now) / nothing
    candidates = [
        replace(c, probability=round(c.probability * (rest if c.outcome == "none" else factor), 3))
        for c in decision.candidates
    ]
    return replace(
        decision,
        candidates=tuple(sorted(candidates, key=lambda c: -c.probability)),
        confidence=round(min(1.0, decision.confidence * factor), 3),
    )


def _turned(decision: Decision, outcome: Outcome) -> Decision:
    """The opposite direction of the detector's uncertain one; its candidates stay as doubtful as they were."""
    candidates = tuple(c if c.outcome == "none" else replace(c, outcome=outcome) for c in decision.candidates)
    return replace(decision, candidates=candidates)


def _at(box: Box | None, change: Change) -> ChangedPlace | None:
    """The changed place that overlaps most with a decision's box."""
    if box is None:
        return None
    here = [p for p in change.places if p.box.overlap(box) >= WEIGHING.here * min(p.box.area, box.area)]
    return max(here, key=lambda p: p.box.iou(box), default=None)


def explained(box: Box, known: Iterable[Box]) -> bool:
    """True if a place is that of a known item."""
    return any(box.overlap(other) > WEIGHING.known * min(box.area, other.area) for other in known)

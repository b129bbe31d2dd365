"""Event and basket figures against hand-counted clips, and the truth files they rest on."""

import json
from pathlib import Path

import pytest

from smartcart.models.dataset.truth import (
    Distractor,
    Truth,
    TruthError,
    TruthEvent,
    find_truth,
    read_truth,
    write_truth,
)
from smartcart.models.evaluation.event_metrics import Prediction, Replayed, figures, match, wilson


def added(label: str, t: float, situation: str | None = "single_add") -> TruthEvent:
    return TruthEvent(type="added", label=label, t=t, start=t - 1, end=t + 0.5, situation=situation)


def removed(label: str, t: float) -> TruthEvent:
    return TruthEvent(type="removed", label=label, t=t, start=t - 1, end=t + 0.5, situation="single_remove")


def clip(
    *events: TruthEvent, said: list[Prediction], initial: dict[str, int] | None = None, **more: object
) -> Replayed:
    truth = Truth(
        video="a.mp4",
        fps=30,
        size=(640, 480),
        zone=((0, 0), (1, 0), (1, 1)),
        initial=initial or {},
        events=events,
        distractors=(Distractor(situation="touch", start=40, end=41),),
    )
    visits = more.get("visits", [(e.start, e.end) for e in events])
    sights = more.get("sights", {e.label: [e.t + i / 30 for i in range(9)] for e in events})
    return Replayed(clip="a.mp4", truth=truth, predictions=said, visits=visits, sights=sights)  # type: ignore[arg-type]


def plus(label: str, t: float) -> Prediction:
    return Prediction(type="added", label=label, t=t)


def minus(label: str, t: float) -> Prediction:
    return Prediction(type="removed", label=label, t=t)


@pytest.mark.parametrize(("t", "right"), [(7.9, False), (8.1, True), (10, True), (12.4, True), (12.6, False)])
def test_the_time_window_is_one_second_before_and_two_after_the_visit(t: float, right: bool) -> None:
    assert bool(match([added("can", 10)], [plus("can", t)]).pairs) is right


def test_matching_is_one_to_one_by_the_nearest_time() -> None:
    matching = match([added("can", 10), added("can", 11)], [plus("can", 11.1), plus("can", 10.9), plus("can", 10.2)])
    assert matching.pairs == ((0, 2), (1, 0))
    assert matching.wrong == (1,)


def test_type_and_label_both_count() -> None:
    result = figures([clip(added("can", 10), removed("jar", 20), said=[plus("tub", 10), plus("jar", 20)])])
    assert (result["tp"], result["fp"], result["fn"]) == (0, 2, 2)
    assert (result["type_only"]["tp"], result["type_only"]["fp"]) == (1, 1)
    assert result["event_accuracy"] == 0
    assert result["errors"]["class"] == 1


def test_uncertain_is_an_intervention_and_not_a_wrong_event() -> None:
    unsure = Prediction(type=None, label="can", t=10)
    result = figures([clip(added("can", 10), added("jar", 20), said=[unsure, plus("jar", 20)])])
    assert result["interventions_per_100"] == 50
    assert result["wrong_unmarked_per_100"] == 0
    assert (result["tp"], result["fn"]) == (1, 1)


def test_errors_are_blamed_on_one_part_each() -> None:
    no_visit = clip(added("can", 10), said=[], visits=[])
    not_seen = clip(added("can", 10), said=[], sights={})
    mixed_up = clip(added("can", 10), said=[])
    from_nothing = clip(added("can", 10), said=[plus("can", 10), plus("can", 30)])
    result = figures([no_visit, not_seen, mixed_up, from_nothing])
    assert result["errors"] == {"detector": 1, "id_switch": 1, "visit": 2, "class": 0}


def test_a_false_event_belongs_to_the_situation_whose_window_holds_it() -> None:
    result = figures([clip(added("can", 10), said=[plus("can", 10), plus("can", 40.5), plus("can", 70)])])
    assert result["by_situation"]["touch"]["fp"] == 1
    assert result["by_situation"]["none"]["fp"] == 1
    assert result["by_situation"]["single_add"]["tp"] == 1


def test_baskets_start_from_the_initial_count_and_never_go_below_zero() -> None:
    result = figures([clip(removed("jar", 10), initial={"jar": 1}, said=[minus("jar", 10), minus("can", 20)])])
    assert result["cacc"] == 1
    assert result["per_clip"][0]["basket"] == {}


def test_money_is_over_and_under_charged_apart() -> None:
    clips = [clip(added("can", 10), said=[]), clip(added("can", 10), said=[plus("can", 10), plus("jar", 10)])]
    money = figures(clips, {"can": 100, "jar": 250})["money_error"]
    assert money == {"share": 350 / 200, "over": 250, "under": 100, "due": 200}


def test_without_events_a_ratio_is_null() -> None:
    result = figures([clip(said=[])])
    assert result["event_accuracy"] is None
    assert result["recall"] is None
    assert wilson(0, 0) is None


def test_wilson_agrees_with_a_published_value() -> None:
    low, high = wilson(15, 148) or (0, 0)  # Newcombe (1998), table I: 0.0624 to 0.1605
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)


def test_a_truth_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    truth = clip(added("can", 10), removed("jar", 20), said=[], initial={"jar": 2}).truth
    write_truth(tmp_path / "a.truth.json", truth)
    assert read_truth(tmp_path / "a.truth.json") == truth
    assert find_truth([tmp_path]) == [tmp_path / "a.truth.json"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "smartcart.truth/9"}, "not a truth file"),
        ({"events": [{"type": "stolen"}]}, "a field is missing or wrong"),
        ({"initial": {"spaceship": 1}}, "not in the class list"),
        ({"distractors": [{"situation": "dance", "from": 1, "to": 2}]}, "unknown"),
        ({"size": [1, 2, 3]}, "a field is missing or wrong"),
    ],
)
def test_a_wrong_truth_file_is_refused_by_name(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    path = tmp_path / "a.truth.json"
    write_truth(path, clip(added("can", 10), said=[]).truth)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TruthError, match=reason) as caught:
        read_truth(path)
    assert str(path) in str(caught.value)


def test_a_clip_without_truth_and_a_path_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(TruthError, match=r"no a\.truth\.json beside it"):
        find_truth([tmp_path / "a.mp4"])
    with pytest.raises(TruthError, match="no such file or folder"):
        find_truth([tmp_path / "b"])
    with pytest.raises(TruthError, match=r"no \*\.truth\.json under"):
        find_truth([tmp_path])

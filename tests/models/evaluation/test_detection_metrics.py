"""Average precision against vectors worked out by hand, and against a plain restatement of COCO's rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.evaluation.detection_metrics import (
    FoundBox,
    JudgedPhoto,
    average_precision,
    detection_figures,
    overlaps,
)

WHOLE = (0.0, 0.0, 1.0, 1.0)
LEFT = (0.0, 0.0, 0.5, 1.0)
RIGHT = (0.5, 0.0, 1.0, 1.0)


def true(corners: Corners, label: str = "can") -> TrueBox:
    return TrueBox(label=label, corners=corners)


def found(confidence: float, corners: Corners, label: str = "can") -> FoundBox:
    return FoundBox(label=label, confidence=confidence, corners=corners)


def photo(truth: list[TrueBox], boxes: list[FoundBox], ignore_below: float = 0.0) -> JudgedPhoto:
    return JudgedPhoto(truth=truth, found=boxes, judges=frozenset({"can", "hand"}), ignore_below=ignore_below)


def test_hits_and_misses_by_hand() -> None:
    # hit, miss, hit of 3 boxes: precision 1 up to recall 1/3, then 2/3 up to 2/3; levels 0..33, 34..66, none after
    ap = average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 3)
    assert ap == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_a_perfect_model_scores_one_at_every_overlap() -> None:
    figures = detection_figures([photo([true(LEFT), true(RIGHT)], [found(0.9, LEFT), found(0.3, RIGHT)])])
    assert figures.map50 == figures.map50_95 == 1.0
    assert figures.per_label["can"].boxes == 2


def test_a_box_of_overlap_0_6_counts_at_three_of_ten_thresholds() -> None:
    figures = detection_figures([photo([true(WHOLE)], [found(0.9, (0.0, 0.0, 0.62, 1.0))])])
    assert figures.map50 == 1.0
    assert figures.map50_95 == pytest.approx(0.3)


def test_the_second_box_on_one_thing_is_wrong() -> None:
    twice = detection_figures([photo([true(LEFT), true(RIGHT)], [found(0.9, LEFT), found(0.8, LEFT)])])
    assert twice.map50 == pytest.approx(51 / 101)


def test_the_surer_box_is_served_first_even_across_photos() -> None:
    sure_and_wrong = photo([], [found(0.95, LEFT)])
    right = photo([true(LEFT)], [found(0.5, LEFT)])
    assert detection_figures([right, sure_and_wrong]).map50 == pytest.approx(0.5)


def test_labels_that_a_set_does_not_judge_count_neither_way() -> None:
    hands_only = JudgedPhoto(
        truth=[true(LEFT, "hand")], found=[found(0.9, LEFT, "hand"), found(0.9, RIGHT)], judges=frozenset({"hand"})
    )
    figures = detection_figures([hands_only, photo([true(RIGHT)], [found(0.8, RIGHT)])])
    assert figures.per_label["can"].map50 == 1.0
    assert figures.per_label["hand"].map50 == 1.0


def test_small_boxes_on_unboxed_background_count_neither_way() -> None:
    shelf = found(0.9, (0.9, 0.9, 1.0, 1.0))
    assert detection_figures([photo([true(LEFT)], [shelf, found(0.5, LEFT)], ignore_below=0.04)]).map50 == 1.0
    assert detection_figures([photo([true(LEFT)], [shelf, found(0.5, LEFT)])]).map50 == pytest.approx(0.5)


def test_what_is_hidden_need_not_be_found_and_finding_it_counts_neither_way() -> None:
    hidden = TrueBox(label="can", corners=RIGHT, visible=0.3)
    missed = [photo([true(LEFT), hidden], [found(0.5, LEFT)])]
    met = [photo([true(LEFT), hidden], [found(0.9, RIGHT), found(0.5, LEFT)])]
    doubled = [photo([true(LEFT), hidden], [found(0.9, RIGHT), found(0.8, RIGHT), found(0.5, LEFT)])]
    assert detection_figures(missed).map50 == pytest.approx(51 / 101)
    assert [detection_figures(one, least_visible=0.5).map50 for one in (missed, met, doubled)] == [1.0, 1.0, 0.5]
    assert detection_figures([photo([hidden], [])], least_visible=0.5).per_label == {}


def test_nothing_to_judge_gives_no_figure() -> None:
    figures = detection_figures([photo([], [found(0.9, LEFT)])])
    assert figures.map50 is None
    assert figures.per_label == {}


def test_overlap_of_halves() -> None:
    assert overlaps([LEFT], [WHOLE, RIGHT]).tolist() == [[0.5, 0.0]]
    assert overlaps([(0.2, 0.2, 0.2, 0.2)], [(0.2, 0.2, 0.2, 0.2)]).tolist() == [[0.0]]


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=30, unique_by=lambda pair: pair[0]),
    st.integers(0, 5),
)
def test_average_precision_is_the_mean_of_the_best_precision_from_each_recall_on(
    detections: list[tuple[int, bool]], missed: int
) -> None:
    hits = sum(hit for _, hit in detections)
    boxes = hits + missed
    if not boxes:
        return
    ranked = [hit for _, hit in sorted(detections, reverse=True)]
    curve = [(sum(ranked[: n + 1]) / boxes, sum(ranked[: n + 1]) / (n + 1)) for n in range(len(ranked))]
    levels = [max((p for r, p in curve if r >= level / 100 - 1e-12), default=0.0) for level in range(101)]
    confidence = np.array([score for score, _ in detections], float)
    hit = np.array([hit for _, hit in detections], bool)
    assert average_precision(confidence, hit, boxes) == pytest.approx(sum(levels) / 101, abs=0.011)

"""What is found, mistaken and invented at one threshold."""

import pytest

from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.evaluation.detection_metrics import FoundBox, JudgedPhoto
from smartcart.models.evaluation.recall import compare, recall_figures
from smartcart.models.labels import LABELS

LEFT: Corners = (0.1, 0.1, 0.3, 0.5)
RIGHT: Corners = (0.6, 0.1, 0.8, 0.5)
ALL = frozenset(LABELS)


def true(label: str, corners: Corners, visible: float | None = None, held: bool | None = None) -> TrueBox:
    return TrueBox(label=label, corners=corners, visible=visible, held=held)


def found(label: str, corners: Corners, confidence: float = 0.8) -> FoundBox:
    return FoundBox(label=label, corners=corners, confidence=confidence)


def photo(truth: list[TrueBox], boxes: list[FoundBox], judges: frozenset[str] = ALL) -> JudgedPhoto:
    return JudgedPhoto(truth=truth, found=boxes, judges=judges)


def test_found_mislabelled_missed_and_invented_are_told_apart() -> None:
    mistakes = compare(
        photo(
            [true("can", LEFT), true("jar", RIGHT), true("apple", (0.0, 0.8, 0.1, 0.9))],
            [found("can", LEFT), found("can", RIGHT), found("box", (0.5, 0.7, 0.9, 0.9))],
        )
    )
    assert [label for _, label in mistakes.seen] == ["can", "can", None]
    assert [box.label for box in mistakes.false] == ["box"]
    assert mistakes.count == 3


def test_a_box_of_the_right_label_is_taken_before_a_surer_one_of_another() -> None:
    mistakes = compare(photo([true("jar", LEFT)], [found("can", LEFT, 0.9), found("jar", LEFT, 0.4)]))
    assert [label for _, label in mistakes.seen] == ["jar"]
    assert [box.label for box in mistakes.false] == ["can"]


def test_two_boxes_on_one_thing_are_one_found_and_one_invented() -> None:
    mistakes = compare(photo([true("can", LEFT)], [found("can", LEFT, 0.9), found("can", LEFT, 0.5)]))
    assert [box.confidence for box in mistakes.false] == [0.5]


def test_a_hand_is_not_a_mislabelled_item_nor_the_other_way_round() -> None:
    mistakes = compare(photo([true("hand", LEFT), true("can", RIGHT)], [found("can", LEFT), found("hand", RIGHT)]))
    assert [label for _, label in mistakes.seen] == [None, None]
    assert len(mistakes.false) == 2


def test_what_a_set_does_not_judge_and_what_is_unsure_count_neither_way() -> None:
    boxes = [found("can", LEFT), found("jar", RIGHT), found("hand", RIGHT, 0.2)]
    mistakes = compare(photo([true("can", LEFT)], boxes, frozenset({"can", "hand"})))
    assert mistakes.count == 0


def test_recall_is_told_by_visibility_and_by_hold() -> None:
    figures = recall_figures(
        [
            photo([true("can", LEFT, 0.9, False), true("can", RIGHT, 0.5, True)], [found("can", LEFT)]),
            photo([true("jar", LEFT, 0.3, False), true("hand", RIGHT)], [found("can", LEFT), found("hand", RIGHT)]),
        ]
    )
    shares = {kind: (one.total, one.found, one.right) for kind, one in figures.by_kind.items()}
    assert shares == {
        "items": (3, 2, 1),
        "hand": (1, 1, 1),
        "held": (1, 0, 0),
        "resting": (2, 2, 1),
        "half visible": (2, 1, 1),
        "visible 0.25-0.5": (1, 1, 0),
        "visible 0.5-0.75": (1, 0, 0),
        "visible 0.75-1": (1, 1, 1),
    }
    assert figures.confusions[("jar", "can")] == 1
    assert figures.confusions[("can", "nothing")] == 1


@pytest.mark.parametrize("truth", [[], [true("hand", LEFT)]])
def test_false_items_are_counted_where_there_is_none(truth: list[TrueBox]) -> None:
    figures = recall_figures([photo(truth, [found("can", RIGHT), found("hand", LEFT)])])
    assert (figures.empty_photos, figures.false_items) == (1, 1)


def test_a_set_of_hands_alone_says_nothing_of_false_items() -> None:
    figures = recall_figures([photo([true("hand", LEFT)], [found("can", RIGHT)], frozenset({"hand"}))])
    assert (figures.empty_photos, figures.false_items) == (0, 0)

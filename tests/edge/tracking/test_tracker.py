"""The tracker: ids that last, hands and items apart, and no effect of the frame rate."""

import pytest
from scenes import Thing, frames, hand, resting

from smartcart.edge.tracking.tracker import CartTracker, Track


def ids_over(things: list[Thing], seconds: float, fps: float = 30.0) -> list[list[Track]]:
    tracker = CartTracker()
    return [list(tracker.update(time, seen)) for time, seen in frames(things, seconds, fps)]


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_two_of_a_kind_that_pass_each_other_keep_their_ids(fps: float) -> None:
    left_to_right = Thing("can", ((0, 0.2, 0.4), (3, 0.8, 0.4)))
    right_to_left = Thing("can", ((0, 0.8, 0.7), (3, 0.2, 0.7)))
    steps = ids_over([left_to_right, right_to_left], 3, fps)
    upper = {t.id for step in steps for t in step if t.box.centre[1] < 0.55}
    lower = {t.id for step in steps for t in step if t.box.centre[1] > 0.55}
    assert len(upper) == len(lower) == 1
    assert upper != lower


def test_an_item_keeps_its_id_over_a_short_occlusion() -> None:
    steps = ids_over([resting("bottle", 0.5, 0.5, unseen=((1.0, 1.8),))], 3)
    assert {t.id for step in steps for t in step} == {1}
    assert any(not t.seen for step in steps for t in step)


def test_it_is_forgotten_after_a_long_one() -> None:
    steps = ids_over([resting("bottle", 0.5, 0.5, unseen=((1.0, 3.0),))], 4)
    assert {t.id for step in steps for t in step} == {1, 2}


def test_a_class_that_flickers_is_a_vote_and_no_new_thing() -> None:
    mostly = resting("bottle", 0.5, 0.5, unseen=((1.0, 1.2), (2.0, 2.1)))
    now_and_then = [resting("can", 0.5, 0.5, start=1.0, end=1.19), resting("can", 0.5, 0.5, start=2.0, end=2.09)]
    steps = ids_over([mostly, *now_and_then], 3)
    assert {t.id for step in steps for t in step} == {1}
    assert steps[-1][0].label == "bottle"
    assert set(steps[-1][0].votes) == {"bottle", "can"}


def test_a_hand_over_an_item_is_not_the_item() -> None:
    steps = ids_over([resting("can", 0.5, 0.5), hand((0.5, 0.5, 0.0), (1.5, 0.5, 0.5), (2.5, 0.5, 0.0))], 3)
    assert {t.is_hand for t in steps[45]} == {True, False}
    assert len({t.id for step in steps for t in step if not t.is_hand}) == 1


def test_one_weak_glimpse_starts_nothing() -> None:
    assert all(not step for step in ids_over([resting("can", 0.5, 0.5, end=0.5, confidence=0.2)], 1))


def test_what_is_doubtful_in_every_frame_is_a_thing_after_a_while() -> None:
    steps = ids_over([resting("can", 0.5, 0.5, confidence=0.2)], 2)
    assert {t.id for step in steps[25:] for t in step} == {1}


def test_a_doubtful_part_of_a_thing_is_no_thing() -> None:
    part = resting("jar", 0.5, 0.52, confidence=0.2, size=(0.1, 0.1))
    steps = ids_over([resting("can", 0.5, 0.5, confidence=0.6), part], 2)
    assert {t.id for step in steps for t in step} == {1}


@pytest.mark.parametrize(("confidence", "things"), [(0.5, 1), (0.8, 2)])
def test_a_less_sure_box_within_one_of_its_class_is_the_same_thing(confidence: float, things: int) -> None:
    """As where a bar cuts a lemon in two; of two boxes that are both sure each is a thing."""
    upper = resting("can", 0.5, 0.42, confidence=confidence, size=(0.1, 0.08))
    steps = ids_over([resting("can", 0.5, 0.5, confidence=0.9, size=(0.1, 0.24)), upper], 2)
    assert len({t.id for step in steps for t in step}) == things


def test_what_comes_in_before_a_thing_does_not_take_its_id_for_a_class_told_of_it_once() -> None:
    cup = resting("cup", 0.5, 0.5, unseen=((0.5, 0.53), (2.0, 2.5)))
    once, box = resting("box", 0.5, 0.5, start=0.5, end=0.53), resting("box", 0.5, 0.6, start=2.0)
    last = ids_over([cup, once, box], 3)[-1]
    assert {(t.id, t.label) for t in last} == {(1, "cup"), (2, "box")}


def test_every_tracker_counts_from_one() -> None:
    for _ in range(2):
        assert ids_over([resting("can", 0.5, 0.5)], 1)[-1][0].id == 1

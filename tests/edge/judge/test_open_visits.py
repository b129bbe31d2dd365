"""Visits as people make them: hands that stay, that were there first, that are several, over a zone of any size."""

import pytest
from scenes import ZONE, Thing, frames, hand, resting, told

from smartcart.edge.judge.change import Change, ChangedPlace
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.judge.settings import VISIT
from smartcart.edge.judge.visit import Visit
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone

FPS = 15.0


def staying(start: float = 1.5, end: float = 60.0) -> Thing:
    """A hand that comes to the right of the basket and stays in it, not quite still."""
    points = [(start, 0.9, -0.05), (start + 1, 0.9, 0.5)]
    points += [(t, 0.9, 0.5 + 0.05 * (i % 2)) for i, t in enumerate(range(4, 61))]
    return hand(*(point for point in points if point[0] <= end), *(((end, 0.9, 0.5),) if end < 60 else ()))


def reach(t: float, x: float) -> Thing:
    return hand((t, x, -0.05), (t + 1, x, 0.5), (t + 1.5, x, 0.5), (t + 2.5, x, -0.05))


def put_in(label: str, t: float, x: float, until: float = 60.0) -> Thing:
    return Thing(label, ((t, x, -0.02), (t + 1, x, 0.6), (until, x, 0.6)))


def take_out(label: str, t: float, x: float, since: float = 0.0) -> Thing:
    return Thing(label, ((since, x, 0.6), (t + 1.5, x, 0.6), (t + 2.5, x, -0.12)))


def run(things: list[Thing], seconds: float, zone: Zone = ZONE) -> list[tuple[float, Decision]]:
    """Each decision with the moment at which it was told; what is only told at the end comes at the end."""
    tracker, judge = CartTracker(), Judge(zone)
    said: list[tuple[float, Decision]] = []
    for time, seen in frames(things, seconds, FPS):
        said += [(time, d) for d in judge.update(time, tracker.update(time, seen))]
    return said + [(seconds, d) for d in judge.finish()]


def events(said: list[tuple[float, Decision]]) -> list[tuple[str, str | None]]:
    return told([decision for _, decision in said])


def test_what_is_put_in_is_told_though_another_hand_never_leaves() -> None:
    said = run([staying(), reach(5, 0.4), put_in("can", 5, 0.4), resting("bottle", 0.15, 0.6)], 14)
    assert events(said) == [("added", "can")]
    assert said[0][0] < 10


def test_what_is_taken_out_is_told_though_another_hand_never_leaves() -> None:
    said = run([staying(), reach(5, 0.4), take_out("can", 5, 0.4), resting("bottle", 0.15, 0.6)], 14)
    assert events(said) == [("removed", "can")]
    assert said[0][0] < 12


def test_what_was_told_while_a_hand_stayed_is_not_told_again_when_it_leaves() -> None:
    scene = [staying(end=15), reach(5, 0.4), put_in("can", 5, 0.4), take_out("bottle", 8, 0.15), reach(8, 0.15)]
    assert sorted(events(run(scene, 20))) == [("added", "can"), ("removed", "bottle")]


class _Gone:
    """A witness that says that something is gone from where the can stood."""

    def began(self, time: float) -> None:
        pass

    def change(self, since: float, time: float, hands: object) -> Change:
        place = ChangedPlace(box=Box(0.34, 0.5, 0.46, 0.7), kind="removed", share=0.05)
        return Change(share=0.05, places=(place,))


def test_what_was_told_while_a_hand_stayed_is_no_unknown_item_when_it_leaves() -> None:
    scene = [staying(end=14), reach(5, 0.4), take_out("can", 5, 0.4), resting("bottle", 0.15, 0.6)]
    tracker, judge = CartTracker(), Judge(ZONE, witness=_Gone())
    said = [d for t, seen in frames(scene, 20, FPS) for d in judge.update(t, tracker.update(t, seen))]
    assert told(said + judge.finish()) == [("removed", "can")]


def test_the_end_of_a_video_is_told_once() -> None:
    tracker, judge = CartTracker(), Judge(ZONE)
    for time, seen in frames([staying(), reach(5, 0.4), put_in("can", 5, 0.4)], 8.5, FPS):
        judge.update(time, tracker.update(time, seen))
    assert told(judge.finish()) == [("added", "can")]
    assert judge.finish() == []


def test_several_put_in_and_taken_out_on_one_visit_without_end_are_each_told_once() -> None:
    scene = [staying(), *(reach(4 + 4 * k, x) for k, x in enumerate((0.15, 0.4, 0.65)))]
    scene += [put_in("can", 4, 0.15), take_out("bottle", 8, 0.4), put_in("jar", 12, 0.65)]
    assert events(run(scene, 20)) == [("added", "can"), ("removed", "bottle"), ("added", "jar")]


def test_what_is_put_in_and_taken_out_again_long_after_on_one_visit_is_told_both_times() -> None:
    can = Thing("can", ((5, 0.4, -0.02), (6, 0.4, 0.6), (13.5, 0.4, 0.6), (14.5, 0.4, -0.12)))
    assert events(run([staying(), reach(5, 0.4), reach(12, 0.4), can], 20)) == [("added", "can"), ("removed", "can")]


def test_what_is_only_moved_while_a_hand_stays_is_no_event() -> None:
    moved = Thing("bottle", ((0, 0.2, 0.6), (6.2, 0.2, 0.6), (7, 0.5, 0.7), (60, 0.5, 0.7)))
    mover = hand((5, 0.2, -0.05), (6, 0.2, 0.5), (6.2, 0.2, 0.5), (7, 0.5, 0.6), (8, 0.5, -0.05))
    assert events(run([staying(), moved, mover], 14)) == []


def test_what_a_hand_keeps_hold_of_is_not_told() -> None:
    can = Thing("can", ((2, 0.4, 0.02), (3, 0.4, 0.55), (60, 0.4, 0.55)))
    holding = hand((2, 0.4, -0.05), (3, 0.4, 0.48), (60, 0.4, 0.48))
    assert events(run([staying(), can, holding], 12)) == []


def test_what_was_put_down_is_told_at_the_end_of_a_video_though_a_hand_is_still_there() -> None:
    said = run([staying(), reach(5, 0.4), put_in("can", 5, 0.4), resting("bottle", 0.15, 0.6)], 8.5)
    assert events(said) == [("added", "can")]


@pytest.mark.parametrize("leaves", [3.0, 12.0])
def test_what_stood_there_when_the_camera_began_is_no_event_though_a_hand_was_in_first(leaves: float) -> None:
    early = hand((0, 0.5, 0.5), (leaves - 1, 0.55, 0.55), (leaves, 0.55, -0.05))
    scene = [resting("bottle", 0.2, 0.6), resting("can", 0.5, 0.6), resting("jar", 0.8, 0.6), early]
    assert events(run(scene, leaves + 4)) == []


def test_what_a_hand_that_was_there_first_puts_in_and_takes_out_is_told() -> None:
    early = hand((0, 0.2, 0.5), (1, 0.2, 0.5), (2, 0.2, -0.05))
    bottle = Thing("bottle", ((0, 0.2, 0.6), (1, 0.2, 0.6), (2, 0.2, -0.12)))
    can = Thing("can", ((3, 0.7, -0.02), (4, 0.7, 0.6), (60, 0.7, 0.6)))
    said = run([early, bottle, reach(3, 0.7), can, resting("jar", 0.45, 0.6)], 10)
    assert sorted(events(said)) == [("added", "can"), ("removed", "bottle")]


def test_what_a_hand_hid_when_the_camera_began_is_not_told_as_put_in() -> None:
    early = hand((0, 0.5, 0.6), (2, 0.5, 0.6), (3, 0.5, -0.05))
    said = run([early, resting("can", 0.5, 0.62, 2.3, 60.0, size=(0.1, 0.12))], 8)
    assert all(kind == "uncertain" for kind, _ in events(said))


SMALL = Zone(((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))


def test_a_forearm_over_a_small_zone_in_the_middle_is_a_hand_in_it() -> None:
    """Its box is many times the zone: little of it lies in the zone, and yet nothing of the zone is free."""
    arm = Thing("hand", ((2, 0.5, -0.4), (3, 0.5, 0.12), (3.5, 0.5, 0.12), (4.5, 0.5, -0.4)), (0.5, 0.9))
    judge, tracker, visits = Judge(SMALL), CartTracker(), set()
    for time, seen in frames([arm], 6, FPS):
        judge.update(time, tracker.update(time, seen))
        visits.add(judge.visit_since)
    assert len(visits - {None}) == 1


def test_a_small_zone_in_the_middle_tells_what_comes_goes_and_stays_in_the_picture() -> None:
    small = (0.08, 0.1)
    coming = Thing("can", ((2, 0.15, 0.5), (3, 0.5, 0.5), (60, 0.5, 0.5)), small)
    bringing = hand((0, 0.15, 0.45), (2, 0.15, 0.45), (3, 0.48, 0.45), (4, 0.15, 0.45), (60, 0.16, 0.46))
    assert events(run([coming, bringing], 8, SMALL)) == [("added", "can")]
    going = Thing("can", ((0, 0.5, 0.5), (3, 0.5, 0.5), (4, 0.15, 0.5), (60, 0.15, 0.5)), small)
    taking = hand((0, 0.15, 0.45), (2, 0.15, 0.45), (3, 0.48, 0.45), (4, 0.15, 0.45), (60, 0.16, 0.46))
    assert events(run([going, taking], 10, SMALL)) == [("removed", "can")]


def test_what_is_laid_well_below_a_small_zone_is_not_in_it() -> None:
    small = (0.08, 0.1)
    laid = Thing("can", ((2, 0.5, 0.95), (3, 0.5, 0.78), (60, 0.5, 0.78)), small)
    bringing = hand((2, 0.5, 0.98), (3, 0.5, 0.8), (3.5, 0.5, 0.8), (4, 0.5, 0.99))
    assert events(run([laid, bringing], 8, SMALL)) == []


def test_a_visit_without_end_remembers_a_bounded_number_of_places() -> None:
    tracker, visit = CartTracker(), Visit(start=0.0, last_active=0.0)
    for time, seen in frames([staying(0.0)], 60, 60.0):
        hands = [t for t in tracker.update(time, seen) if t.is_hand]
        visit.active(time, hands)
    assert len(visit.reached) <= VISIT.most_places and len(visit.hand_frames) <= VISIT.most_places

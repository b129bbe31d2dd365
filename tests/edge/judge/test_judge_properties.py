"""What holds for the judge whatever a detector does: clear visits stay clear, sums agree, nonsense makes nothing."""

import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import FPS, ZONE, Thing, frames, hand, resting, told

from smartcart.edge.contract.events import MAX_EVIDENCE_BYTES
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.tracking.tracker import CartTracker, Track
from smartcart.edge.vision.detection import Box, Detection

Frames = Sequence[tuple[float, list[Detection]]]
few = settings(max_examples=12, deadline=None, derandomize=True)


def visit(t: float, x: float, y: float) -> Thing:
    return hand((t, x, -0.05), (t + 1, x, y), (t + 1.5, x, y), (t + 2.5, x, -0.05))


ADD = [
    resting("bottle", 0.2, 0.6),
    visit(2, 0.6, 0.5),
    Thing("can", ((2, 0.6, -0.02), (3, 0.6, 0.6), (60, 0.6, 0.6))),
]
REMOVE = [
    resting("bottle", 0.2, 0.6),
    visit(2, 0.6, 0.5),
    Thing("can", ((0, 0.6, 0.6), (3.5, 0.6, 0.6), (4.5, 0.6, -0.12))),
]
TOUCH = [resting("bottle", 0.2, 0.6), resting("can", 0.6, 0.6), visit(2, 0.6, 0.5)]
SCENES = {"add": (ADD, [("added", "can")]), "remove": (REMOVE, [("removed", "can")]), "touch": (TOUCH, [])}
scene = st.sampled_from(sorted(SCENES))


def judged(stream: Frames, judge: Judge | None = None) -> list[Decision]:
    tracker, judge = CartTracker(), judge or Judge(ZONE)
    decisions = [d for time, seen in stream for d in judge.update(time, tracker.update(time, seen))]
    return decisions + judge.finish()


@few
@given(name=scene, share=st.floats(0, 0.2), seed=st.integers(0, 1000))
def test_dropped_detections_change_nothing(name: str, share: float, seed: int) -> None:
    things, expected = SCENES[name]
    chance = random.Random(seed)
    stream = [(t, [d for d in seen if chance.random() >= share]) for t, seen in frames(things, 7)]
    assert told(judged(stream)) == expected


@few
@given(name=scene, spread=st.floats(0, 0.06), seed=st.integers(0, 1000))
def test_trembling_boxes_change_nothing(name: str, spread: float, seed: int) -> None:
    things, expected = SCENES[name]
    chance = random.Random(seed)

    def trembled(d: Detection) -> Detection:
        dx, dy = (chance.gauss(0, spread * side) for side in (d.box.width, d.box.height))
        return replace(d, box=Box(d.box.x1 + dx, d.box.y1 + dy, d.box.x2 + dx, d.box.y2 + dy))

    assert told(judged([(t, [trembled(d) for d in seen]) for t, seen in frames(things, 7)])) == expected


@few
@given(name=scene, first=st.integers(0, 1), step=st.sampled_from([2, 3]))
def test_half_and_a_third_of_the_frames_tell_the_same(name: str, first: int, step: int) -> None:
    things, expected = SCENES[name]
    assert told(judged(list(frames(things, 7))[first::step])) == expected


@few
@given(name=scene, moments=st.lists(st.floats(0.5, 6.5), min_size=1, max_size=4))
def test_tracks_renamed_at_any_moment_change_nothing(name: str, moments: list[float]) -> None:
    things, expected = SCENES[name]
    tracker, judge, decisions = CartTracker(), Judge(ZONE), []
    renamed: dict[tuple[int, int], Track] = {}
    for time, seen in frames(things, 7):
        era = sum(time >= moment for moment in moments)
        tracks = []
        for track in tracker.update(time, seen):
            before = renamed.get((era, track.id))
            born = before if era and before else replace(track, first=time, origin=track.box) if era else track
            now = replace(track, id=track.id + 1000 * era, first=born.first, origin=born.origin)
            renamed[era, track.id] = now
            tracks.append(now)
        decisions += judge.update(time, tracks)
    assert told(decisions + judge.finish()) == expected


@few
@given(seed=st.integers(0, 10_000))
def test_events_in_sum_are_the_change_of_the_basket(seed: int) -> None:
    chance = random.Random(seed)
    things: list[Thing] = [resting("bottle", 0.1, 0.6)]
    clock = 2.0
    for k in range(3):
        x, label = 0.3 + 0.2 * k, chance.choice(["can", "box", "jar"])
        things += [visit(clock, x, 0.5), Thing(label, ((clock, x, -0.02), (clock + 1, x, 0.6), (60, x, 0.6)))]
        clock += 4.5
    judge = Judge(ZONE)
    stream = [(t, [d for d in seen if chance.random() > 0.1]) for t, seen in frames(things, clock + 1)]
    count = Counter({"bottle": 1})
    for decision in judged(stream, judge):
        count[str(decision.label)] += {"item_added": 1, "item_removed": -1}[str(decision.type)]
    assert +count == Counter(item.label for item in judge.contents)


@few
@given(name=scene, seed=st.integers(0, 1000))
def test_time_never_runs_backwards_and_evidence_is_small_and_plain(name: str, seed: int) -> None:
    chance = random.Random(seed)
    things, _ = SCENES[name]
    last = -math.inf
    tracker, judge = CartTracker(), Judge(ZONE)
    for time, seen in frames(things, 7):
        for decision in judge.update(time, tracker.update(time, [d for d in seen if chance.random() > 0.3])):
            assert last <= decision.media_time <= time
            last = decision.media_time
            assert len(json.dumps(decision.to_json()["evidence"])) < MAX_EVIDENCE_BYTES
            assert {"visit", "votes", "trail", "before", "after"} <= decision.evidence.keys()


def nonsense(seed: int) -> Iterator[tuple[float, list[Detection]]]:
    """Boxes inside out, without area, without end, not numbers, and beyond the picture."""
    chance = random.Random(seed)
    odd = [math.nan, math.inf, -math.inf, -1e9, 1e9, 0.0, 0.5, 1.0]
    for i in range(90):
        boxes = [Box(*(chance.choice(odd) for _ in range(4))) for _ in range(20)]
        sure = [chance.choice([0.9, 0.5, math.nan, 2.0]) for _ in boxes]
        yield i / FPS, [Detection(label="can", confidence=c, box=b) for c, b in zip(sure, boxes, strict=True)]


@pytest.mark.parametrize("seed", range(3))
def test_absurd_boxes_make_no_events(seed: int) -> None:
    assert judged(list(nonsense(seed))) == []


def test_absurd_boxes_do_not_spoil_a_visit() -> None:
    absurd = [seen for _, seen in nonsense(1)] * 3
    stream = [(t, seen + extra) for (t, seen), extra in zip(frames(ADD, 7), absurd, strict=False)]
    assert told(judged(stream)) == [("added", "can")]


def test_thousands_of_boxes_are_no_events_and_take_no_time_without_end() -> None:
    chance = random.Random(1)

    def crowd() -> list[Detection]:
        corners = [(chance.random() * 0.9, chance.random() * 0.9) for _ in range(3000)]
        return [Detection(label="can", confidence=0.9, box=Box(x, y, x + 0.05, y + 0.05)) for x, y in corners]

    assert judged([(i / FPS, crowd()) for i in range(12)]) == []


def test_nothing_at_all_is_no_event() -> None:
    assert judged([(i / FPS, []) for i in range(120)]) == []

"""Scripted scenes for tracker and judge: things that move along straight lines, seen by a perfect or a bad detector."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.zone import Zone

ZONE = Zone(((0.0, 0.25), (1.0, 0.25), (1.0, 1.0), (0.0, 1.0)))
FPS = 30.0
ITEM = (0.12, 0.2)
HAND = (0.16, 0.16)


@dataclass(frozen=True)
class Thing:
    """A thing of one size whose centre goes through (time, x, y) points; it is in sight between the first and last."""

    label: str
    points: tuple[tuple[float, float, float], ...]
    size: tuple[float, float] = ITEM
    confidence: float = 0.8
    unseen: tuple[tuple[float, float], ...] = ()

    def at(self, time: float) -> Detection | None:
        if not self.points[0][0] <= time <= self.points[-1][0] or any(a <= time < b for a, b in self.unseen):
            return None
        for (t0, x0, y0), (t1, x1, y1) in zip(self.points, self.points[1:], strict=False):
            if t0 <= time <= t1:
                u = (time - t0) / (t1 - t0) if t1 > t0 else 0.0
                return self._seen(x0 + u * (x1 - x0), y0 + u * (y1 - y0))
        return None

    def _seen(self, x: float, y: float) -> Detection | None:
        w, h = self.size
        box = Box(max(0.0, x - w / 2), max(0.0, y - h / 2), min(1.0, x + w / 2), min(1.0, y + h / 2))
        if box.width < 0.03 or box.height < 0.03:
            return None
        return Detection(label=self.label, confidence=self.confidence, box=box)


def resting(label: str, x: float, y: float, start: float = 0.0, end: float = 60.0, **more: object) -> Thing:
    return Thing(label, ((start, x, y), (end, x, y)), **more)  # type: ignore[arg-type]


def hand(*points: tuple[float, float, float]) -> Thing:
    return Thing("hand", points, HAND)


def frames(things: Sequence[Thing], seconds: float, fps: float = FPS) -> Iterator[tuple[float, list[Detection]]]:
    for i in range(round(seconds * fps)):
        time = round(i / fps, 6)
        yield time, [d for d in (thing.at(time) for thing in things) if d is not None]


def decide(
    things: Sequence[Thing], seconds: float, fps: float = FPS, drop: float = 0.0, seed: int = 1
) -> list[Decision]:
    """Decisions over a scene; ``drop`` is the share of detections that the detector misses."""
    chance = random.Random(seed)
    tracker, judge = CartTracker(), Judge(ZONE)
    decisions: list[Decision] = []
    for time, detections in frames(things, seconds, fps):
        seen = [d for d in detections if chance.random() >= drop]
        decisions += judge.update(time, tracker.update(time, seen))
    return decisions + judge.finish()


def told(decisions: Sequence[Decision]) -> list[tuple[str, str | None]]:
    return [(str(d.type).removeprefix("item_"), d.label) for d in decisions]

"""Baselines on the same detections: three plain ways to count what goes in and out.

They get the same zone, the same tracker if they need one, and the usual care of a good implementation: hysteresis, a
least number of frames, medians. Each is a way to decide, fed frame by frame.
"""

import statistics
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np

from smartcart.edge.tracking.tracker import CartTracker, Track
from smartcart.edge.vision.detection import Detection
from smartcart.edge.vision.zone import Zone
from smartcart.models.evaluation.event_metrics import Prediction
from smartcart.models.labels import HAND

HELD_FRAMES: Final = 3
QUIET_S: Final = 0.7
COUNTED_S: Final = 1.0
HAND_SHARE: Final = 0.2
SURE: Final = 0.35
LEAST_WAY: Final = 0.12


class Baseline(Protocol):
    """Reports changes from detections alone; feed it every frame in order of media time."""

    def update(self, time: float, detections: Sequence[Detection]) -> list[Prediction]: ...

    def finish(self) -> list[Prediction]:
        """The changes still open when the video ends."""
        ...


class LineCrossing:
    """One event each time a track's middle crosses the zone's border and stays beyond it for three frames.

    Counting libraries do this (a line zone with a crossing threshold).
    """

    def __init__(self, zone: Zone) -> None:
        self._zone, self._tracker = zone, CartTracker()
        self._sides: dict[int, deque[bool]] = {}
        self._inside: dict[int, bool] = {}

    def update(self, time: float, detections: Sequence[Detection]) -> list[Prediction]:
        told: list[Prediction] = []
        for track in self._tracker.update(time, detections):
            if track.seen and not track.is_hand:
                told += self._follow(time, track)
        return told

    def finish(self) -> list[Prediction]:
        return []

    def _follow(self, time: float, track: Track) -> list[Prediction]:
        sides = self._sides.setdefault(track.id, deque(maxlen=HELD_FRAMES))
        sides.append(_distance(self._zone, track.box.centre) > 0)
        if len(sides) < HELD_FRAMES or len(set(sides)) > 1:
            return []
        before = self._inside.setdefault(track.id, sides[0])
        self._inside[track.id] = sides[0]
        if before == sides[0]:
            return []
        return [Prediction(type="added" if sides[0] else "removed", label=track.label, t=time)]


@dataclass(slots=True)
class _Presence:
    """Hands in the zone: a visit lasts until none has been there for 0.7 s."""

    zone: Zone
    last_hand: float | None = None

    def update(self, time: float, detections: Sequence[Detection]) -> Literal["quiet", "visit", "end"]:
        hands = (d for d in detections if d.label == HAND and d.confidence >= SURE)
        if any(self.zone.share(d.box) >= HAND_SHARE for d in hands):
            self.last_hand = time
        if self.last_hand is None:
            return "quiet"
        return "visit" if time - self.last_hand < QUIET_S else "end"


class DirectionSum:
    """Adds up how far each class moved into or out of the zone while a hand is there; the sign is the change."""

    def __init__(self, zone: Zone) -> None:
        self._zone, self._tracker, self._presence = zone, CartTracker(), _Presence(zone)
        self._before: dict[int, float] = {}
        self._way: Counter[str] = Counter()
        self._moved: dict[str, float] = {}

    def update(self, time: float, detections: Sequence[Detection]) -> list[Prediction]:
        phase = self._presence.update(time, detections)
        for track in self._tracker.update(time, detections):
            if track.seen and not track.is_hand:
                distance = _distance(self._zone, track.box.centre)
                step = distance - self._before.get(track.id, distance)
                self._before[track.id] = distance
                if phase == "visit":
                    self._way[track.label] += step  # type: ignore[assignment]
                    if abs(step) > 0.002:
                        self._moved[track.label] = time
        return self.finish() if phase == "end" else []

    def finish(self) -> list[Prediction]:
        told = [
            Prediction(type="added" if way > 0 else "removed", label=label, t=self._moved[label])
            for label, way in self._way.items()
            if abs(way) >= LEAST_WAY
        ]
        self._way.clear()
        self._presence.last_hand = None
        return told


@dataclass(slots=True)
class _Counts:
    """The median count of each class over the last second of quiet frames."""

    frames: deque[tuple[float, Counter[str]]] = field(default_factory=deque)

    def see(self, time: float, counts: Counter[str]) -> None:
        self.frames.append((time, counts))
        while time - self.frames[0][0] > COUNTED_S:
            self.frames.popleft()

    def median(self) -> Counter[str]:
        labels = {label for _, counts in self.frames for label in counts}
        return Counter({la: int(statistics.median_low([c[la] for _, c in self.frames])) for la in labels})


class CountDifference:
    """The difference between the counts of each class in the zone before and after a hand was there."""

    def __init__(self, zone: Zone) -> None:
        self._zone, self._presence = zone, _Presence(zone)
        self._quiet = _Counts()
        self._before: Counter[str] | None = None
        self._left = 0.0

    def update(self, time: float, detections: Sequence[Detection]) -> list[Prediction]:
        phase = self._presence.update(time, detections)
        inside = Counter(
            d.label
            for d in detections
            if d.label != HAND and d.confidence >= SURE and _distance(self._zone, d.box.centre) > 0
        )
        if phase == "visit":
            if self._before is None:
                self._before = self._quiet.median()
            if self._presence.last_hand == time:
                self._quiet.frames.clear()
                self._left = time
        if phase == "quiet" or self._presence.last_hand != time:
            self._quiet.see(time, inside)
        return self.finish() if phase == "end" else []

    def finish(self) -> list[Prediction]:
        before, self._before = self._before, None
        self._presence.last_hand = None
        if before is None or not self._quiet.frames:
            return []
        after = self._quiet.median()
        more = [Prediction(type="added", label=la, t=self._left) for la in (after - before).elements()]
        return more + [Prediction(type="removed", label=la, t=self._left) for la in (before - after).elements()]


BASELINES: Final[Mapping[str, Callable[[Zone], Baseline]]] = {
    "line_crossing": LineCrossing,
    "direction_sum": DirectionSum,
    "count_difference": CountDifference,
}


def _distance(zone: Zone, point: tuple[float, float]) -> float:
    """The distance of a point to the zone's border in shares of the picture; positive inside."""
    corners = np.array(zone.polygon)
    ahead = np.roll(corners, -1, axis=0)
    edge, way = ahead - corners, np.array(point) - corners
    along = np.clip((way * edge).sum(1) / np.maximum((edge * edge).sum(1), 1e-12), 0, 1)
    nearest = float(np.hypot(*(way - along[:, None] * edge).T).min())
    (x, y), (px, py), (qx, qy) = point, corners.T, ahead.T
    crossed = ((py > y) != (qy > y)) & (x < (qx - px) * (y - py) / np.where(qy == py, 1e-12, qy - py) + px)
    return nearest if crossed.sum() % 2 else -nearest

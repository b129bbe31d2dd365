"""The tracker: which detection of this frame belongs to which object of the earlier frames.

Association in two rounds, sure detections first and weak ones only for objects already known, is the idea of ByteTrack
(Zhang et al., 2022, arXiv:2110.06864). Differences for a cart: all limits are in seconds, so a camera's frame rate
changes nothing; hands and items never swap ids; an item keeps one id while its class flickers, since the class is a
vote over the item's whole life; ids start at 1 in every tracker.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from smartcart.edge.tracking.naming import joined
from smartcart.edge.vision.detection import Box, Detection
from smartcart.models.labels import HAND

MOST: Final = 120
PART: Final = 0.4  # the share of a weak box inside a surer one from which it is not an object of its own
DOUBTFUL: Final = 0.6
NESTED: Final = 0.8  # the share of the smaller of two boxes of one class from which they are one object
STRANGE: Final = 0.4  # what overlap and nearness must make up for if an object was never reported under this class
FAMILIAR: Final = 0.2  # the share of an object's votes from which a class is not strange at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One object as known at one frame.

    ``seen`` is False while it is only remembered; ``confidence`` is this frame's (0 when not seen); ``votes`` maps
    label to summed confidence; ``origin`` is its first box; ``first`` and ``last`` are the media times of its first and
    last observation in seconds; ``hits`` counts the frames in which it was seen.
    """

    id: int
    box: Box
    origin: Box
    seen: bool
    confidence: float
    votes: Mapping[str, float]
    first: float
    last: float
    hits: int

    @property
    def label(self) -> str:
        """The class with the most votes."""
        return max(self.votes, key=lambda label: self.votes[label])

    @property
    def is_hand(self) -> bool:
        return self.label == HAND


class Tracker(Protocol):
    """Keeps the identity of objects over frames."""

    def update(self, time: float, detections: Sequence[Detection]) -> Sequence[Track]:
        """All objects known at this media time (seconds), seen in this frame or remembered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """Limits of the tracker; times in seconds.

    ``sure`` confirms an item's track after ``confirm_hits`` frames, ``sure_hand`` a hand's; one that never exceeds
    ``weak`` is confirmed after it was seen ``steady`` without a break, since a detector is unsure of some objects in
    every frame; ``merge_iou`` merges two boxes that a detector draws under different labels around the same object. A
    falling or thrown item may move ``fastest`` picture widths a second and be unseen for ``jump_within``.
    """

    sure: float = 0.35
    sure_hand: float = 0.25
    weak: float = 0.12
    steady: float = 0.6
    merge_iou: float = 0.55
    fastest: float = 6.0
    jump_within: float = 0.25
    similarity: float = 0.30
    confirm_hits: int = 3
    forget_after: float = 1.0
    forget_unconfirmed_after: float = 0.2


@dataclass(slots=True)
class _Sight:
    """The detections of one object in one frame: possibly several labels around one box."""

    box: Box
    confidence: float
    votes: dict[str, float]
    named: Mapping[str, float] | None = None

    @property
    def hand(self) -> bool:
        return HAND in self.votes


@dataclass(slots=True)
class _Thing:
    id: int
    hand: bool
    box: Box
    origin: Box
    first: float
    last: float
    hits: int = 0
    confidence: float = 0.0
    surest: float = 0.0
    velocity: tuple[float, float] = (0.0, 0.0)
    reported: dict[str, float] = field(default_factory=dict)
    votes: dict[str, float] = field(default_factory=dict)
    named: Mapping[str, float] = field(default_factory=dict)

    def predicted(self, time: float) -> Box:
        ahead = min(time - self.last, 0.25)
        dx, dy = self.velocity[0] * ahead, self.velocity[1] * ahead
        return Box(self.box.x1 + dx, self.box.y1 + dy, self.box.x2 + dx, self.box.y2 + dy)

    @property
    def on_the_move(self) -> bool:
        """True if it was only just born, or moves by its own size within half a second."""
        speed = float(np.hypot(*self.velocity))
        return self.hits < 3 or speed > 2 * max(self.box.width, self.box.height)

    def could_be(self, sight: _Sight, reach: float) -> bool:
        """True if a detection of the same class and about the same size lies within reach."""
        if sight.hand != self.hand or not sight.votes.keys() & self.reported.keys():
            return False
        ratio = min(self.box.area, sight.box.area) / max(self.box.area, sight.box.area, 1e-9)
        (x, y), (px, py) = sight.box.centre, self.box.centre
        return ratio > 0.25 and float(np.hypot(x - px, y - py)) <= reach

    def take(self, time: float, sight: _Sight) -> None:
        elapsed = time - self.last
        if self.hits and elapsed > 0:
            (x, y), (px, py) = sight.box.centre, self.box.centre
            measured = (x - px) / elapsed, (y - py) / elapsed
            vx, vy = self.velocity
            self.velocity = 0.5 * vx + 0.5 * measured[0], 0.5 * vy + 0.5 * measured[1]
        self.box, self.confidence, self.last = sight.box, sight.confidence, time
        self.surest = max(self.surest, sight.confidence)
        self.hits += 1
        if sight.named is not None:
            if not self.named and self.votes:  # the first answer also counts for the frames before it
                self.votes = dict(joined(self.votes, sight.named))
            self.named = _later(self.named, sight.named)
        _count(self.reported, sight.votes)
        _count(self.votes, joined(sight.votes, self.named))


class CartTracker:
    """The shipped tracker; one instance per camera."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._things: list[_Thing] = []
        self._next_id = 1

    def update(self, time: float, detections: Sequence[Detection]) -> Sequence[Track]:
        limits = self._settings
        sights = _merged(_sound(detections, limits.weak), limits.merge_iou)
        sure = [s for s in sights if s.confidence >= (limits.sure_hand if s.hand else limits.sure)]
        weak = [s for s in sights if s not in sure]
        unmatched = self._match(time, sure, self._things)
        rest = [thing for thing in self._things if thing.last < time]
        doubtful = self._match(time, weak, rest)
        for sight in self._match_fast(time, unmatched):
            self._start(time, sight)
        for sight in doubtful:
            if not sight.hand and not any(_is_part(sight, other) for other in sights):
                self._start(time, sight)
        self._things = [thing for thing in self._things if not self._forgotten(thing, time)]
        return [_snapshot(t, time) for t in self._things if self._confirmed(t)]

    def _match(self, time: float, sights: Sequence[_Sight], things: Sequence[_Thing]) -> list[_Sight]:
        """Gives each detection to the object that fits it best; returns the detections left over."""
        if not sights or not things:
            return list(sights)
        fit = _similarities(things, sights, time)
        taken: set[int] = set()
        rows, columns = linear_sum_assignment(-fit)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if fit[row, column] >= self._settings.similarity:
                things[row].take(time, sights[column])
                taken.add(column)
        return [sight for i, sight in enumerate(sights) if i not in taken]

    def _match_fast(self, time: float, sights: Sequence[_Sight]) -> list[_Sight]:
        """Gives a remaining detection to a moving object of that class that could have come so far."""
        left = list(sights)
        for thing in sorted(self._things, key=lambda t: -t.last):
            elapsed = time - thing.last
            if not 0 < elapsed <= self._settings.jump_within or not thing.on_the_move:
                continue
            near = [s for s in left if thing.could_be(s, self._settings.fastest * elapsed)]
            if len(near) == 1:
                thing.take(time, near[0])
                left.remove(near[0])
        return left

    def _start(self, time: float, sight: _Sight) -> None:
        thing = _Thing(id=self._next_id, hand=sight.hand, box=sight.box, origin=sight.box, first=time, last=time)
        thing.take(time, sight)
        self._next_id += 1
        self._things.append(thing)

    def _forgotten(self, thing: _Thing, time: float) -> bool:
        limits = self._settings
        return time - thing.last > (limits.forget_after if self._confirmed(thing) else limits.forget_unconfirmed_after)

    def _confirmed(self, thing: _Thing) -> bool:
        limits = self._settings
        sure = thing.surest >= (limits.sure_hand if thing.hand else limits.sure)
        return thing.hits >= limits.confirm_hits and (sure or thing.last - thing.first >= limits.steady)


def _is_part(sight: _Sight, other: _Sight) -> bool:
    """True if a box is probably a part of an object that the detector is surer of."""
    shared = sight.box.overlap(other.box)
    return other is not sight and other.confidence > sight.confidence and shared > PART * sight.box.area


def _similarities(things: Sequence[_Thing], sights: Sequence[_Sight], time: float) -> NDArray[np.float64]:
    """For each object (rows) and detection (columns): how well they fit; -1 if only one of them is a hand.

    The fit is the overlap with the predicted box, plus nearness for small objects that moved out of their own box.
    """
    a = np.array([thing.predicted(time) for thing in things])[:, None, :]
    b = np.array([sight.box for sight in sights])[None, :, :]
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    area_a, area_b = size_a.prod(-1), size_b.prod(-1)
    shared = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0).prod(-1)
    iou = shared / np.maximum(area_a + area_b - shared, 1e-9)
    reach = 0.75 * np.maximum(size_a.sum(-1), size_b.sum(-1)) / 2
    way = (a[..., 2:] + a[..., :2] - b[..., 2:] - b[..., :2]) / 2
    nearness = np.maximum(0, 1 - np.hypot(way[..., 0], way[..., 1]) / np.maximum(reach, 1e-6))
    ratio = np.minimum(area_a, area_b) / np.maximum(np.maximum(area_a, area_b), 1e-9)
    apart = np.array([thing.hand for thing in things])[:, None] != np.array([sight.hand for sight in sights])[None]
    return np.where(apart, -1.0, iou + 0.5 * nearness * ratio - STRANGE * _strangeness(things, sights))


def _strangeness(things: Sequence[_Thing], sights: Sequence[_Sight]) -> NDArray[np.float64]:
    """For each object (rows) and detection (columns): how rare its classes are in the object's votes, in [0, 1]."""
    column = {label: i for i, label in enumerate(dict.fromkeys(label for thing in things for label in thing.reported))}
    reported, has = np.zeros((len(things), len(column))), np.zeros((len(column), len(sights)))
    for row, thing in enumerate(things):
        total = sum(thing.reported.values())
        for label, votes in thing.reported.items():
            reported[row, column[label]] = votes / total
    for number, sight in enumerate(sights):
        for label in sight.votes.keys() & column.keys():
            has[column[label], number] = 1.0
    return np.maximum(0.0, 1 - reported @ has / FAMILIAR)


def _count(votes: dict[str, float], more: Mapping[str, float]) -> None:
    for label, vote in more.items():
        votes[label] = votes.get(label, 0.0) + vote


def _sound(detections: Sequence[Detection], weak: float) -> list[Detection]:
    """The plausible detections, clipped to the picture, the ``MOST`` surest of them."""
    found = []
    for detection in detections:
        x1, y1, x2, y2 = detection.box
        if not (weak <= detection.confidence <= 1 and math.isfinite(x1 + y1 + x2 + y2)):
            continue
        box = Box(max(0.0, x1), max(0.0, y1), min(1.0, x2), min(1.0, y2))
        if box.width > 0 and box.height > 0:
            found.append(detection if box == detection.box else replace(detection, box=box))
    return sorted(found, key=lambda d: -d.confidence)[:MOST]


def _merged(detections: Sequence[Detection], iou: float) -> list[_Sight]:
    sights: list[_Sight] = []
    for detection in detections:
        hand = detection.label == HAND
        same = next((s for s in sights if s.hand == hand and _one_thing(s, detection, iou)), None)
        if same is None:
            votes = {detection.label: detection.confidence}
            sights.append(
                _Sight(box=detection.box, confidence=detection.confidence, votes=votes, named=detection.named)
            )
        else:
            same.named = same.named or detection.named
            same.votes.setdefault(detection.label, detection.confidence)
    return sights


def _one_thing(sight: _Sight, detection: Detection, iou: float) -> bool:
    """True if a box is a second one around an object: nearly the same, or less sure and in or around it.

    Detectors draw such boxes, of the same class, if bars or another item cut an object in two.
    """
    if sight.box.iou(detection.box) >= iou:
        return True
    if detection.confidence >= DOUBTFUL or detection.label not in sight.votes:
        return False
    return sight.box.overlap(detection.box) >= NESTED * min(sight.box.area, detection.box.area)


def _later(before: Mapping[str, float], now: Mapping[str, float]) -> Mapping[str, float]:
    """The current answer, averaged with earlier ones: each counts half of the next."""
    if not before:
        return now
    return {label: (before.get(label, 0.0) + now.get(label, 0.0)) / 2 for label in {**before, **now}}


def _snapshot(thing: _Thing, time: float) -> Track:
    seen = thing.last == time
    return Track(
        id=thing.id,
        box=thing.box,
        origin=thing.origin,
        seen=seen,
        confidence=thing.confidence if seen else 0.0,
        votes=dict(thing.votes),
        first=thing.first,
        last=thing.last,
        hits=thing.hits,
    )

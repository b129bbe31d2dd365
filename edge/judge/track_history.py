"""A track's history: where the item came from, whether it left, and since when it rests."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smartcart.edge.judge.region import Region
from smartcart.edge.judge.settings import HISTORY
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box


@dataclass(slots=True)
class TrackHistory:
    """The history of one item track; times are media times in seconds.

    ``opening`` is the share of its box in the zone, ``contents`` that in the part of the picture where the basket's
    contents are seen. ``entered`` and ``left`` are the moments at which it crossed into and out of the zone, with
    hysteresis: inside above 0.35 of its box, outside below 0.15. ``rests_since`` is None while it moves. ``held`` is
    the last moment at which a hand overlapped it, and ``held_frames`` counts those frames. ``brought`` is true if a
    hand was at it when it first came into sight or while it moved; ``moved`` if it moved at all. ``longest_gap`` is the
    longest time between two observations; ``trail`` is its centre (time, x, y) every tenth of a second, thinned out
    when it grows long.
    """

    track: Track
    from_outside: bool
    inside: bool
    opening: float
    contents: float
    entered: float | None = None
    left: float | None = None
    rests_since: float | None = None
    held: float | None = None
    held_frames: int = 0
    brought: bool = False
    moved: bool = False
    longest_gap: float = 0.0
    trail: list[tuple[float, float, float]] = field(default_factory=list)
    _recent: deque[tuple[float, Box]] = field(default_factory=deque)
    _lately: float = 0.0

    @classmethod
    def start(cls, track: Track, region: Region) -> "TrackHistory":
        opening, contents = region.opening(track.box), region.contents(track.box)
        outside = region.opening(track.origin) < HISTORY.inside or _at_picture_edge(track.origin)
        path = cls(
            track=track, from_outside=outside, inside=contents >= HISTORY.inside, opening=opening, contents=contents
        )
        path._recent.append((track.first, track.origin))
        return path

    def see(self, time: float, track: Track, region: Region, in_hand: bool) -> None:
        """Takes one observation of the item."""
        if self.trail:  # otherwise it was seen from the start, or would not be a track
            self.longest_gap = max(self.longest_gap, time - self._recent[-1][0])
        self.track, self.opening, self.contents = track, region.opening(track.box), region.contents(track.box)
        self._recent.append((time, track.box))
        while time - self._recent[0][0] > HISTORY.window:
            self._recent.popleft()
        boxes = [box for _, box in self._recent]
        way = drift if self.inside else _way_in
        self._lately = way(_middle(boxes[: HISTORY.steadying]), _middle(boxes[-HISTORY.steadying :]))
        self.moved |= self.moving
        self._leave_trail(time)
        if in_hand:
            self.held = time
            self.held_frames += 1
            self.brought |= self.moving or time - track.first < HISTORY.window
        if self._lately > HISTORY.still:
            self.rests_since = None
        elif self.rests_since is None and time - self._recent[0][0] >= HISTORY.window / 2:
            self.rests_since = self._recent[0][0]
        self._cross(time)

    def _leave_trail(self, time: float) -> None:
        if not self.trail or time - self.trail[-1][0] >= HISTORY.trail_every:
            self.trail.append((time, *self.track.box.centre))
        if len(self.trail) > HISTORY.longest_trail:
            del self.trail[1:-1:2]

    def _cross(self, time: float) -> None:
        at_rest_within = self.rests_since is not None and self.contents >= HISTORY.inside
        if not self.inside and (self.opening >= HISTORY.inside or at_rest_within):
            self.inside, self.entered, self.left = True, time, None
        elif self.inside and self.opening < HISTORY.outside and not at_rest_within:
            self.inside, self.left = False, time

    @property
    def last(self) -> float:
        return self.track.last

    @property
    def moving(self) -> bool:
        """True if it moved by more than a quarter of its side within the last 0.3 s."""
        return self._lately > HISTORY.moving

    def in_hand(self, now: float) -> bool:
        """True if a hand is at it."""
        return self.held is not None and now - self.held < HISTORY.window

    @property
    def sure(self) -> bool:
        """True if the detector was sure that something is there, whatever its class."""
        return sum(self.track.votes.values()) >= HISTORY.sure * self.track.hits

    @property
    def clear(self) -> bool:
        """True if the detector was sure of it and never lost it since it was first seen."""
        return self.sure and self.longest_gap <= HISTORY.window

    def doubles(self, box: Box) -> bool:
        """True if it is probably a second box around an item at a place, or around a part of that item."""
        own = self.track.box
        return own.overlap(box) >= HISTORY.double * own.area and (not self.clear or own.iou(box) >= HISTORY.double_iou)

    @property
    def travelled(self) -> bool:
        """True if it is not where it was first seen."""
        return drift(self.track.origin, self.track.box) > HISTORY.way

    @property
    def carried(self) -> bool:
        """True if it was seen to come into the basket from outside."""
        return self.inside and self.from_outside and self.travelled

    def gone_out(self, now: float) -> float | None:
        """When it left the zone: seen outside, or lost from sight on its way over the border."""
        if self.left is not None:
            return self.left
        lost = now - self.last > HISTORY.window
        at_border = self.opening < HISTORY.inside + 0.2 or _at_picture_edge(self.track.box)
        return self.last if lost and at_border and self._under_way else None

    @property
    def _under_way(self) -> bool:
        """True if it was moving when last seen, even if too briefly to count as moving at every single box."""
        before, now = self._recent[0][1], self.track.box
        brief = self.last - self.track.first < HISTORY.brief and way_out(before, now) > HISTORY.way
        return self.rests_since is None or drift(before, now) > HISTORY.way or brief

    def over_the_edge(self, now: float) -> bool:
        """True if it was lost from sight at the picture's border, on its way, and may still be over the basket."""
        lost = now - self.last > HISTORY.window / 2
        return lost and self.left is None and self.rests_since is None and _at_picture_edge(self.track.box)


def drift(first: Box, last: Box) -> float:
    """How far a box moved, in units of its side (that of a square of its area).

    The end that moved less counts most, so that a box cut short by a hand does not pass for motion.
    """
    dx = min(abs(last.x1 - first.x1), abs(last.x2 - first.x2))
    dy = min(abs(last.y1 - first.y1), abs(last.y2 - first.y2))
    return max(dx, dy) / _side(first, last)


def way_out(first: Box, last: Box) -> float:
    """How far a box moved, as ``drift``, when the picture's edge may hold one end of it in place."""
    ways = [abs(b - a) for a, b in zip(first, last, strict=True)]
    free = [[way for way, held in zip(ways[i::2], _edges(last)[i::2], strict=True) if not held] for i in (0, 1)]
    return max(min(ends, default=0.0) for ends in free) / _side(first, last)


def _way_in(first: Box, last: Box) -> float:
    """How far an item moved, as ``drift``; at the picture's edge an item grows, and a covered one shrinks."""
    return way_out(first, last) if last.area > first.area else drift(first, last)


def _middle(boxes: Sequence[Box]) -> Box:
    """The median of each side (the lower one of two), so that one bad box is no motion."""
    return Box(*(sorted(sides)[(len(boxes) - 1) // 2] for sides in zip(*boxes, strict=True)))


def vote_gain(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """The votes that a track won since an earlier count of them."""
    return {label: votes - before.get(label, 0.0) for label, votes in now.items() if votes > before.get(label, 0.0)}


def likeness(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """How much two counts of votes agree, in [0, 1]: the overlap of their shares."""
    total_a, total_b = sum(a.values()), sum(b.values())
    if total_a <= 0 or total_b <= 0:
        return 0.0
    return sum(min(a[label] / total_a, b[label] / total_b) for label in a.keys() & b.keys())


def _at_picture_edge(box: Box) -> bool:
    return any(_edges(box))


def _edges(box: Box) -> tuple[bool, bool, bool, bool]:
    """Which of the ends x1 y1 x2 y2 are at the picture's edge."""
    return box.x1 < HISTORY.edge, box.y1 < HISTORY.edge, box.x2 > 1 - HISTORY.edge, box.y2 > 1 - HISTORY.edge


def _side(first: Box, last: Box) -> float:
    """The side of a square with the area of the smaller one."""
    return max(math.sqrt(min(last.area, first.area)), 0.02)

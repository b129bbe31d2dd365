"""An item's path through the picture: where it came from, whether it left, and since when it rests."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.detection import Box
from smartcart.edge.tracker import Track

WINDOW: Final = 0.3
INSIDE: Final = 0.35
OUTSIDE: Final = 0.15
EDGE: Final = 0.015


@dataclass(slots=True)
class Path:
    """What one item track did so far; times are media times in seconds.

    ``entered`` and ``left`` are the moments at which it crossed into and out of the zone, with hysteresis: inside
    above 0.35 of its box, outside below 0.15 (what stands at the near wall is seen through it, mostly below the rim).
    ``rests_since`` is None while it moves; ``held`` is the last moment at which a hand overlapped it; ``brought`` says
    that a hand was at it when it first came into sight, or while it moved.
    """

    track: Track
    came_from_outside: bool
    inside: bool
    entered: float | None = None
    left: float | None = None
    rests_since: float | None = None
    held: float | None = None
    brought: bool = False
    share: float = 0.0
    _recent: deque[tuple[float, Box]] = field(default_factory=deque)

    @classmethod
    def start(cls, track: Track, share: float) -> "Path":
        outside = share < INSIDE or _at_picture_edge(track.box)
        return cls(track=track, came_from_outside=outside, inside=share >= INSIDE, share=share)

    def see(self, time: float, track: Track, share: float, in_hand: bool) -> None:
        """Takes one sight of the item; ``share`` is the part of its box in the zone."""
        self.track, self.share = track, share
        if not self.inside and share >= INSIDE:
            self.inside, self.entered, self.left = True, time, None
        elif self.inside and share < OUTSIDE:
            self.inside, self.left = False, time
        self._recent.append((time, track.box))
        while time - self._recent[0][0] > WINDOW:
            self._recent.popleft()
        if in_hand:
            self.held = time
            self.brought |= self.moving or time - track.first < WINDOW
        if self._drift() > 0.15:
            self.rests_since = None
        elif self.rests_since is None and time - self._recent[0][0] >= WINDOW / 2:
            self.rests_since = self._recent[0][0]

    @property
    def last(self) -> float:
        return self.track.last

    @property
    def moving(self) -> bool:
        """Whether it moved by more than a third of its smaller side within the last 0.3 s."""
        return self._drift() > 0.35

    def gone_out(self, now: float) -> float | None:
        """When it left the zone: seen outside of it, or lost from sight on its way over the border."""
        if self.left is not None:
            return self.left
        lost = now - self.last > WINDOW
        if lost and self.rests_since is None and (self.share < INSIDE + 0.2 or _at_picture_edge(self.track.box)):
            return self.last
        return None

    def _drift(self) -> float:
        """How far it moved in the window, in units of its smaller side; the larger of both ends of the box counts
        little, so a box that a hand cuts short does not pass for motion."""
        first, last = self._recent[0][1], self._recent[-1][1]
        side = max(min(last.width, last.height, first.width, first.height), 0.02)
        dx = min(abs(last.x1 - first.x1), abs(last.x2 - first.x2))
        dy = min(abs(last.y1 - first.y1), abs(last.y2 - first.y2))
        return max(dx, dy) / side


def vote_gain(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """The votes that a track won since an earlier count of them."""
    return {label: votes - before.get(label, 0.0) for label, votes in now.items() if votes > before.get(label, 0.0)}


def _at_picture_edge(box: Box) -> bool:
    return box.x1 < EDGE or box.y1 < EDGE or box.x2 > 1 - EDGE or box.y2 > 1 - EDGE

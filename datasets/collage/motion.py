"""The positions of things in a collage clip over time: at rest, in a hand, or in flight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from smartcart.datasets.collage.canvas import Place
from smartcart.datasets.collage.piece import Piece

TREMOR_PX: Final = 0.9
FALL_S: Final = 0.55
BOUNCE_S: Final = 0.25
FALL_FROM: Final = 1.35

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A thing that lies still."""

    start: float
    end: float
    at: Place

    def place(self, t: float) -> Place:
        """Its position."""
        return self.at


class CollageReach:
    """One hand's way into the picture and out again, its arm pointing to a fixed shoulder.

    Attributes:
        piece: the hand, with an arm long enough for the whole way.
        start: when it starts, out of sight.
        end: when it is out of sight again.
    """

    def __init__(
        self, piece: Piece, shoulder: Point, knots: Sequence[tuple[float, float, float, float]], phase: float
    ) -> None:
        """Lays a smooth way.

        Args:
            piece: the hand.
            shoulder: in pixels, outside the picture.
            knots: moments in seconds with x, y and enlargement; a hand that is nearer to the camera is larger.
            phase: of the tremor.
        """
        self.piece, self.start, self.end = piece, knots[0][0], knots[-1][0]
        self._shoulder, self._phase = shoulder, phase
        self._curve = PchipInterpolator([t for t, *_ in knots], [rest for _, *rest in knots], axis=0)

    def place(self, t: float) -> Place:
        """Where the hand is at a moment."""
        x, y, scale = self._curve(float(np.clip(t, self.start, self.end)))
        x += TREMOR_PX * np.sin(5.1 * t + self._phase)
        y += TREMOR_PX * np.sin(4.3 * t + 2 * self._phase)
        turn = np.arctan2(x - self._shoulder[0], self._shoulder[1] - y)
        return Place(x=float(x), y=float(y), turn=float(turn), scale=float(scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """A thing in a hand, in the same grip as at ``gripped_at``, when it was at ``lay``."""

    start: float
    end: float
    reach: CollageReach
    gripped_at: float
    lay: Place

    def place(self, t: float) -> Place:
        """Its position in the hand."""
        then, now = self.reach.place(self.gripped_at), self.reach.place(t)
        turn, grown = now.turn - then.turn, now.scale / then.scale
        dx, dy = self.lay.x - then.x, self.lay.y - then.y
        return Place(
            x=now.x + grown * float(np.cos(turn) * dx - np.sin(turn) * dy),
            y=now.y + grown * float(np.sin(turn) * dx + np.cos(turn) * dy),
            turn=self.lay.turn + turn,
            scale=self.lay.scale * grown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollageFlight:
    """A thing thrown in: it falls from ``come_from`` with a spin, touches down, and slides on to ``lie``."""

    start: float
    come_from: Point
    lie: Place
    spin: float

    @property
    def end(self) -> float:
        """When it has come to rest."""
        return self.start + FALL_S + BOUNCE_S

    def place(self, t: float) -> Place:
        """Where it is at a moment."""
        fallen = float(np.clip((t - self.start) / FALL_S, 0, 1))
        slid = float(np.clip((t - self.start - FALL_S) / BOUNCE_S, 0, 1))
        way = 0.88 * fallen + 0.12 * (1 - (1 - slid) ** 2)
        hop = 0.04 * np.sin(np.pi * slid)
        return Place(
            x=self.come_from[0] + (self.lie.x - self.come_from[0]) * way,
            y=self.come_from[1] + (self.lie.y - self.come_from[1]) * way,
            turn=self.lie.turn - self.spin * (1 - way),
            scale=self.lie.scale * float(1 + (FALL_FROM - 1) * (1 - fallen**2) + hop),
        )

"""The cart in motion: its camera moves with it, so that the shop moves in the picture and loose items are pushed."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

BUMP_S: Final = 0.9
RAMP: Final = 0.3
BUMP_HZ: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CartMove:
    """The cart is bumped or rolls, from ``start`` for ``duration`` seconds.

    ``strength`` is the greatest acceleration of a bump in m/s2, or the speed of a roll in m/s (forwards positive).
    """

    kind: Literal["bump", "roll"]
    start: float
    duration: float
    strength: float

    @property
    def end(self) -> float:
        """When the cart stops again, in seconds."""
        return self.start + self.duration

    def acceleration(self, t: float) -> tuple[float, float]:
        """Along x and z at a moment, in m/s2."""
        s = (t - self.start) / self.duration
        if not 0 <= s <= 1:
            return 0.0, 0.0
        if self.kind == "bump":
            ring = self.strength * float(np.exp(-5 * s) * np.sin(2 * np.pi * BUMP_HZ * s * self.duration))
            return ring, 0.35 * ring
        jolt = 0.25 * float(np.sin(61 * t) + np.sin(43 * t + 1))
        push = self.strength * np.pi / (2 * RAMP * self.duration)
        if s < RAMP:
            return push * float(np.sin(np.pi * s / RAMP)), jolt
        if s > 1 - RAMP:
            return -push * float(np.sin(np.pi * (1 - s) / RAMP)), jolt
        return 0.0, jolt

    def way(self, t: float) -> float:
        """The distance that the cart has moved by a moment, in metres."""
        s = float(np.clip((t - self.start) / self.duration, 0, 1))
        if self.kind == "bump":
            return 0.004 * self.strength * float(np.sin(np.pi * s) * np.exp(-3 * s))
        return self.strength * self.duration * _ramped(s)

    def shake(self, t: float) -> tuple[float, float]:
        """The displacement of the picture at a moment, along its width and height, as shares of the height."""
        s = (t - self.start) / self.duration
        if not 0 <= s <= 1:
            return 0.0, 0.0
        size = 0.010 * float(np.exp(-4 * s)) * self.strength / 6 if self.kind == "bump" else 0.0016
        return size * float(np.sin(71 * t)), size * float(np.sin(93 * t + 2))


def _ramped(s: float) -> float:
    """The integral from 0 to ``s`` of a speed that swells over ``RAMP``, stays at 1, and fades over ``RAMP``."""
    rise = min(s, RAMP)
    way = rise / 2 - RAMP / (2 * np.pi) * np.sin(np.pi * rise / RAMP)
    way += max(0.0, min(s, 1 - RAMP) - RAMP)
    if s > 1 - RAMP:
        fall = s - (1 - RAMP)
        way += fall / 2 + RAMP / (2 * np.pi) * np.sin(np.pi * fall / RAMP)
    return float(way)

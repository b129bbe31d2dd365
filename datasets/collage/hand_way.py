"""The way of a hand in a collage clip: in over an edge, down to its targets one after another, and out again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from smartcart.datasets.collage.arms import extended
from smartcart.datasets.collage.canvas import Place
from smartcart.datasets.collage.motion import CollageReach, Point
from smartcart.datasets.collage.piece import Piece
from smartcart.datasets.collage.stage import SIZE
from smartcart.datasets.collage.thing import Thing
from smartcart.datasets.products.meshes import FloatArray

REACH_S: Final = 0.95
LOWER_S: Final = 0.45
HOLD_S: Final = 0.4
LIFT_S: Final = 0.4
LEAVE_S: Final = 0.9
FASTEST_PX_S: Final = 600.0
LIFTED: Final = 1.13
HOVERING: Final = 1.08
TOWARDS_ARM_PX: Final = 26.0
SHOULDER_PX: Final = 480.0
SHOULDER_ASIDE_PX: Final = 90.0
OUT_PX: Final = 30.0
GRIP: Final = 0.5
TOUCH: Final = 0.8

Side = Literal["up", "down", "left", "right"]
Kind = Literal["place", "grasp", "touch", "hover"]
OUTWARDS: Final[dict[Side, Point]] = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandTarget:
    """A hand's action at a spot (pixels): the things in its grip, with their places at that moment."""

    kind: Kind
    spot: Point
    load: Mapping[Thing, Place] = field(default_factory=dict)

    @property
    def radius(self) -> float:
        """Of what is in the grip, in pixels."""
        return max((thing.radius for thing in self.load), default=0.0)


def hand_way(
    rng: np.random.Generator, hand: Piece, targets: Sequence[HandTarget], side: Side, start: float, pace: float
) -> tuple[CollageReach, list[float]]:
    """A hand's way, and the moment of each target.

    Args:
        rng: draws.
        hand: the hand, its arm hanging down.
        targets: its actions, in order.
        side: over which edge it comes.
        start: the time of its start in seconds.
        pace: 2 is twice as fast as usual.
    """
    outwards = np.array(OUTWARDS[side])
    shoulder = _shoulder(rng, np.array(targets[0].spot), outwards)
    load = max(2 * target.radius for target in targets)
    margin = (hand.anchor[1] + load) * LIFTED + OUT_PX
    knots: list[tuple[float, float, float, float]] = []
    moments: list[float] = []
    now, farthest = start, 0.0
    for target in targets:
        spot = np.array(target.spot)
        way = (shoulder - spot) / np.linalg.norm(shoulder - spot)
        out = _outside(spot, way, outwards, margin)
        point = spot + way * target.radius * (TOUCH if target.kind == "touch" else GRIP)
        above, low = point + way * TOWARDS_ARM_PX, HOVERING if target.kind == "hover" else 1.0
        if not knots:
            knots.append((now, *out, LIFTED))
            now += REACH_S / pace
        else:
            now += max(LIFT_S, float(np.hypot(*(above - np.array(knots[-1][1:3])))) / FASTEST_PX_S) / pace
        knots.append((now, *above, LIFTED))
        knots.append((now + LOWER_S / pace, *point, low))
        moments.append(now + (LOWER_S + HOLD_S / 2) / pace)
        now += (LOWER_S + HOLD_S) / pace
        knots.append((now, *point, low))
        now += LIFT_S / pace
        knots.append((now, *above, LIFTED))
        farthest = max(farthest, float(np.hypot(*(out - point))))
    knots.append((now + LEAVE_S / pace, *out, LIFTED))
    arm = extended(hand, int(farthest + OUT_PX))
    return CollageReach(arm, (float(shoulder[0]), float(shoulder[1])), knots, float(rng.uniform(0, 6.28))), moments


def _shoulder(rng: np.random.Generator, spot: FloatArray, outwards: FloatArray) -> FloatArray:
    """Well outside the picture, slightly to the side of the first target."""
    middle, half = np.array(SIZE) / 2, np.array(SIZE) / 2
    along = np.abs(outwards[::-1])
    return np.asarray(
        (spot + rng.normal(0, SHOULDER_ASIDE_PX)) * along + (middle + outwards * (half + SHOULDER_PX)) * (1 - along)
    )


def _outside(spot: FloatArray, way: FloatArray, outwards: FloatArray, margin: float) -> FloatArray:
    """On the way from a spot to the shoulder, so far that neither hand nor load is in the picture."""
    middle, half = np.array(SIZE) / 2, np.array(SIZE) / 2
    edge = float((half - (spot - middle) * outwards) @ np.abs(outwards))
    return np.asarray(spot + way * (edge + margin) / float(way @ outwards))

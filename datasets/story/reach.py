"""How a hand reaches into the basket: from a visit's actions to a smooth path with a turn at every moment."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene import hands
from smartcart.datasets.scene.description import BasketShape
from smartcart.datasets.scene.pose import Pose, about, chained, rotated

Side = Literal["left", "right", "front", "back"]
Kind = Literal["place", "grasp", "touch", "hover"]
LEAN: Final[dict[Side, float]] = {"left": 0.0, "right": np.pi, "front": -np.pi / 2, "back": np.pi / 2}
GRIP_BELOW_TOP: Final = 0.045
REACH_S: Final = 1.0
LOWER_S: Final = 0.55
HOLD_S: Final = 0.4
LIFT_S: Final = 0.45
LEAVE_S: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A hand's action at one spot: the item (None when it only hovers) and its pose at that moment."""

    kind: Kind
    item: str | None
    product: ProductModel | None
    pose: Pose

    def moves_on(self, before: "Target") -> bool:
        """True if the hand still has the item from the previous target, in the same grip."""
        return self.kind == "place" and before.kind == "grasp" and self.item == before.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """A hand at a target: its position, rotation, width of grip, and the moment in seconds of the visit."""

    target: Target
    hand: Pose
    width: int
    at: float


class Reach:
    """One hand's way in, to its targets and out again.

    Attributes:
        grips: the moments at which the hand takes, releases or touches something.
        duration: seconds from out of sight to out of sight.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        basket: BasketShape,
        side: Side,
        targets: list[Target],
        *,
        pace: float = 1.0,
        size: float = 1.0,
    ) -> None:
        """Plans the path.

        Args:
            rng: draws what is not given.
            basket: the arm reaches over its rim.
            side: the side it comes from.
            targets: the hand's actions, in order.
            pace: 2 is twice as fast as usual.
            size: of the hand, 1 for an adult's.
        """
        self._size = size
        self._wobble = rng.uniform(0, 6.28, 3)
        self._side = LEAN[side]
        out = self._outside(rng, basket)
        knots: list[tuple[float, FloatArray, float, float]] = []
        grips: list[Grip] = []
        now = 0.0
        want = float(rng.uniform(0.45, 0.8))
        position, yaw, width, tilt = out, 0.0, hands.OPEN, want
        for k, target in enumerate(targets):
            if k and target.moves_on(targets[k - 1]):
                position = position + target.pose.position - targets[k - 1].pose.position
            else:
                position, yaw, width = self._hold(rng, target)
                tilt = self._tilt(basket, position, yaw, want)
            above = self._above(basket, target, position)
            if k == 0:
                knots.append((0.0, out, yaw, tilt * 1.2))
            now += REACH_S / pace if k == 0 else LIFT_S / pace
            knots.append((now, above, yaw, tilt * 1.1))
            now += LOWER_S / pace
            knots.append((now, position, yaw, tilt))
            hand = Pose(position=position, turn=_turn(yaw, tilt))
            grips.append(Grip(target=target, hand=hand, width=width, at=now + HOLD_S / pace / 2))
            now += HOLD_S / pace
            knots.append((now, position + np.array([0, 0, 0.002]), yaw, tilt))
            now += LIFT_S / pace
            knots.append((now, above, yaw, tilt * 1.1))
        now += LEAVE_S / pace
        knots.append((now, out + rng.normal(0, 0.04, 3), knots[-1][2], knots[-1][3] * 1.1))
        self.grips = tuple(grips)
        self.duration = now
        rows = np.array([[*p, y, t] for _, p, y, t in knots])
        self._curve = PchipInterpolator([t for t, *_ in knots], rows, axis=0)

    def pose(self, t: float) -> Pose:
        """The hand ``t`` seconds into the visit."""
        row = self._curve(float(np.clip(t, 0, self.duration)))
        tremor = 0.002 * np.sin(t * np.array([5.1, 4.3, 6.2]) + self._wobble)
        return Pose(position=row[:3] + tremor, turn=_turn(row[3], row[4]))

    def _outside(self, rng: np.random.Generator, basket: BasketShape) -> FloatArray:
        away = rotated(about((0, 0, 1), self._side), np.array([rng.uniform(-0.12, 0.12), 1.25, 0.0]))
        along = {LEAN["front"]: 0.9, LEAN["back"]: -0.9}.get(self._side, 0.0)
        reach = np.array([basket.length * along, 0.0, 0.0])
        return np.asarray(away + reach + [0, 0, basket.depth + rng.uniform(0.38, 0.5)])

    def _hold(self, rng: np.random.Generator, target: Target) -> tuple[FloatArray, float, int]:
        """Grip position, yaw and width at a target."""
        yaw = self._side + float(rng.uniform(-0.3, 0.3))
        if target.product is None:
            return target.pose.position, yaw, hands.OPEN
        half = np.array(target.product.half)
        axes = np.stack([rotated(target.pose.turn, axis) for axis in np.eye(3)])
        height = float(np.abs(axes[:, 2]) @ half)
        thin, width = _thin_side(target.product, axes, half, yaw)
        above_middle = max(height - GRIP_BELOW_TOP, 0.006)
        position = target.pose.position + np.array([0.0, 0.0, above_middle])
        return position, thin, hands.grip_for(width / self._size) if target.kind != "touch" else min(hands.OPEN, 4)

    def _tilt(self, basket: BasketShape, position: FloatArray, yaw: float, want: float) -> float:
        """As slanted as wanted, provided that the arm clears the rim."""
        lean = rotated(about((0, 0, 1), yaw), np.array([0.0, 1.0, 0.0]))
        room = np.array([basket.length, basket.width]) - np.sign(lean[:2]) * position[:2]
        free = float(np.min(room / np.maximum(np.abs(lean[:2]), 1e-3))) - 0.055
        rise = max(basket.depth + 0.02 - float(position[2]), 0.02)
        return float(np.clip(np.arctan2(free, rise), 0.08, want))

    def _above(self, basket: BasketShape, target: Target, position: FloatArray) -> FloatArray:
        """Over the rim, high enough for the load under the hand, slightly towards the arm's side."""
        hang = float(np.max(target.product.half)) if target.product and target.kind != "touch" else 0.0
        lean = rotated(about((0, 0, 1), self._side), np.array([0.0, 1.0, 0.0]))
        lift = max(basket.depth + 0.05 + min(hang, 0.13), position[2] + 0.12)
        return np.array([position[0] + 0.05 * lean[0], position[1] + 0.05 * lean[1], lift])


def facing(side: Side, rng: np.random.Generator) -> float:
    """The yaw at which a hand from a side brings an item: thin side in the grip, front to the handle or aside."""
    return LEAN[side] + np.pi / 2 * (1 if side == "right" else -1) + float(rng.uniform(-0.2, 0.2))


def _turn(yaw: float, tilt: float) -> FloatArray:
    return chained(about((0, 0, 1), yaw), about((1, 0, 0), -tilt))


def _thin_side(product: ProductModel, axes: FloatArray, half: FloatArray, yaw: float) -> tuple[float, float]:
    """The yaw near the wanted one at which the hand closes over the thinnest level axis, and that half width.

    Round things are gripped from any side.
    """
    upright = abs(axes[2, 2]) > 0.8
    if product.solid == "sphere" or (product.solid == "cylinder" and upright):
        return yaw, float(half[0])
    level = [k for k in range(3) if abs(axes[k, 2]) < 0.6]
    best = min(level, key=lambda k: half[k])
    direction = float(np.arctan2(axes[best, 1], axes[best, 0]))
    turns = [direction + np.pi * k for k in range(-3, 4)]
    return min(turns, key=lambda a: abs(a - yaw)), float(half[best])

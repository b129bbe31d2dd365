"""The cut-outs available to a collage, by what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.datasets.collage.arms import reaching
from smartcart.datasets.collage.light import chroma
from smartcart.datasets.collage.piece import SOLID, Piece, whole
from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.cutouts import Cutout
from smartcart.models.labels import HAND

LENGTH_CM: Final = {
    "bottle": 24.0,
    "can": 12.0,
    "carton": 22.0,
    "box": 19.0,
    "jar": 14.0,
    "bag": 22.0,
    "tub": 12.0,
    "tube": 16.0,
    "apple": 8.0,
    "banana": 19.0,
    "orange": 8.0,
    "lemon": 7.5,
    "tomato": 7.0,
    "cucumber": 25.0,
    "bread": 25.0,
    "produce": 10.0,
    "hand": 18.0,
    "cup": 10.0,
}
ROUND: Final = frozenset({"apple", "orange", "lemon", "tomato", "produce"})
SKIN_CHROMA: Final = (14.0, 48.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutGallery:
    """Cut-outs of one split.

    Attributes:
        goods: single goods by class; classes with many cut-outs come more often, but not as much more.
        hands: hands with an arm that can be extended.
        held: hands that hold something, with an arm that can be extended.
        gripped: held goods without a visible arm.
    """

    goods: dict[str, tuple[Cutout, ...]]
    hands: tuple[Cutout, ...]
    held: tuple[Cutout, ...]
    gripped: tuple[Cutout, ...]

    @classmethod
    def of(cls, cutouts: Sequence[Cutout]) -> "CutoutGallery":
        """Sorts cut-outs.

        Raises:
            DataError: there are no goods, or no hand with an arm that can be extended.
        """
        goods: dict[str, list[Cutout]] = {}
        for cutout in cutouts:
            if cutout.label != HAND and not cutout.held:
                goods.setdefault(cutout.label, []).append(cutout)
        armed = [cutout for cutout in cutouts if cutout.arm_leaves and reaching(cutout) is not None]
        hands = tuple(cutout for cutout in armed if not cutout.held and _skinny(cutout))
        if not goods or not hands:
            raise DataError(
                "the cut-outs contain no "
                f"{'hand with an arm that can be extended' if goods else 'goods'}; give more of them"
            )
        return cls(
            goods={label: tuple(found) for label, found in sorted(goods.items())},
            hands=hands,
            held=tuple(cutout for cutout in armed if cutout.held),
            gripped=tuple(cutout for cutout in cutouts if cutout.held and not cutout.arm_leaves),
        )

    @property
    def count(self) -> int:
        """The number of cut-outs."""
        return sum(map(len, (*self.goods.values(), self.hands, self.held, self.gripped)))

    def draw_goods(self, rng: np.random.Generator) -> Cutout:
        """One of the goods."""
        labels = list(self.goods)
        weights = np.sqrt([len(self.goods[label]) for label in labels])
        found = self.goods[str(rng.choice(labels, p=weights / weights.sum()))]
        return found[int(rng.integers(len(found)))]


def sized(rng: np.random.Generator, piece: Piece, label: str, px_per_cm: float, largest: float) -> Piece:
    """A piece at the scale of its surroundings, never enlarged more than ``largest`` times."""
    wanted = LENGTH_CM[label] * px_per_cm * float(np.exp(rng.normal(0, 0.12)))
    scale = min(wanted / _length(piece, label), largest)
    squeeze = float(np.exp(rng.normal(0, 0.03)))
    return piece.scaled(scale * squeeze, scale / squeeze)


def _length(piece: Piece, label: str) -> float:
    """The longer side in pixels of the part with a label."""
    corners = next(part.corners for part in piece.parts if part.label == label)
    return min(float(np.hypot(*(corners[[1, 2]] - corners[[0, 1]]).T).max()), piece.size)


def _skinny(cutout: Cutout) -> bool:
    """True if a hand has the colour of skin: some photos are grey or were tinted."""
    rgba = whole(cutout).rgba
    return SKIN_CHROMA[0] <= chroma(rgba[rgba[..., 3] > SOLID][:, :3]) <= SKIN_CHROMA[1]

"""One of the goods of a collage clip."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from smartcart.datasets.collage.canvas import Place
from smartcart.datasets.collage.motion import CollageFlight, Ride, Stay
from smartcart.datasets.collage.piece import SOLID, Piece
from smartcart.datasets.photos.cutouts import Cutout

Stretch = Stay | Ride | CollageFlight
FOREVER = 1e9


@dataclass(kw_only=True, eq=False)
class Thing:
    """Its pixels, and its positions one after another; it is invisible in between."""

    name: str
    label: str
    cutout: Cutout
    piece: Piece
    stretches: list[Stretch] = field(default_factory=list)

    @cached_property
    def radius(self) -> float:
        """Of a disc of its area, in pixels."""
        return float(np.sqrt(np.count_nonzero(self.piece.rgba[..., 3] > SOLID) / np.pi))

    def at(self, t: float) -> Stretch | None:
        """Its position at a moment."""
        return next((s for s in reversed(self.stretches) if s.start <= t < s.end), None)

    def lie(self, start: float, at: Place) -> None:
        """From a moment on it lies still."""
        self.stretches.append(Stay(start=start, end=FOREVER, at=at))

    def taken(self, t: float) -> None:
        """It no longer lies there."""
        last = self.stretches[-1]
        assert isinstance(last, Stay), "only a thing at rest can be taken"
        self.stretches[-1] = replace(last, end=t)

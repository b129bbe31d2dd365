"""Hands that keep still: a part of the cart that passes for a hand, or one that rests in the basket.

A hand at work moves. One that does not would keep its visit open for good, and nothing would ever be decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.detection import Box

UNMOVED: Final = 0.75
STILL: Final = 2.0
FLICKER: Final = 0.5
FORGOTTEN: Final = 3.0
MOST: Final = 32


@dataclass(slots=True)
class _Place:
    """Where a hand is, when it was last seen there (media time, s) and for how long in sum (s)."""

    box: Box
    last: float
    seen: float = 0.0


@dataclass(slots=True)
class IdleHands:
    """The places at which a hand has been seen unmoved for two seconds, short gaps counted in."""

    _places: list[_Place] = field(default_factory=list)

    def see(self, time: float, hands: Iterable[Box]) -> None:
        """Takes the hands of one frame; ``time`` is media time in seconds."""
        self._places = [place for place in self._places[-MOST:] if time - place.last < FORGOTTEN]
        for box in hands:
            here = [place for place in self._places if place.box.iou(box) >= UNMOVED]
            if not here:
                self._places.append(_Place(box=box, last=time))
            for place in here:
                place.seen += min(time - place.last, FLICKER)
                place.last = time

    def in_sight(self, time: float) -> Sequence[Box]:
        """Those that are seen now, or were a moment ago."""
        return [place.box for place in self._still if time - place.last <= FLICKER]

    def at(self, box: Box) -> bool:
        """Whether a hand's box is that of one which keeps still."""
        return any(place.box.iou(box) >= UNMOVED for place in self._still)

    @property
    def _still(self) -> Sequence[_Place]:
        return [place for place in self._places if place.seen >= STILL]

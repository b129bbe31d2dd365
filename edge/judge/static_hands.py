"""What passes for a hand and is none: a part of the cart, a shadow.

A hand comes from somewhere. What has stood at one place since it was first seen would keep a visit open for good, and
nothing would ever be decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

SAME_PLACE: Final = 0.75  # as intersection over union
LONG: Final = 2.0  # seconds, as the next two
FLICKER: Final = 0.5
FORGOTTEN: Final = 3.0


@dataclass(slots=True)
class _Place:
    """Where something stands, when it was last seen there (media time, s) and for how long in sum (s)."""

    box: Box
    last: float
    seen: float = 0.0


@dataclass(slots=True)
class Phantoms:
    """The places at which hands were first seen and never moved from for two seconds, short gaps counted in."""

    _places: list[_Place] = field(default_factory=list)

    def see(self, time: float, hands: Iterable[Track]) -> None:
        """Takes the hands that are seen in one frame; ``time`` is media time in seconds."""
        self._places = [place for place in self._places if time - place.last < FORGOTTEN]
        for hand in hands:
            if hand.box.iou(hand.origin) < SAME_PLACE:
                continue
            here = [place for place in self._places if place.box.iou(hand.box) >= SAME_PLACE]
            if not here:
                self._places.append(_Place(box=hand.box, last=time))
            for place in here:
                place.seen += min(time - place.last, FLICKER)
                place.last = time

    def at(self, box: Box) -> bool:
        """Whether a hand's box is that of a phantom."""
        return any(place.seen >= LONG and place.box.iou(box) >= SAME_PLACE for place in self._places)

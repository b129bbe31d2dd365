"""What passes for a hand and is none: a part of the cart, a shadow.

A hand comes from somewhere. What has stood at one place since it was first seen would keep a visit open for good, and
nothing would ever be decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from smartcart.edge.judge.settings import STATIC_HAND
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box


@dataclass(slots=True)
class _HandPlace:
    """Where something stands, when it was last seen there (media time, s) and for how long in sum (s)."""

    box: Box
    last: float
    seen: float = 0.0


@dataclass(slots=True)
class StaticHands:
    """The places at which hands were first seen and never moved from for two seconds, short gaps counted in."""

    _places: list[_HandPlace] = field(default_factory=list)

    def see(self, time: float, hands: Iterable[Track]) -> None:
        """Takes the hands that are seen in one frame; ``time`` is media time in seconds."""
        self._places = [place for place in self._places if time - place.last < STATIC_HAND.forgotten]
        for hand in hands:
            if hand.box.iou(hand.origin) < STATIC_HAND.same_place:
                continue
            here = [place for place in self._places if place.box.iou(hand.box) >= STATIC_HAND.same_place]
            if not here:
                self._places.append(_HandPlace(box=hand.box, last=time))
            for place in here:
                place.seen += min(time - place.last, STATIC_HAND.flicker)
                place.last = time

    def at(self, box: Box) -> bool:
        """Whether a hand's box is that of a phantom."""
        return any(
            place.seen >= STATIC_HAND.long and place.box.iou(box) >= STATIC_HAND.same_place for place in self._places
        )

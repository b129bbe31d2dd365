"""Static hands: parts of the cart or shadows that pass for a hand.

A hand comes from somewhere. Something that stands still from the start would keep a visit open for ever, and nothing
would be decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from smartcart.edge.judge.settings import STATIC_HAND
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box


@dataclass(slots=True)
class _HandPlace:
    """A place, when something was last seen there (media time, s), and for how long in total (s)."""

    box: Box
    last: float
    seen: float = 0.0


@dataclass(slots=True)
class StaticHands:
    """Places where hands were first seen and did not move for two seconds, short gaps included."""

    _places: list[_HandPlace] = field(default_factory=list)

    def see(self, time: float, hands: Iterable[Track]) -> None:
        """Takes the hands seen in one frame; ``time`` is media time in seconds."""
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
        """True if a hand's box is that of a static hand."""
        return any(
            place.seen >= STATIC_HAND.long and place.box.iou(box) >= STATIC_HAND.same_place for place in self._places
        )

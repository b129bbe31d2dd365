"""A detector whose items are also named from their crops, a few of them a frame.

Items in a cart are in sight for many frames, so it is enough to name ``CROPS_A_FRAME`` of the detections in each: first
those at places not named yet, then those named longest ago. Items covered by a hand are skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import ModelName
from smartcart.edge.vision.detection import Box, Detection, Detector
from smartcart.edge.vision.recogniser import Recogniser
from smartcart.models.labels import HAND

CROPS_A_FRAME: Final = 3
LEAST_CONFIDENCE: Final = 0.2
LEAST_PIXELS: Final = 12
MOST_COVERED: Final = 0.5
SAME_PLACE: Final = 0.5
FORGOTTEN_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Place:
    """A place where something was named, how often, and when last (media time, s)."""

    box: Box
    times: int
    last: float


class RecognisingDetector:
    """Fills the port of a detector; one instance per camera.

    Args:
        detector: finds the objects.
        recogniser: names the items among them.
    """

    def __init__(self, detector: Detector, recogniser: Recogniser) -> None:
        self._detector = detector
        self._recogniser = recogniser
        self._places: list[_Place] = []

    @property
    def model(self) -> ModelName:
        return self._detector.model

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The frame's detections, best first; those that were named have ``named``."""
        found = list(self._detector.detect(frame))
        chosen = self._choose(frame, found)
        names = self._recogniser.recognise(frame.image, [found[index].box for index in chosen])
        for index, named in zip(chosen, names, strict=True):
            found[index] = replace(found[index], named=named)
        return found

    def _choose(self, frame: Frame, found: Sequence[Detection]) -> list[int]:
        self._places = [place for place in self._places if 0 <= frame.time - place.last < FORGOTTEN_SECONDS]
        hands = [detection.box for detection in found if detection.label == HAND]
        height, width = frame.image.shape[:2]
        turns: list[tuple[int, float, int, _Place]] = []
        for index, detection in enumerate(found):
            box = detection.box
            small = min(box.width * width, box.height * height) < LEAST_PIXELS
            if detection.label == HAND or detection.confidence < LEAST_CONFIDENCE or small:
                continue
            if max((box.overlap(hand) for hand in hands), default=0.0) > MOST_COVERED * box.area:
                continue
            waiting = [place for *_, place in turns]
            place = _nearest(box, [*self._places, *waiting])
            if all(place is not other for other in waiting):  # two boxes around one object are named once
                turns.append((place.times, place.last, index, place))
        turns.sort(key=lambda turn: turn[:3])
        for *_, index, place in turns[:CROPS_A_FRAME]:
            if place.times == 0:
                self._places.append(place)
            place.box, place.times, place.last = found[index].box, place.times + 1, frame.time
        return [index for *_, index, _ in turns[:CROPS_A_FRAME]]


def _nearest(box: Box, places: Sequence[_Place]) -> _Place:
    """The place of the box; a new one if it is none of these."""
    near = max(places, key=lambda place: place.box.iou(box), default=None)
    if near is not None and near.box.iou(box) >= SAME_PLACE:
        return near
    return _Place(box=box, times=0, last=0.0)

"""A detector whose every find is named from its crop, as far as one frame allows; for measuring, not for a cart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import ModelName
from smartcart.edge.tracking.naming import joined
from smartcart.edge.vision.detection import Detection, Detector
from smartcart.edge.vision.recogniser import Recogniser
from smartcart.edge.vision.recognising_detector import LEAST_PIXELS
from smartcart.models.labels import HAND

ONE_THING: Final = 0.6


class ReadAll:
    """Fills the port of a detector: boxes around one object become one, under each possible name.

    The names come from detector and recogniser together; each has its share of the confidence.
    """

    def __init__(self, detector: Detector, recogniser: Recogniser) -> None:
        self._detector = detector
        self._recogniser = recogniser

    @property
    def model(self) -> ModelName:
        return self._detector.model

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The frame's detections, best first."""
        height, width = frame.image.shape[:2]
        found = self._detector.detect(frame)
        readable = [
            d for d in found if d.label != HAND and min(d.box.width * width, d.box.height * height) >= LEAST_PIXELS
        ]
        groups = list(things(readable))
        names = self._recogniser.recognise(frame.image, [group[0].box for group in groups])
        told = [d for d in found if d not in readable]
        for group, named in zip(groups, names, strict=True):
            told += _named(group, named)
        return sorted(told, key=lambda d: -d.confidence)


def things(found: Sequence[Detection]) -> Iterator[list[Detection]]:
    """Detections of one object each; ``found`` is best first, and so is each object."""
    waiting = list(found)
    while waiting:
        thing = [d for d in waiting if waiting[0].box.iou(d.box) >= ONE_THING]
        waiting = [d for d in waiting if d not in thing]
        yield thing


def _named(thing: Sequence[Detection], named: Mapping[str, float]) -> Iterator[Detection]:
    best: dict[str, float] = {}
    for d in thing:
        best[d.label] = max(best.get(d.label, 0.0), d.confidence)
    sure = max(best.values())
    votes = joined(best, named)
    whole = sum(votes.values())
    return (replace(thing[0], label=label, confidence=sure * vote / whole) for label, vote in votes.items())

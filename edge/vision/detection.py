"""The output of a detector: labelled boxes in normalised picture coordinates, and the port that detectors fill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import ModelName


class Box(NamedTuple):
    """A rectangle in normalised picture coordinates: x to the right, y down, both in [0, 1]."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def overlap(self, other: "Box") -> float:
        """Shared area, in units of the picture's area."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: "Box") -> float:
        """Intersection over union, in [0, 1]; 0 for two empty boxes."""
        shared = self.overlap(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object seen in one frame; confidence in [0, 1].

    ``named`` is a recogniser's answer for its crop, each label with its probability; None if it was not asked.
    """

    label: str
    confidence: float
    box: Box
    named: Mapping[str, float] | None = None


class Detector(Protocol):
    """Finds items and hands in a frame."""

    @property
    def model(self) -> ModelName: ...

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The frame's detections, best first."""
        ...

"""A detector that looks at the basket alone, so that its resolution is spent on the zone.

A detector's input is small, and where the zone fills only part of the picture, the rest would take most of it. The crop
is the zone with a margin, in which hands and items are seen before they come in and after they have left. If that is
nearly the whole picture anyway, nothing is cropped.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import ModelName
from smartcart.edge.vision.detection import Box, Detection, Detector
from smartcart.edge.vision.zone import Zone

MARGIN: Final = 0.25  # of the picture; items this far below the zone count as in the basket
WORTH_CUTTING: Final = 0.75  # of the picture's area


class ZoomedDetector:
    """Fills the port of a detector around another one; boxes are shares of the whole picture, as always."""

    def __init__(self, detector: Detector, part: Box) -> None:
        self._detector = detector
        self._part = part

    @property
    def model(self) -> ModelName:
        return self._detector.model

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The detections in the crop, best first."""
        height, width = frame.image.shape[:2]
        left, top = round(self._part.x1 * width), round(self._part.y1 * height)
        right, bottom = round(self._part.x2 * width), round(self._part.y2 * height)
        found = self._detector.detect(replace(frame, image=frame.image[top:bottom, left:right]))
        return [
            replace(
                one,
                box=Box(
                    (left + one.box.x1 * (right - left)) / width,
                    (top + one.box.y1 * (bottom - top)) / height,
                    (left + one.box.x2 * (right - left)) / width,
                    (top + one.box.y2 * (bottom - top)) / height,
                ),
            )
            for one in found
        ]


def zoomed(detector: Detector, zone: Zone) -> Detector:
    """The detector for a camera with this zone; unchanged if nothing is worth cropping."""
    across, down = zip(*zone.polygon, strict=True)
    part = Box(
        max(min(across) - MARGIN, 0.0),
        max(min(down) - MARGIN, 0.0),
        min(max(across) + MARGIN, 1.0),
        min(max(down) + MARGIN, 1.0),
    )
    return ZoomedDetector(detector, part) if part.area < WORTH_CUTTING else detector

"""Pictures as evidence, only if a store enables it: the crop of one item at the moment that decided.

The cart keeps small pictures of the last seconds in memory, never on disk. A sent picture shows the item's box;
everything around it is blurred beyond recognition.
"""

from collections import deque
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import MAX_PICTURE_BYTES, EventType, Picture
from smartcart.edge.judge.decision import Decision
from smartcart.edge.vision.detection import Box

EVERY_SECONDS: Final = 0.2
KEPT: Final = 100
"""Number of pictures kept: 20 seconds' worth."""
WIDEST: Final = 640
LARGEST: Final = 320
MARGIN: Final = 0.25
_QUALITIES: Final = (80, 60, 40)
_FARTHEST_SECONDS: Final = 1.0


class Evidence:
    """Takes every frame, and returns the picture that belongs to a decision."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, bytes]] = deque(maxlen=KEPT)
        self._made: deque[Picture] = deque(maxlen=KEPT)

    def see(self, frame: Frame) -> None:
        """Keeps a small copy of a frame, a few of each second."""
        if self._kept and 0 <= frame.time - self._kept[-1][0] < EVERY_SECONDS:
            return
        scale = min(1.0, WIDEST / frame.image.shape[1])
        small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._kept.append((frame.time, _encoded(small.astype(np.uint8, copy=False), _QUALITIES[0])))

    def decided(self, decision: Decision, event_id: str) -> None:
        """Makes the picture of a decision that became an event."""
        jpeg = self.picture(decision)
        if jpeg is not None:
            self._made.append(Picture(event_id=event_id, jpeg=jpeg))

    def take(self) -> list[Picture]:
        """The pictures made since the last call."""
        made = list(self._made)
        self._made.clear()
        return made

    def picture(self, decision: Decision) -> bytes | None:
        """A JPEG of at most ``MAX_PICTURE_BYTES``; None without a box, or if nothing was kept of that moment."""
        if decision.box is None or not self._kept:
            return None
        moment = _decisive(decision)
        time, kept = min(self._kept, key=lambda entry: abs(entry[0] - moment))
        if abs(time - moment) > _FARTHEST_SECONDS:
            return None
        image = cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return None
        crop = crop_of(image.astype(np.uint8, copy=False), decision.box)
        for quality in _QUALITIES:
            jpeg = _encoded(crop, quality)
            if len(jpeg) <= MAX_PICTURE_BYTES:
                return jpeg
        return None


def crop_of(image: Image, box: Box) -> Image:
    """The box (normalised) with a margin in which everything is blurred; no side longer than ``LARGEST`` pixels."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(v * side) for v, side in zip(box, (width, height, width, height), strict=True))
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    dx, dy = round((x2 - x1) * MARGIN), round((y2 - y1) * MARGIN)
    left, top = max(0, x1 - dx), max(0, y1 - dy)
    around = image[top : y2 + dy, left : x2 + dx]
    side = max(around.shape[:2])
    crop = cv2.blur(cv2.blur(around, (side // 3 | 1, side // 3 | 1)), (side // 3 | 1, side // 3 | 1))
    inside = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    crop[inside] = around[inside]
    scale = min(1.0, LARGEST / side)
    return cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _decisive(decision: Decision) -> float:
    """When the item is at its box: at its release if it was added, before the visit if it was removed."""
    visit = decision.evidence.get("visit")
    if decision.type is EventType.ITEM_ADDED or not visit:
        return decision.media_time
    return float(visit[0])


def _encoded(image: Image, quality: int) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()

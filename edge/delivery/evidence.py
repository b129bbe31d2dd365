"""Pictures as evidence, only where a store has switched it on: crops of one item, sent with its event.

The cart keeps small pictures of its last seconds in memory, and nothing on disk. What is sent shows the item where it
is seen best; where it is in doubt what happened, its place before and after stands beside. Around the box everything
is blurred past recognition.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import MAX_PICTURE_BYTES, EventType, Picture
from smartcart.edge.contract.picture_parts import with_parts
from smartcart.edge.delivery.moments import KEPT, QUALITY, Moments
from smartcart.edge.judge.decision import Decision
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

LARGEST: Final = 320
MARGIN: Final = 0.25
GAP: Final = 8
"""Pixels between two squares of a row."""
_QUALITIES: Final = (QUALITY, 60, 40)
_FARTHEST_SECONDS: Final = 1.0
_EARLY_SECONDS: Final = 3.0
"""How long before a visit something that was taken out is looked for."""


class Evidence:
    """Takes every frame, and returns the picture that belongs to a decision."""

    def __init__(self) -> None:
        self._moments = Moments()
        self._made: deque[Picture] = deque(maxlen=KEPT)

    def see(self, frame: Frame, tracks: Sequence[Track] = ()) -> None:
        """Keeps a small copy of a frame, a few of each second."""
        self._moments.see(frame, tracks)

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
        """A JPEG of at most ``MAX_PICTURE_BYTES``; None without a box, or where nothing was kept of that moment."""
        if decision.box is None:
            return None
        item = self._item(decision, decision.box)
        if decision.type is EventType.ITEM_UNCERTAIN:
            place = self._place(decision, decision.box)
            if place is not None:
                before, after = place
                return _row({"before": before, **({"item": item} if item else {}), "after": after})
        return None if item is None else _small_enough(crop_of(*item))

    def _item(self, decision: Decision, box: Box) -> tuple[Image, Box] | None:
        """The picture and the box in which the item is seen best; else its place when it stood there."""
        begin, end = _span(decision)
        tracks = [track for track in (decision.track, *decision.evidence.get("tracks", ())) if track is not None]
        if (best := self._moments.best(tracks, begin, end)) is not None:
            return best[0].image, best[1]
        if decision.type is EventType.ITEM_UNCERTAIN and decision.track is None:
            return None  # of what nobody tracked there is but its place
        stood = decision.media_time if _went_in(decision) else _visit(decision)[0]
        nearest = self._moments.nearest(stood)
        is_near = nearest is not None and abs(nearest.time - stood) <= _FARTHEST_SECONDS
        return (nearest.image, box) if nearest is not None and is_near else None

    def _place(self, decision: Decision, box: Box) -> tuple[tuple[Image, Box], tuple[Image, Box]] | None:
        """The item's place before the visit and after it; None where one of them is not kept."""
        begin, end = _visit(decision)
        before, after = self._moments.before(begin, box), self._moments.after(end, box)
        return None if before is None or after is None else ((before.image, box), (after.image, box))


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


def _row(parts: dict[str, tuple[Image, Box]]) -> bytes | None:
    """Squares side by side, each with its part's name in the JPEG's comment."""
    squares = [_square(crop_of(image, box)) for image, box in parts.values()]
    gap = np.full((LARGEST, GAP, 3), 255, np.uint8)
    row = [piece for square in squares for piece in (gap, square)][1:]
    jpeg = _small_enough(np.hstack(row))
    return None if jpeg is None else with_parts(jpeg, tuple(parts))


def _square(crop: Image) -> Image:
    """A crop as large as it gets in the middle of a square of ``LARGEST`` pixels, on its own blur."""
    scale = LARGEST / max(crop.shape[:2])
    large = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    ground = cv2.blur(cv2.resize(crop, (LARGEST, LARGEST)), (LARGEST // 2, LARGEST // 2))
    height, width = large.shape[:2]
    top, left = (LARGEST - height) // 2, (LARGEST - width) // 2
    ground[top : top + height, left : left + width] = large
    return ground.astype(np.uint8, copy=False)


def _span(decision: Decision) -> tuple[float, float]:
    """From when to when the item is looked for, media time in seconds: what went in is best seen where it was let go,
    what went out where it stood before."""
    begin, end = _visit(decision)
    if _went_in(decision):
        return begin, max(decision.media_time, end) + _EARLY_SECONDS
    return begin - _EARLY_SECONDS, end


def _visit(decision: Decision) -> tuple[float, float]:
    begin, end = decision.evidence.get("visit") or (decision.media_time, decision.media_time)
    return float(begin), float(end)


def _went_in(decision: Decision) -> bool:
    """Whether an item went in, or most likely did."""
    if decision.type is not EventType.ITEM_UNCERTAIN:
        return decision.type is EventType.ITEM_ADDED
    told = [c for c in decision.candidates if c.outcome != "none"]
    return not told or max(told, key=lambda c: c.probability).outcome == "added"


def _small_enough(image: Image) -> bytes | None:
    """As a JPEG that a message may hold, with a place for the comment."""
    for quality in _QUALITIES:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(jpeg) <= MAX_PICTURE_BYTES - 64:
            return jpeg
    return None

"""Keeps the last seconds of a camera as small pictures, and finds the best view of an item and of its place."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

EVERY_SECONDS: Final = 0.2
KEPT: Final = 100
"""The number of pictures kept: 20 seconds."""
WIDEST: Final = 640
QUALITY: Final = 80
_LOOKED_AT: Final = 8
"""The number of moments whose sharpness is measured: those with the largest free view of the item."""
_SAMPLE: Final = 96
_AT_THE_EDGE: Final = 0.004
_CUT_OFF: Final = 0.3
"""The weight of a view whose box ends at the picture's edge: part of the item is out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFrame:
    """One kept picture, with the boxes of its ``items`` (by track) and ``hands``; ``time`` is media time in seconds."""

    time: float
    jpeg: bytes
    items: dict[int, Box]
    hands: tuple[Box, ...]

    @property
    def image(self) -> Image:
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None, "it was encoded here"
        return decoded.astype(np.uint8, copy=False)

    def free(self, box: Box) -> float:
        """The share of a box that no hand's box covers; hands that overlap count twice."""
        return max(0.0, 1 - sum(hand.overlap(box) for hand in self.hands) / max(box.area, 1e-9))


class Moments:
    """Keeps one picture every ``EVERY_SECONDS``, the newest ``KEPT``."""

    def __init__(self) -> None:
        self._kept: deque[KeptFrame] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._kept)

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Takes a frame and its tracks."""
        if self._kept and 0 <= frame.time - self._kept[-1].time < EVERY_SECONDS:
            return
        seen = [track for track in tracks if track.seen]
        scale = min(1.0, WIDEST / frame.image.shape[1])
        small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._kept.append(
            KeptFrame(
                time=frame.time,
                jpeg=cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes(),
                items={track.id: track.box for track in seen if not track.is_hand},
                hands=tuple(track.box for track in seen if track.is_hand),
            )
        )

    def best(self, tracks: Iterable[int], begin: float, end: float) -> tuple[KeptFrame, Box] | None:
        """The moment and box at which an item is largest, sharpest and least covered; None if it was not seen then.

        Args:
            tracks: all tracks of the item.
            begin, end: media time in seconds.
        """
        sights = [
            (moment, moment.items[track])
            for moment in self._kept
            if begin <= moment.time <= end
            for track in tracks
            if track in moment.items
        ]
        largest = sorted(sights, key=lambda sight: -_view(*sight))[:_LOOKED_AT]
        return max(largest, key=lambda sight: _view(*sight) * _sharpness(*sight), default=None)

    def before(self, time: float, box: Box) -> KeptFrame | None:
        """The last moment before a time without a hand at this place; if there is none, the one least covered."""
        return _freest([moment for moment in reversed(self._kept) if moment.time < time], box)

    def after(self, time: float, box: Box) -> KeptFrame | None:
        """The newest moment after a time without a hand at this place; if there is none, the one least covered."""
        return _freest([moment for moment in reversed(self._kept) if moment.time > time], box)

    def nearest(self, time: float) -> KeptFrame | None:
        """The moment nearest to a time; None if nothing is kept."""
        return min(self._kept, key=lambda moment: abs(moment.time - time), default=None)


def _freest(moments: Sequence[KeptFrame], box: Box) -> KeptFrame | None:
    return max(moments, key=lambda moment: round(moment.free(box), 1), default=None)


def _view(moment: KeptFrame, box: Box) -> float:
    is_cut = min(box.x1, box.y1, 1 - box.x2, 1 - box.y2) < _AT_THE_EDGE
    return float(box.area**0.5 * moment.free(box) ** 2 * (_CUT_OFF if is_cut else 1.0) + 1e-6)


def _sharpness(moment: KeptFrame, box: Box) -> float:
    """The amount of fine detail in a box, scaled to one size; blur and few pixels reduce it."""
    image = moment.image
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(v * side) for v, side in zip(box, (width, height, width, height), strict=True))
    inside = image[max(0, y1) : max(y2, y1 + 2), max(0, x1) : max(x2, x1 + 2)]
    grey = cv2.resize(cv2.cvtColor(inside, cv2.COLOR_BGR2GRAY), (_SAMPLE, _SAMPLE))
    return float(cv2.Laplacian(grey, cv2.CV_64F).std()) + 1.0

"""Reads codes on handled items, within a time budget: EAN and UPC, and product numbers in QR and DataMatrix.

The budget is a mean over frames: after a crop that takes long, the next frames read nothing. A number counts once it
was read ``SURE`` times on a track, or once if its form has more than one check digit.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.codes.numbers import Number, read_number
from smartcart.edge.codes.scan import CodeScan
from smartcart.edge.codes.texts import texts_in
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

BUDGET_SECONDS: Final = 0.003
MOST_SAVED: Final = 5.0
MARGIN: Final = 0.12
LEAST_SIDE: Final = 48
ENLARGED_BELOW: Final = 320
SURE: Final = 2
MOST_TRACKS: Final = 400


class CodeReader:
    """One camera's reader; feed it every frame's tracks, and ask it what was read on some of them.

    Args:
        scan: what the cart's screen asks for, read within the same budget; None where it asks for nothing.
        budget: seconds a frame that reading may take, in the mean.
        clock: seconds that no correction of the clock moves.
    """

    def __init__(
        self,
        scan: CodeScan | None = None,
        *,
        budget: float = BUDGET_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._scan = scan
        self._budget = budget
        self._clock = clock
        self._saved = budget
        self._turn = 0
        self._read: dict[int, Counter[Number]] = {}

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Reads on one of the things that are handled, or what the screen asks for, if there is time for it."""
        self._saved = min(self._saved + self._budget, MOST_SAVED * self._budget)
        hands = [track.box for track in tracks if track.is_hand and track.seen]
        handled = [t for t in tracks if not t.is_hand and t.seen and _at(t.box, hands)]
        if self._saved <= 0:
            return
        began = self._clock()
        if self._scan is not None and self._scan.is_wanted:
            self._scan.look(frame.image)
        elif handled:
            self._read_on(frame.image, handled)
        self._saved -= self._clock() - began

    def _read_on(self, image: Image, handled: Sequence[Track]) -> None:
        self._turn += 1
        track = handled[self._turn % len(handled)]
        numbers = numbers_in(cut(image, track.box))
        if numbers:
            self._read.setdefault(track.id, Counter()).update(numbers)
        while len(self._read) > MOST_TRACKS:
            del self._read[next(iter(self._read))]

    def number(self, tracks: Sequence[int]) -> Number | None:
        """The number read most often on one of these tracks, if it is sure."""
        counts: Counter[Number] = Counter()
        for track in tracks:
            counts.update(self._read.get(track, Counter()))
        best = counts.most_common(2)
        if not best or best[0][1] < SURE or (len(best) > 1 and best[1][1] * 2 > best[0][1]):
            return None
        return best[0][0]

    def code(self, tracks: Sequence[int]) -> str | None:
        """The product of ``number``."""
        number = self.number(tracks)
        return number.product if number else None


def numbers_in(picture: Image) -> list[Number]:
    """The valid product numbers in a picture, each once."""
    numbers = (read_number(text) for text in texts_in(picture))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def cut(image: Image, box: Box) -> Image:
    """An item with a margin in grey; a small one is enlarged twice."""
    height, width = image.shape[:2]
    dx, dy = MARGIN * box.width, MARGIN * box.height
    x1, y1 = int(max(0.0, box.x1 - dx) * width), int(max(0.0, box.y1 - dy) * height)
    x2, y2 = int(min(1.0, box.x2 + dx) * width), int(min(1.0, box.y2 + dy) * height)
    if min(x2 - x1, y2 - y1) < 1:
        return np.zeros((LEAST_SIDE, LEAST_SIDE), np.uint8)
    grey = cv2.cvtColor(np.ascontiguousarray(image[y1:y2, x1:x2]), cv2.COLOR_BGR2GRAY)
    if max(grey.shape) < ENLARGED_BELOW:
        grey = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return np.asarray(grey, np.uint8)


def _at(box: Box, hands: Sequence[Box]) -> bool:
    return any(hand.overlap(box) > 0 for hand in hands)

"""A code that is held before the cart's camera because the cart's screen asks for one, whether or not a visit is open.

It is looked for in the whole picture, as long as the server goes on asking. Once it is read, that is told, again to
whoever asks again under the same id.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Image
from smartcart.edge.codes.numbers import read_number
from smartcart.edge.codes.texts import texts_in
from smartcart.edge.contract.code import MOST_LETTERS, CodeReport

LASTS: Final = 6.0
"""Seconds that one request counts; whoever still wants a code repeats it."""
SURE: Final = 2


class CodeScan:
    """One cart's; asked from the network's thread, and shown pictures by the camera's.

    Args:
        clock: seconds that no correction of the clock moves.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: str | None = None
        self._until = 0.0
        self._read: Counter[str] = Counter()
        self._looks = 0
        self._last: CodeReport | None = None
        self._to_tell: CodeReport | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for a code now."""
        return self._asked is not None and self._clock() < self._until

    def ask(self, scan: str) -> None:
        """Somebody wants a code, for the first time or still."""
        with self._lock:
            if self._last is not None and self._last.scan == scan:
                self._to_tell = self._last
                return
            if scan != self._asked:
                self._asked, self._read = scan, Counter()
            self._until = self._clock() + LASTS

    def look(self, image: Image) -> None:
        """Looks for a code in a picture; every other time also for one that stands upright."""
        self._looks += 1
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found = texts_in(np.asarray(grey, np.uint8), upright_too=self._looks % 2 == 0, inverted_too=False)
        texts = {text for text in found if _is_product(text)}
        with self._lock:
            self._read.update(texts)
            best = self._read.most_common(1)
            if self._asked is not None and best and best[0][1] >= SURE:
                self._last = self._to_tell = CodeReport(scan=self._asked, text=best[0][0])
                self._asked = None

    def due(self) -> CodeReport | None:
        """What to send now."""
        with self._lock:
            due, self._to_tell = self._to_tell, None
        return due


def _is_product(text: str) -> bool:
    """True if a product number stands in a code's text and a message can hold it."""
    return len(text) <= MOST_LETTERS and read_number(text) is not None

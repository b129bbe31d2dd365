"""Reads a code that a shopper holds before the cart's camera, at the request of the cart's screen, without any visit.

The whole picture is searched as long as the server repeats its request. The code is reported once it is sure, and again
each time that the same request is repeated.
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
"""Seconds that one request is valid; the server repeats it while a code is wanted."""
SURE: Final = 2
"""How often a code must be read."""


class CodeScan:
    """One cart's; ``ask`` and ``due`` are called by the network's thread, ``look`` by the camera's.

    Args:
        clock: a steady clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: str | None = None
        self._until = 0.0
        self._read: Counter[str] = Counter()
        self._looks = 0
        self._last: CodeReport | None = None
        self._to_report: CodeReport | None = None

    @property
    def is_wanted(self) -> bool:
        """True while a request is valid."""
        return self._asked is not None and self._clock() < self._until

    def ask(self, scan: str) -> None:
        """Takes a request, new or repeated, by its id."""
        with self._lock:
            if self._last is not None and self._last.scan == scan:
                self._to_report = self._last
                return
            if scan != self._asked:
                self._asked, self._read = scan, Counter()
            self._until = self._clock() + LASTS

    def look(self, image: Image) -> None:
        """Searches a picture (height x width x 3); every other time also for codes turned by 90 degrees."""
        self._looks += 1
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found = texts_in(np.asarray(grey, np.uint8), upright_too=self._looks % 2 == 0, inverted_too=False)
        texts = {text for text in found if _is_product(text)}
        with self._lock:
            self._read.update(texts)
            best = self._read.most_common(1)
            if self._asked is not None and best and best[0][1] >= SURE:
                self._last = self._to_report = CodeReport(scan=self._asked, text=best[0][0])
                self._asked = None

    def due(self) -> CodeReport | None:
        """The report to send now; None if there is none."""
        with self._lock:
            due, self._to_report = self._to_report, None
        return due


def _is_product(text: str) -> bool:
    """True if a product number stands in a code's text and a message can hold it."""
    return len(text) <= MOST_LETTERS and read_number(text) is not None

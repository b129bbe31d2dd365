"""Detects another machine under this cart's name: a broker then disconnects the two in turns, for ever."""

import time
from collections import deque
from typing import Final

OFTEN: Final = 3
WITHIN_SECONDS: Final = 60.0
TAKEN_OVER: Final = "session taken over"  # the reason's text in MQTT 5; MQTT 3.1.1 has none


class Twins:
    """Counts how often the broker ended an accepted connection."""

    def __init__(self) -> None:
        self._dropped: deque[float] = deque(maxlen=OFTEN)
        self._reported = False

    def dropped(self, reason: str) -> bool:
        """Counts one more; true if it is the first sign of another machine."""
        now = time.monotonic()
        if self._dropped and now - self._dropped[-1] > WITHIN_SECONDS:
            self._reported = False
        self._dropped.append(now)
        often = len(self._dropped) == OFTEN and now - self._dropped[0] < WITHIN_SECONDS
        is_news = not self._reported and (often or TAKEN_OVER in reason.lower())
        self._reported |= is_news
        return is_news

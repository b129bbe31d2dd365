"""Another machine under this cart's name: a broker lets one in and throws the other out, in turns, for ever."""

import time
from collections import deque
from typing import Final

OFTEN: Final = 3
WITHIN_SECONDS: Final = 60.0
TAKEN_OVER: Final = "session taken over"  # MQTT 5 says so in these words; MQTT 3.1.1 has no word for it


class Twins:
    """Counts how often the broker ended a connection that it had accepted."""

    def __init__(self) -> None:
        self._dropped: deque[float] = deque(maxlen=OFTEN)
        self._told = False

    def dropped(self, reason: str) -> bool:
        """One more; whether it is news that another machine is there."""
        now = time.monotonic()
        if self._dropped and now - self._dropped[-1] > WITHIN_SECONDS:
            self._told = False
        self._dropped.append(now)
        often = len(self._dropped) == OFTEN and now - self._dropped[0] < WITHIN_SECONDS
        is_news = not self._told and (often or TAKEN_OVER in reason.lower())
        self._told |= is_news
        return is_news

"""How often somebody may try: a bucket of tries that leaks with time, one for each address or account."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_KEYS: Final = 10_000


class Throttle:
    """Safe to use from several threads; remembers the last 10,000 keys that tried, so its memory has an end.

    Args:
        tries: how many are free.
        seconds: in how long a full bucket is empty again; after the free ones, one try each ``seconds / tries``.
    """

    def __init__(self, tries: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries = tries
        self._rate = tries / seconds
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Counts a try; gives 0 if it is let through, else how many seconds to wait. Only the former count."""
        with self._lock:
            now, level = self._clock(), self._level(key)
            if level + 1 > self._tries:
                return (level + 1 - self._tries) / self._rate
            self._put(key, level + 1, now)
            return 0

    def give_back(self, key: str) -> None:
        """Takes back a try that was a good one."""
        with self._lock:
            level = self._level(key) - 1
            if level > 0:
                self._put(key, level, self._clock())
            else:
                self._buckets.pop(key, None)

    def _level(self, key: str) -> float:
        level, at = self._buckets.get(key, (0.0, 0.0))
        return max(0.0, level - (self._clock() - at) * self._rate)

    def _put(self, key: str, level: float, now: float) -> None:
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)

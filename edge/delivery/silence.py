"""Detects a broker that accepts the connection and then stays silent, long before the connection times out."""

import time
from typing import Final

SILENT_SECONDS: Final = 6.0


class Silence:
    """How long a broker has owed an answer. Called from the courier's thread and from paho's."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._reported = False

    def owed(self) -> None:
        """A request was sent that a broker answers: a connection, a subscription, a message."""
        if self._since is None:
            self._since = time.monotonic()

    def heard(self, *, still_owed: bool) -> None:
        """The broker answered."""
        self._since = time.monotonic() if still_owed else None
        self._reported = False

    def gone(self) -> None:
        """The connection ended: nothing is owed on it any more."""
        self._since = None

    def is_news(self) -> bool:
        """True if it has been silent for too long; once, until it answers again."""
        since = self._since
        if self._reported or since is None or time.monotonic() - since < SILENT_SECONDS:
            return False
        self._reported = True
        return True

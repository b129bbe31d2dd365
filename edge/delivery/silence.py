"""A broker that takes the connection and then says nothing: noticed long before the connection is given up."""

import time
from typing import Final

SILENT_SECONDS: Final = 6.0


class Silence:
    """How long a broker has owed an answer. Called from the courier's thread and paho's."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told = False

    def owed(self) -> None:
        """Something was asked that a broker answers: a connection, a subscription, a message."""
        if self._since is None:
            self._since = time.monotonic()

    def heard(self, *, still_owed: bool) -> None:
        """It answers."""
        self._since = time.monotonic() if still_owed else None
        self._told = False

    def gone(self) -> None:
        """The connection ended: nothing more is owed on it."""
        self._since = None

    def is_news(self) -> bool:
        """Whether it is silent for too long, once until it is heard again."""
        since = self._since
        if self._told or since is None or time.monotonic() - since < SILENT_SECONDS:
            return False
        self._told = True
        return True

"""Detects two machines under one cart's name, from the server's side.

A broker disconnects the two in turns: the cart comes and goes, and its statuses alternate between two sessions. One
machine, by contrast, ends its session before it begins the next.
"""

from collections import deque
from typing import Final

REMEMBERED: Final = 6
SETTLED: Final = 20
"""Number of statuses of one session in a row after which the other machine counts as gone."""
OFTEN: Final = 4
WITHIN_SECONDS: Final = 60.0


class Turns:
    """A cart's statuses, one after the other."""

    def __init__(self) -> None:
        self._sessions: deque[str] = deque(maxlen=REMEMBERED)
        self._again = 0
        self._came: deque[float] = deque(maxlen=OFTEN)

    def came(self, at: float) -> None:
        """It is online again; ``at`` in seconds of any monotonic clock."""
        self._came.append(at)

    def tell(self, session: str) -> None:
        """A status with a session."""
        if self._sessions and self._sessions[-1] == session:
            self._again += 1
            if self._again >= SETTLED:
                self._sessions.clear()
                self._sessions.append(session)
        else:
            self._sessions.append(session)
            self._again = 0

    def words(self, now: float) -> str | None:
        """The warning; None if all is well."""
        if len(set(self._sessions)) < len(self._sessions):
            return "Another machine uses this cart's name"
        if len(self._came) == OFTEN and now - self._came[0] < WITHIN_SECONDS:
            return "Comes and goes: another machine under its name?"
        return None

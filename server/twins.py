"""Two machines under one cart's name, seen from the server: its statuses tell of two sessions in turns."""

from collections import deque
from typing import Final

REMEMBERED: Final = 6
SETTLED: Final = 20
"""After how many statuses of one session in a row the other machine is taken to be gone."""


class Turns:
    """The sessions that a cart's statuses told of, one after the other."""

    def __init__(self) -> None:
        self._told: deque[str] = deque(maxlen=REMEMBERED)
        self._again = 0

    def tell(self, session: str) -> None:
        """One more status."""
        if self._told and self._told[-1] == session:
            self._again += 1
            if self._again >= SETTLED:
                self._told.clear()
                self._told.append(session)
        else:
            self._told.append(session)
            self._again = 0

    @property
    def twins(self) -> bool:
        """Whether a session came back after another one: one machine ends its session before it begins the next."""
        return len(set(self._told)) < len(self._told)

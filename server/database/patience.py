"""Waits at the start for a database that is still starting, or was just killed."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from smartcart.server.errors import ServerError

Opened = TypeVar("Opened")

SECONDS: Final = 30.0
_PAUSE: Final = 0.5
_AWAY: Final = {None, "57P01", "57P02", "57P03"}
"""PostgreSQL's error codes while it starts or stops; a refused connection has no code."""

log = logging.getLogger(__name__)


def opened(opening: Callable[[], Opened], seconds: float = SECONDS) -> Opened:
    """Returns the result of ``opening``, which is retried while PostgreSQL does not answer.

    Raises:
        ServerError: the last failure after ``seconds``, or at once if it has another cause.
    """
    until = time.monotonic() + seconds
    said = ""
    while True:
        try:
            return opening()
        except ServerError as error:
            if not is_away(error) or time.monotonic() >= until:
                raise
            if str(error) != said:
                said = str(error)
                log.warning("%s; trying again for up to %.0f s", said, seconds)
        time.sleep(_PAUSE)


def is_away(error: BaseException) -> bool:
    """True if PostgreSQL could not be reached: by psycopg's own error, which may be wrapped in SQLAlchemy's."""
    cause: BaseException | None = error
    while cause is not None:
        names = {kind.__name__ for kind in type(cause).__mro__}
        if hasattr(cause, "sqlstate") and "OperationalError" in names:
            return cause.sqlstate in _AWAY
        cause = getattr(cause, "orig", None) or cause.__cause__
    return False

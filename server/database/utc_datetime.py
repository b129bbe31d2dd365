"""Times in the server's own tables: aware datetimes in Python, RFC 3339 text in UTC on disk, which sorts by time."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from smartcart.edge.contract.events import parse_time
from smartcart.edge.contract.times import rfc3339


def utc_now() -> datetime:
    """The current time, with a zone."""
    return datetime.now(UTC)


UNKNOWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The value of a damaged time: long ago, so that whatever it limits has expired."""

_END: Final = datetime(9000, 1, 1, tzinfo=UTC)  # beyond it, a time zone may have no such day


class UtcDateTime(TypeDecorator[datetime]):
    """A column of times; one that cannot be read is ``UNKNOWN``."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else rfc3339(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            moment = parse_time(value)
        except (ValueError, TypeError):
            return UNKNOWN
        return moment if UNKNOWN <= moment < _END else UNKNOWN

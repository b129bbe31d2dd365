"""Times in the office's tables: aware datetimes in Python, RFC 3339 text in UTC on disk, in the order of time."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def utc_now() -> datetime:
    """Now, with a zone."""
    return datetime.now(UTC)


def moment_text(moment: datetime) -> str:
    """Milliseconds and a ``Z``, always of one length, so that text sorts as time does.

    >>> moment_text(datetime(2026, 1, 2, 3, 4, 5, 6000, UTC))
    '2026-01-02T03:04:05.006Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Moment(TypeDecorator[datetime]):
    """A column of times."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)

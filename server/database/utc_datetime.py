"""Times in the office's tables: aware datetimes in Python, RFC 3339 text in UTC on disk, in the order of time."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from smartcart.edge.contract.times import rfc3339


def utc_now() -> datetime:
    """Now, with a zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A column of times."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else rfc3339(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)

"""The format of times in messages and in the ledger."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, always of one length, so that texts sort as times do.

    >>> rfc3339(datetime(2026, 1, 2, 3, 4, 5, 6000, UTC))
    '2026-01-02T03:04:05.006Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The server's own clock, as it stands in the ledger."""

from datetime import UTC, datetime, timedelta


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, always of one length, so that text sorts as time does.

    >>> rfc3339(datetime(2026, 1, 2, 3, 4, 5, 6000, UTC))
    '2026-01-02T03:04:05.006Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> str:
    """Now."""
    return rfc3339(datetime.now(UTC))


def day_before(time: str) -> str:
    """24 hours before a time of this form.

    >>> day_before('2026-01-02T03:04:05.006Z')
    '2026-01-01T03:04:05.006Z'
    """
    return rfc3339(datetime.fromisoformat(time) - timedelta(days=1))

"""The server's own clock, in the ledger's form."""

from datetime import UTC, datetime, timedelta

from smartcart.edge.contract.times import rfc3339


def utc_now() -> str:
    """Now."""
    return rfc3339(datetime.now(UTC))


def day_before(time: str) -> str:
    """24 hours before a time of this form.

    >>> day_before('2026-01-02T03:04:05.006Z')
    '2026-01-01T03:04:05.006Z'
    """
    return rfc3339(datetime.fromisoformat(time) - timedelta(days=1))

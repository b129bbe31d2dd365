"""The difference between a cart's clock and the server's, also in words. Pure; all spans are in seconds."""

from collections.abc import Iterable
from typing import Final

from smartcart.edge.contract.events import parse_time
from smartcart.server.basket.records import StoredEvent

NOTED: Final = 120.0
"""From here on a clock is wrong, rather than a message slow."""
BELIEVED_DELAY: Final = 7 * 86_400.0
"""The longest an outbox may have kept an event: an older one means that the clock is behind."""


def told_ahead(time: str, now: str) -> float | None:
    """How far ahead of ``now`` a time is; behind is negative, None if it is not a time."""
    try:
        return (parse_time(time) - parse_time(now)).total_seconds()
    except ValueError:  # an older version has stored it
        return None


def ahead_by_events(events: Iterable[StoredEvent]) -> float | None:
    """The difference that a session's events show; each may have waited long, but none can come from the future."""
    told = [told_ahead(stored.event.time, stored.stored_at) for stored in events]
    found = [ahead for ahead in told if ahead is not None]
    if not found:
        return None
    nearest = max(found)
    return nearest if nearest > 0 or nearest < -BELIEVED_DELAY else None


def skew_words(ahead: float | None) -> str | None:
    """In words; None if the clock is right, or unknown.

    >>> skew_words(7200), skew_words(-1_800_000_000), skew_words(-30), skew_words(None)
    ('Clock 2 h ahead', 'Clock 57 years behind', None, None)
    """
    if ahead is None or abs(ahead) < NOTED:
        return None
    return f"Clock {_span(abs(ahead))} {'ahead' if ahead > 0 else 'behind'}"


def _span(seconds: float) -> str:
    for size, noun in ((365.25 * 86_400, "year"), (86_400, "day")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {noun}s"
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"

"""Events in words, for people who read the pages."""

from datetime import UTC, datetime

from smartcart.edge.contract.events import EventType
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import StoredEvent


def sentence(stored: StoredEvent) -> str:
    """An event in words."""
    event = stored.event
    name = stored.match.name or event.label or "something"
    item = f"{event.quantity} \N{MULTIPLICATION SIGN} {name}" if (event.quantity or 1) > 1 else name
    match event.type:
        case EventType.ITEM_ADDED:
            return f"{item} added"
        case EventType.ITEM_REMOVED:
            return f"{item} removed"
        case EventType.ITEM_UNCERTAIN:
            return f"{item}, not sure"
        case EventType.SESSION_STARTED:
            return "Session started"
        case EventType.SESSION_ENDED:
            return "Session ended"


def length(seconds: float | None) -> str:
    """A span of time in short.

    >>> length(4.2), length(95), length(3700), length(90_000)
    ('4 s', '1 min', '1 h 01 min', '25 h')
    """
    if seconds is None:
        return "\N{EN DASH}"
    minutes = int(max(0, seconds)) // 60
    if minutes == 0:
        return f"{int(max(0, seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60:02} min" if minutes < 24 * 60 else "")


def session_length(basket: Basket) -> str:
    """How long a session has lasted."""
    if basket.started_at is None:
        return ""
    end = basket.closed_at or basket.ended_at
    begin = datetime.fromisoformat(basket.started_at)
    return length(((datetime.fromisoformat(end) if end else datetime.now(UTC)) - begin).total_seconds())

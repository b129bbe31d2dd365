"""How entries look as rows: what both SQL ledgers write and read alike."""

import json
from functools import lru_cache
from typing import Any, Final

from smartcart.edge.events import Correction, correction_from, encode, parse_event, read_again
from smartcart.server.basket import Closing, StoredCorrection, StoredEvent
from smartcart.server.catalogue import Match
from smartcart.server.ledger import KEPT_BYTES, DeadLetter, Record, SessionKey, place

EVENT_FIELDS: Final = ("id", "store", "cart", "session", "seq", "stored_at", "message", "match")
EVENT_READ: Final = "message, match, stored_at, late"
LETTER_FIELDS: Final = (
    *("topic", "reason", "payload", "size", "received_at"),
    *("store", "cart", "event_id", "session", "seq"),
)
CORRECTION_READ: Final = "message, match, number, after"
OF_SESSION: Final = "store = ? AND cart = ? AND session = ?"

Row = tuple[Any, ...]


def columns_of(key: SessionKey) -> tuple[str, str, str]:
    """The values of ``OF_SESSION``."""
    return key.store, key.cart, key.session


def key_of(row: Row) -> SessionKey:
    """From the columns store, cart, session."""
    store, cart, session = row
    return SessionKey(store=store, cart=cart, session=session)


def event_row(stored: StoredEvent) -> tuple[Any, ...]:
    """In the order of ``EVENT_FIELDS``."""
    event = stored.event
    message = stored.message or event.to_bytes()
    return event.id, *place(event), stored.stored_at, message, match_text(stored.match)


@lru_cache(maxsize=4096)
def match_text(match: Match) -> str:
    """A product as it is stored; a store sells the same ones again and again."""
    return match.to_text()


def event_of(row: Row) -> StoredEvent:
    """From the columns ``EVENT_READ``."""
    message, match, stored_at, late = row
    return StoredEvent(
        event=read_again(bytes(message)), match=Match.from_text(match), stored_at=stored_at, late=bool(late)
    )


def event_fault(event_id: str, at: tuple[str, str, str, int], message: bytes, match: str) -> str | None:
    """What is wrong with a stored event; None if nothing is."""
    try:
        event = parse_event(message)
        Match.from_text(match)
    except ValueError as error:
        return f"it cannot be read: {error}"
    return None if (event.id, place(event)) == (event_id, at) else "it stands in the place of another"


def letter_row(letter: DeadLetter) -> tuple[Any, ...]:
    """In the order of ``LETTER_FIELDS``."""
    return (
        *(letter.topic, letter.reason, letter.payload[:KEPT_BYTES], letter.size, letter.received_at),
        *(letter.store, letter.cart, letter.event_id, letter.session, letter.seq),
    )


def letter_of(row: Row) -> DeadLetter:
    """From the columns ``LETTER_FIELDS``."""
    values = dict(zip(LETTER_FIELDS, row, strict=True))
    return DeadLetter(**values | {"payload": bytes(values["payload"])})


def record_message(record: Record) -> str:
    """What is stored of a record beside its id and session."""
    if isinstance(record, Correction):
        return encode(record.to_json()).decode()
    return encode({"by": record.by, "time": record.time}).decode()


def correction_of(row: Row) -> StoredCorrection:
    """From the columns ``CORRECTION_READ``."""
    message, match, number, after = row
    correction = correction_from(json.loads(message))
    return StoredCorrection(correction=correction, match=Match.from_text(match), number=number, after=after)


def closing_of(record_id: str, message: str) -> Closing:
    """From a record's id and message."""
    return Closing(id=record_id, **json.loads(message))

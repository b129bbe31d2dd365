"""The rows of entries: what both SQL ledgers write and read alike.

Stored data must never stop a server: a disk, a person or an older program may have left anything in a row. So rows are
read only here, and one that cannot be read is not an error but a fault of its session.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from smartcart.edge.contract.events import (
    TIME,
    Correction,
    Event,
    check,
    correction_from,
    encode,
    parse_event,
    parse_object,
    read_again,
)
from smartcart.server.basket.records import Closing, Fault, SessionKey, StoredCorrection, StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.port import KEPT_BYTES, DeadLetter, Record, place

EVENT_FIELDS: Final = ("id", "store", "cart", "session", "seq", "stored_at", "message", "match")
EVENT_READ: Final = "id, store, cart, session, seq, message, match, stored_at, late"
LETTER_FIELDS: Final = (
    *("topic", "reason", "payload", "size", "received_at"),
    *("store", "cart", "event_id", "session", "seq"),
)
CORRECTION_READ: Final = "id, message, match, number, after"
UNREADABLE: Final = "its stored record is damaged"
_MOST: Final = 10**15
UNKNOWN_TIME: Final = "1970-01-01T00:00:00Z"
_END_OF_TIME: Final = "9000"
_LONGEST_REASON: Final = 500
OF_SESSION: Final = "store = ? AND cart = ? AND session = ?"

Row = tuple[Any, ...]


def columns_of(key: SessionKey) -> tuple[str, str, str]:
    """The values of ``OF_SESSION``."""
    return key.store, key.cart, key.session


def key_of(row: Row) -> SessionKey:
    """From the columns store, cart, session."""
    store, cart, session = map(text_of, row)
    return SessionKey(store=store, cart=cart, session=session)


def text_of(stored: object) -> str:
    """A column of text, whatever it contains."""
    if isinstance(stored, bytes | bytearray | memoryview):
        return bytes(stored).decode(errors="replace")
    return str(stored)


def time_of(stored: object) -> str:
    """A column of the server's own times; ``UNKNOWN_TIME`` if it cannot be read."""
    try:
        return _server_time(stored)
    except ValueError:
        return UNKNOWN_TIME


def _server_time(stored: object) -> str:
    """One of the server's own clock.

    Raises:
        ValueError: it is not a time, or one that no server can have had or not every time zone has.
    """
    check(stored, TIME, "the time of its storing")
    time = str(stored)
    if not UNKNOWN_TIME <= time < _END_OF_TIME:
        raise ValueError(f"it was stored at {time}")
    return time


def fault_of(event_id: object, seq: object, reason: object) -> Fault:
    """From the columns event_id, seq, reason of a dead letter, or of an event that cannot be read."""
    number = seq if isinstance(seq, int) and seq > 0 else None
    return Fault(event_id=text_of(event_id), seq=number, reason=text_of(reason)[:_LONGEST_REASON])


def event_row(stored: StoredEvent) -> tuple[Any, ...]:
    """In the order of ``EVENT_FIELDS``."""
    event = stored.event
    message = stored.message or event.to_bytes()
    return event.id, *place(event), stored.stored_at, message, match_text(stored.match)


@lru_cache(maxsize=4096)
def match_text(match: Match) -> str:
    """A stored product; a store sells the same ones again and again."""
    return match.to_text()


def events_of(rows: Iterable[Row]) -> list[StoredEvent]:
    """From the columns ``EVENT_READ``; those that cannot be read are left out, see ``event_faults``."""
    return [read for row in rows if isinstance(read := _event_of(row), StoredEvent)]


def event_faults(rows: Iterable[Row]) -> list[Fault]:
    """The faults of the columns ``EVENT_READ`` that cannot be read."""
    return [read for row in rows if isinstance(read := _event_of(row), Fault)]


def unreadable_sessions(rows: Iterable[Row]) -> set[SessionKey]:
    """The sessions of the events that cannot be read."""
    return {key_of(row[1:4]) for row in rows if isinstance(_event_of(row), Fault)}


def _event_of(row: Row) -> StoredEvent | Fault:
    event_id, store, cart, session, seq, message, match, stored_at, late = row
    try:
        event = _placed(read_again(_bytes(message)), event_id, (store, cart, session, seq))
        return StoredEvent(event=event, match=_match_of(match), stored_at=_server_time(stored_at), late=bool(late))
    except ValueError as error:
        return fault_of(event_id, seq, f"{UNREADABLE}: {error}")


def _placed(event: Event, event_id: str, at: tuple[str, str, str, int]) -> Event:
    """The event, if it is the one that its row is for."""
    if (event.id, place(event)) != (event_id, at):
        raise ValueError("it is in the place of another")
    return event


def event_fault(row: Row) -> str | None:
    """The fault of a stored event, from the columns ``EVENT_READ``; None if there is none."""
    event_id, store, cart, session, seq, message, match, stored_at, _ = row
    try:
        event = parse_event(_bytes(message))
        _match_of(match)
        _server_time(stored_at)
    except ValueError as error:
        return f"it cannot be read: {error}"
    try:
        _placed(event, event_id, (store, cart, session, seq))
    except ValueError as error:
        return str(error)
    return None


def _bytes(stored: object) -> bytes:
    """A stored message; SQLite returns what was put there, whatever the column's type."""
    if isinstance(stored, bytes | bytearray | memoryview):
        return bytes(stored)
    raise ValueError(f"{type(stored).__name__} instead of bytes")


def _match_of(stored: object) -> Match:
    if not isinstance(stored, str):
        raise ValueError(f"{type(stored).__name__} instead of a product")
    try:
        match = Match.from_text(stored)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"its product cannot be read: {error}") from None
    texts = match.sku, match.name, match.currency
    amounts = match.price, match.per_kg, match.tax_rate
    if not (
        all(text is None or isinstance(text, str) for text in texts)
        and all(amount is None or type(amount) is int for amount in amounts)
        and all(isinstance(choice, str) for choice in match.choices)
        and (match.weight_g is None or type(match.weight_g) in (int, float))
    ):
        raise ValueError("its product has another form")
    if not all(amount is None or abs(amount) <= _MOST for amount in (*amounts, match.weight_g)):
        raise ValueError("its product has an impossible amount")
    if any("\ud800" <= letter <= "\udfff" for letter in "".join(filter(None, (*texts, *match.choices)))):
        raise ValueError("its product has an invalid text")
    return match


def letter_row(letter: DeadLetter) -> tuple[Any, ...]:
    """In the order of ``LETTER_FIELDS``."""
    return (
        *(letter.topic, letter.reason, letter.payload[:KEPT_BYTES], letter.size, letter.received_at),
        *(letter.store, letter.cart, letter.event_id, letter.session, letter.seq),
    )


def letter_of(row: Row) -> DeadLetter:
    """From the columns ``LETTER_FIELDS``."""
    topic, reason, payload, size, received_at, *names, seq = row
    store, cart, event_id, session = (None if name is None else text_of(name) for name in names)
    return DeadLetter(
        topic=text_of(topic),
        reason=text_of(reason),
        payload=_kept(payload),
        size=size if isinstance(size, int) else len(_kept(payload)),
        received_at=time_of(received_at),
        store=store,
        cart=cart,
        event_id=event_id,
        session=session,
        seq=seq if isinstance(seq, int) else None,
    )


def record_message(record: Record) -> str:
    """The stored part of a record beside its id and session."""
    if isinstance(record, Correction):
        return encode(record.to_json()).decode()
    return encode({"by": record.by, "time": record.time}).decode()


def corrections_of(rows: Iterable[Row]) -> list[StoredCorrection]:
    """From the columns ``CORRECTION_READ``; those that cannot be read are left out, see ``correction_faults``."""
    return [read for row in rows if isinstance(read := _correction_of(row), StoredCorrection)]


def correction_faults(rows: Iterable[Row]) -> list[Fault]:
    """The faults of the columns ``CORRECTION_READ`` that cannot be read."""
    return [read for row in rows if isinstance(read := _correction_of(row), Fault)]


def _correction_of(row: Row) -> StoredCorrection | Fault:
    correction_id, message, match, number, after = row
    try:
        correction = correction_from(_json(message))
        _server_time(correction.time)
        if correction.id != correction_id or not isinstance(number, int) or not isinstance(after, int):
            raise ValueError("it is in the place of another")
        return StoredCorrection(correction=correction, match=_match_of(match), number=number, after=after)
    except ValueError as error:
        return fault_of(correction_id, None, f"{UNREADABLE}: correction {text_of(number)}: {error}")


def closing_of(record_id: object, message: object) -> Closing:
    """From a record's id and message; a session is closed even if its closing cannot be read."""
    try:
        told = _json(message)
        by, time = told["by"], _server_time(told["time"])
    except (ValueError, KeyError, TypeError):
        return Closing(id=text_of(record_id), by=None, time=UNKNOWN_TIME)
    return Closing(id=text_of(record_id), by=by if isinstance(by, str) else None, time=time)


def _json(stored: object) -> dict[str, Any]:
    """A record's message.

    Raises:
        ValueError: it is not a JSON object, or is nested too deeply.
    """
    return parse_object(stored.encode() if isinstance(stored, str) else _bytes(stored))


def _kept(stored: object) -> bytes:
    try:
        return _bytes(stored)
    except ValueError:
        return str(stored).encode(errors="replace")[:KEPT_BYTES]

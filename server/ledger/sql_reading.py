"""Reads an SQL ledger: what SQLite and PostgreSQL have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Final

from smartcart.server.basket.records import SessionKey, SessionRecords, StoredEvent
from smartcart.server.ledger.port import KEPT_BYTES, DeadLetter, RecordType, SessionState, SetAside
from smartcart.server.ledger.rows import (
    CORRECTION_READ,
    EVENT_READ,
    LETTER_FIELDS,
    OF_SESSION,
    closing_of,
    columns_of,
    correction_faults,
    corrections_of,
    event_fault,
    event_faults,
    events_of,
    fault_of,
    key_of,
    letter_of,
    text_of,
    time_of,
)

PAGE: Final = 500
"""Number of rows read at a time from tables that may be long."""


_CONTRADICTIONS: Final = (
    (
        "SELECT count(*) FROM events LEFT JOIN sessions USING (store, cart, session) "
        f"WHERE state IS NULL OR state = {SessionState.ERASED.value}",
        "events belong to no session, or to an erased one",
    ),
    (
        "SELECT count(*) FROM events JOIN sessions USING (store, cart, session) "
        f"WHERE late = (1 = 1) AND state <> {SessionState.CLOSED.value}",
        "events are kept as late in sessions that are open",
    ),
    (
        "SELECT count(*) FROM sessions WHERE (SELECT count(*) FROM records "
        "WHERE records.store = sessions.store AND records.cart = sessions.cart "
        "AND records.session = sessions.session AND type <> 'item_corrected') <> "
        f"(CASE state WHEN {SessionState.OPEN.value} THEN 0 ELSE 1 END)",
        "sessions are closed or erased without a record, or have the record and are not",
    ),
    (
        "SELECT count(*) FROM (SELECT 1 AS one FROM records WHERE type <> 'session_erased' "
        "GROUP BY store, cart, session HAVING max(number) <> count(*)) AS torn",
        "sessions lack some of their corrections",
    ),
)


_LAST: Final = 2**62
_TIMES: Final = "____-__-__T__:__:__%Z"
"""A plausible time: a damaged one must not count as the newest."""


class SQLReading(ABC):
    """The reading half of ``smartcart.server.ledger.port.Ledger``; queries have ``?`` for values."""

    @abstractmethod
    def _read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, or a LedgerError."""

    def session(self, key: SessionKey) -> SessionRecords:
        of_session = columns_of(key)
        events = self._read(f"SELECT {EVENT_READ} FROM events WHERE {OF_SESSION} ORDER BY seq", of_session)
        letters = self._read(
            f"SELECT event_id, seq, reason FROM dead_letters WHERE {OF_SESSION} AND event_id IS NOT NULL "
            "ORDER BY position",
            of_session,
        )
        corrections = self._read(
            f"SELECT {CORRECTION_READ} FROM records WHERE {OF_SESSION} AND type = ? ORDER BY number",
            (*of_session, RecordType.CORRECTED),
        )
        closing = self._read(
            f"SELECT id, message FROM records WHERE {OF_SESSION} AND type = ?", (*of_session, RecordType.CLOSED)
        )
        refused = [fault_of(*letter) for letter in letters]
        return SessionRecords(
            key=key,
            events=events_of(events),
            faults=refused + event_faults(events) + correction_faults(corrections),
            corrections=corrections_of(corrections),
            closing=closing_of(*closing[0]) if closing else None,
        )

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        rows = self._read(
            "SELECT store, cart, session FROM sessions WHERE store = ? AND cart = ? AND state < ? "
            "ORDER BY position DESC LIMIT ?",
            (store, cart, SessionState.ERASED, limit),
        )
        return [key_of(row) for row in rows]

    def current_sessions(self) -> list[SessionKey]:
        rows = self._read(
            "SELECT store, cart, session FROM sessions WHERE position IN "
            "(SELECT max(position) FROM sessions WHERE state < ? GROUP BY store, cart) ORDER BY position",
            (SessionState.ERASED,),
        )
        return [key_of(row) for row in rows]

    def past_sessions(self, before: int | None, limit: int, cart: str = "") -> list[tuple[int, SessionKey]]:
        plain = cart.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = self._read(
            "SELECT position, store, cart, session FROM sessions WHERE state < ? AND position < ? "
            "AND lower(cart) LIKE ? ESCAPE '!' ORDER BY position DESC LIMIT ?",
            (SessionState.ERASED, _LAST if before is None else before, f"%{plain}%", limit),
        )
        return [(row[0], key_of(row[1:])) for row in rows]

    def every_session(self) -> Iterator[SessionKey]:
        last = 0
        while rows := self._read(
            "SELECT position, store, cart, session FROM sessions WHERE position > ? AND state < ? "
            "ORDER BY position LIMIT ?",
            (last, SessionState.ERASED, PAGE),
        ):
            yield from (key_of(row[1:]) for row in rows)
            last = rows[-1][0]

    def every_event(self) -> Iterator[StoredEvent]:
        last = 0
        while rows := self._read(
            f"SELECT position, {EVENT_READ} FROM events WHERE position > ? ORDER BY position LIMIT ?", (last, PAGE)
        ):
            yield from events_of(row[1:] for row in rows)
            last = rows[-1][0]

    def last_stored(self, key: SessionKey) -> str | None:
        rows = self._read(
            f"SELECT max(stored_at) FROM (SELECT stored_at FROM events WHERE {OF_SESSION} "
            f"UNION ALL SELECT received_at FROM dead_letters WHERE {OF_SESSION}) AS times WHERE stored_at LIKE ?",
            (*columns_of(key) * 2, _TIMES),
        )
        return None if rows[0][0] is None else text_of(rows[0][0])

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        fields = ", ".join(LETTER_FIELDS)
        rows = self._read(f"SELECT {fields} FROM dead_letters ORDER BY position DESC LIMIT ?", (limit,))
        return [letter_of(row) for row in rows]

    def dead_letter_count(self) -> int:
        return int(self._read("SELECT value FROM meta WHERE name = 'letters'")[0][0])

    def holds(self, letter: DeadLetter) -> bool:
        same = "topic = ? AND size = ? AND payload IN (?, ?)"  # that of an erased session was emptied
        query = f"SELECT 1 FROM dead_letters WHERE session IS NULL AND {same} LIMIT 1"
        if self._read(query, (letter.topic, letter.size, letter.payload[:KEPT_BYTES], b"")):
            return True
        if letter.key is None:
            return False
        query = f"SELECT 1 FROM dead_letters WHERE {OF_SESSION} AND event_id = ?"
        return bool(self._read(query, (*columns_of(letter.key), letter.event_id)))

    def set_aside(self, store: str, cart: str) -> SetAside | None:
        of_cart = "session IS NULL AND store = ? AND cart = ?"
        count = self._read(f"SELECT count(*) FROM dead_letters WHERE {of_cart}", (store, cart))[0][0]
        newest = self._read(
            f"SELECT received_at, reason FROM dead_letters WHERE {of_cart} ORDER BY received_at DESC LIMIT 1",
            (store, cart),
        )
        if not newest:
            return None
        last, reason = newest[0]
        return SetAside(count=count, last=time_of(last), reason=text_of(reason))

    def integrity(self) -> Iterator[str]:
        """Checks every row against its message, and the tables against each other."""
        last = 0
        while rows := self._read(
            f"SELECT position, {EVENT_READ} FROM events WHERE position > ? ORDER BY position LIMIT ?", (last, PAGE)
        ):
            for row in rows:
                fault = event_fault(row[1:])
                if fault:
                    yield f"event {text_of(row[1])}: {fault}"
            last = rows[-1][0]
        for query, text in _CONTRADICTIONS:
            count = self._read(query)[0][0]
            if count:
                yield f"{count} {text}"

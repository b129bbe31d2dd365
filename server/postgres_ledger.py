"""The ledger in PostgreSQL, in a schema of its own. Needs the extra ``postgres``.

A connection that was lost is opened again with the next use; until then every use says so.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

import psycopg

from smartcart.edge.events import parse_event
from smartcart.server.basket import Fault, StoredEvent
from smartcart.server.catalogue import Match
from smartcart.server.ledger import (
    ID_TAKEN,
    KEPT_BYTES,
    KEPT_LETTERS,
    SEQ_TAKEN,
    DeadLetter,
    LedgerError,
    Outcome,
    SessionKey,
    Verdict,
    dead_letter_of,
    place,
)

SCHEMA_VERSION: Final = 1
_LOCK: Final = 0x536D4361  # two servers that start at once must not both make the tables
_TABLES: Final = """
CREATE SCHEMA smartcart;
CREATE TABLE smartcart.meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE smartcart.sessions (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store text NOT NULL, cart text NOT NULL, session text NOT NULL,
    UNIQUE (store, cart, session)
);
CREATE TABLE smartcart.events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    store text NOT NULL, cart text NOT NULL, session text NOT NULL, seq bigint NOT NULL,
    stored_at text NOT NULL, message bytea NOT NULL, match text NOT NULL,
    UNIQUE (store, cart, session, seq)
);
CREATE TABLE smartcart.dead_letters (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL, reason text NOT NULL, payload bytea NOT NULL, size bigint NOT NULL, received_at text NOT NULL,
    store text, cart text, event_id text, session text, seq bigint,
    UNIQUE (store, cart, session, event_id)
);
CREATE INDEX unplaced_letters ON smartcart.dead_letters (position) WHERE session IS NULL;
"""
_LETTER_FIELDS: Final = tuple(field.name for field in fields(DeadLetter))
_INSERT_EVENT: Final = (
    "INSERT INTO events (id, store, cart, session, seq, stored_at, message, match) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id, store, cart, session, seq"
)
_INSERT_LETTER: Final = (
    f"INSERT INTO dead_letters ({', '.join(_LETTER_FIELDS)}) "
    f"VALUES ({', '.join(['%s'] * len(_LETTER_FIELDS))}) ON CONFLICT DO NOTHING RETURNING position"
)
_INSERT_SESSION: Final = "INSERT INTO sessions (store, cart, session) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"

Connection = psycopg.Connection[tuple[Any, ...]]
Place = tuple[str, str, str, int]
Stored = tuple[str, Place]


class PostgresLedger:
    """See ``smartcart.server.ledger.Ledger``."""

    def __init__(self, url: str) -> None:
        """Connects, and makes the tables if there are none.

        Raises:
            LedgerError: the server cannot be reached, or the tables are of a newer version.
        """
        self._writer = _Link(url)
        self._reader = _Link(url)
        try:
            with self._writer.use("open") as connection:
                self.identity = _prepare(connection)
        except BaseException:
            self.close()
            raise

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        with self._writer.use("write") as connection, connection.cursor() as cursor:
            new = _insert_events(cursor, events)
            places = _places(cursor, [stored.event.id for stored in events]) if len(new) < len(events) else {}
            verdicts = [_judge(stored, new, places) for stored in events]
            refused = [dead_letter_of(s, v.reason) for s, v in zip(events, verdicts, strict=True) if v.reason]
            _bury(cursor, [*refused, *letters])
        return verdicts

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        rows = self._read(
            "SELECT message, match, stored_at FROM events WHERE store = %s AND cart = %s AND session = %s ORDER BY seq",
            (key.store, key.cart, key.session),
        )
        return [
            StoredEvent(event=parse_event(bytes(message)), match=Match.from_text(match), stored_at=at)
            for message, match, at in rows
        ]

    def session_faults(self, key: SessionKey) -> list[Fault]:
        rows = self._read(
            "SELECT event_id, seq, reason FROM dead_letters "
            "WHERE store = %s AND cart = %s AND session = %s AND event_id IS NOT NULL ORDER BY position",
            (key.store, key.cart, key.session),
        )
        return [Fault(event_id=event_id, seq=seq, reason=reason) for event_id, seq, reason in rows]

    def sessions(self, store: str, cart: str) -> list[SessionKey]:
        rows = self._read(
            "SELECT session FROM sessions WHERE store = %s AND cart = %s ORDER BY position DESC", (store, cart)
        )
        return [SessionKey(store=store, cart=cart, session=session) for (session,) in rows]

    def current_sessions(self) -> list[SessionKey]:
        rows = self._read(
            "SELECT DISTINCT ON (store, cart) store, cart, session FROM sessions ORDER BY store, cart, position DESC"
        )
        return [SessionKey(store=store, cart=cart, session=session) for store, cart, session in rows]

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        rows = self._read(
            f"SELECT {', '.join(_LETTER_FIELDS)} FROM dead_letters ORDER BY position DESC LIMIT %s", (limit,)
        )
        return [DeadLetter(**dict(zip(_LETTER_FIELDS, row, strict=True))) for row in rows]

    def dead_letter_count(self) -> int:
        return int(self._read("SELECT value FROM meta WHERE name = 'letters'")[0][0])

    def close(self) -> None:
        self._writer.close()
        self._reader.close()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reader.use("read") as connection:
            return connection.execute(query, values).fetchall()


class _Link:
    """One connection, for one user at a time; opened when it is needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @contextmanager
    def use(self, doing: str) -> Iterator[Connection]:
        """A connection inside a transaction that is committed in the end."""
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(
                        self._url,
                        connect_timeout=5,
                        options="-c search_path=smartcart -c synchronous_commit=on",
                    )
                with self._connection.transaction():
                    yield self._connection
            except psycopg.Error as error:
                raise LedgerError(f"cannot {doing} the PostgreSQL ledger: {_why(error)}") from error

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _why(error: psycopg.Error) -> str:
    """The first line; PostgreSQL's own words never hold the password."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _prepare(connection: Connection) -> str:
    """Makes the tables if there are none; gives the ledger's identity."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    if connection.execute("SELECT to_regclass('smartcart.meta')").fetchone() == (None,):
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        values = [("identity", str(uuid.uuid4())), ("letters", "0"), ("version", str(SCHEMA_VERSION))]
        connection.cursor().executemany("INSERT INTO meta VALUES (%s, %s)", values)
    meta: dict[str, str] = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    if int(meta["version"]) > SCHEMA_VERSION:
        raise LedgerError(f"the ledger is of version {meta['version']}, newer than {SCHEMA_VERSION}: update smartcart")
    return str(meta["identity"])


def _insert_events(cursor: "psycopg.Cursor[Any]", events: Sequence[StoredEvent]) -> set[Stored]:
    """Stores what is not there yet; gives what that was."""
    if not events:
        return set()
    rows = [(s.event.id, *place(s.event), s.stored_at, s.event.to_bytes(), s.match.to_text()) for s in events]
    cursor.executemany(_INSERT_EVENT, rows, returning=True)
    new: list[Stored] = [(row[0], row[1:]) for row in _returned(cursor)]
    if new:
        cursor.executemany(_INSERT_SESSION, list(dict.fromkeys(at[:3] for _, at in new)))
    return set(new)


def _returned(cursor: "psycopg.Cursor[Any]") -> list[tuple[Any, ...]]:
    """The rows of all statements of an ``executemany``."""
    rows = cursor.fetchall()
    while cursor.nextset():
        rows += cursor.fetchall()
    return rows


def _places(cursor: "psycopg.Cursor[Any]", ids: Sequence[str]) -> dict[str, Place]:
    cursor.execute("SELECT id, store, cart, session, seq FROM events WHERE id = ANY(%s)", (list(ids),))
    return {row[0]: row[1:] for row in cursor.fetchall()}


def _judge(stored: StoredEvent, new: set[Stored], places: dict[str, Place]) -> Verdict:
    """New the first time, and known from then on within the same batch too."""
    event = stored.event
    if (event.id, place(event)) in new:
        new.discard((event.id, place(event)))
        return Verdict(outcome=Outcome.NEW)
    if places.get(event.id) == place(event):
        return Verdict(outcome=Outcome.KNOWN)
    return Verdict(outcome=Outcome.REFUSED, reason=ID_TAKEN if event.id in places else SEQ_TAKEN)


def _bury(cursor: "psycopg.Cursor[Any]", letters: Sequence[DeadLetter]) -> None:
    if not letters:
        return
    rows = [tuple(getattr(letter, name) for name in _LETTER_FIELDS) for letter in letters]
    payload = _LETTER_FIELDS.index("payload")
    cursor.executemany(
        _INSERT_LETTER,
        [(*row[:payload], row[payload][:KEPT_BYTES], *row[payload + 1 :]) for row in rows],
        returning=True,
    )
    cursor.execute(
        "UPDATE meta SET value = (value::bigint + %s)::text WHERE name = 'letters'", (len(_returned(cursor)),)
    )
    placed = {(x.store, x.cart, x.session): None for x in letters if x.fault}
    if placed:
        cursor.executemany(_INSERT_SESSION, list(placed))
    cursor.execute(
        "DELETE FROM dead_letters WHERE session IS NULL AND position IN (SELECT position FROM dead_letters "
        "WHERE session IS NULL ORDER BY position DESC OFFSET %s)",
        (KEPT_LETTERS,),
    )

"""The ledger in an SQLite file: write-ahead log, every commit on disk before it is answered.

Reading has a connection of its own, so that a page never waits for a commit.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

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
_APPLICATION_ID: Final = 0x536D4361  # "SmCa", so that another program's file is not taken for a ledger
_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    position INTEGER PRIMARY KEY,
    store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL,
    UNIQUE (store, cart, session)
);
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    stored_at TEXT NOT NULL, message BLOB NOT NULL, match TEXT NOT NULL,
    UNIQUE (store, cart, session, seq)
);
CREATE TABLE dead_letters (
    position INTEGER PRIMARY KEY,
    topic TEXT NOT NULL, reason TEXT NOT NULL, payload BLOB NOT NULL, size INTEGER NOT NULL, received_at TEXT NOT NULL,
    store TEXT, cart TEXT, event_id TEXT, session TEXT, seq INTEGER,
    UNIQUE (store, cart, session, event_id)
);
CREATE INDEX unplaced_letters ON dead_letters (position) WHERE session IS NULL;
"""
_LETTER_FIELDS: Final = "topic, reason, payload, size, received_at, store, cart, event_id, session, seq"


class SQLiteLedger:
    """See ``smartcart.server.ledger.Ledger``."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it.

        Raises:
            LedgerError: the file cannot be written, is not a ledger, or is of a newer version.
        """
        self._path = path
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self._errors("open"):
            self._writer = self._connect()
            try:
                self.identity = self._prepare()
                self._reader = self._connect()
                self._reader.execute("PRAGMA query_only = ON")
            except BaseException:
                self._writer.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _prepare(self) -> str:
        db = self._writer
        version, application = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id")
        )
        empty = not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if not empty and application != _APPLICATION_ID:
            raise LedgerError(f"{self._path} is another program's database: give --ledger another file")
        if version > SCHEMA_VERSION:
            raise LedgerError(
                f"{self._path} is a ledger of version {version}, newer than {SCHEMA_VERSION}: update smartcart"
            )
        db.execute("PRAGMA journal_mode = WAL")
        if empty:
            with self._transaction():
                for statement in filter(str.strip, _TABLES.split(";")):
                    db.execute(statement)
                db.execute("INSERT INTO meta VALUES ('identity', ?), ('letters', '0')", (str(uuid.uuid4()),))
                db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return str(db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        with self._writing, self._errors("write"), self._transaction():
            verdicts = [self._insert(stored) for stored in events]
            for letter in letters:
                self._bury(letter)
            if letters:
                self._trim()
            return verdicts

    def _insert(self, stored: StoredEvent) -> Verdict:
        event, db = stored.event, self._writer
        inserted = db.execute(
            "INSERT INTO events (id, store, cart, session, seq, stored_at, message, match) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (event.id, *place(event), stored.stored_at, event.to_bytes(), stored.match.to_text()),
        )
        if inserted.rowcount:
            self._open_session(event.store, event.cart, event.session)
            return Verdict(outcome=Outcome.NEW)
        known = db.execute("SELECT store, cart, session, seq FROM events WHERE id = ?", (event.id,)).fetchone()
        if known == place(event):
            return Verdict(outcome=Outcome.KNOWN)
        reason = ID_TAKEN if known else SEQ_TAKEN
        self._bury(dead_letter_of(stored, reason))
        return Verdict(outcome=Outcome.REFUSED, reason=reason)

    def _open_session(self, store: str, cart: str, session: str) -> None:
        self._writer.execute(
            "INSERT INTO sessions (store, cart, session) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
            "(SELECT 1 FROM sessions WHERE store = ?1 AND cart = ?2 AND session = ?3)",
            (store, cart, session),
        )

    def _bury(self, letter: DeadLetter) -> None:
        db = self._writer
        # a letter of no session has NULLs in its key, which SQL takes for different each time
        buried = db.execute(
            f"INSERT INTO dead_letters ({_LETTER_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                *(letter.topic, letter.reason, letter.payload[:KEPT_BYTES], letter.size, letter.received_at),
                *(letter.store, letter.cart, letter.event_id, letter.session, letter.seq),
            ),
        )
        if not buried.rowcount:
            return
        db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'letters'")
        if letter.fault and letter.store and letter.cart and letter.session:
            self._open_session(letter.store, letter.cart, letter.session)

    def _trim(self) -> None:
        self._writer.execute(
            "DELETE FROM dead_letters WHERE session IS NULL AND position IN (SELECT position FROM dead_letters "
            "WHERE session IS NULL ORDER BY position DESC LIMIT -1 OFFSET ?)",
            (KEPT_LETTERS,),
        )

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        rows = self._read(
            "SELECT message, match, stored_at FROM events WHERE store = ? AND cart = ? AND session = ? ORDER BY seq",
            (key.store, key.cart, key.session),
        )
        return [
            StoredEvent(event=parse_event(message), match=Match.from_text(match), stored_at=at)
            for message, match, at in rows
        ]

    def session_faults(self, key: SessionKey) -> list[Fault]:
        rows = self._read(
            "SELECT event_id, seq, reason FROM dead_letters "
            "WHERE store = ? AND cart = ? AND session = ? AND event_id IS NOT NULL ORDER BY position",
            (key.store, key.cart, key.session),
        )
        return [Fault(event_id=event_id, seq=seq, reason=reason) for event_id, seq, reason in rows]

    def sessions(self, store: str, cart: str) -> list[SessionKey]:
        rows = self._read(
            "SELECT session FROM sessions WHERE store = ? AND cart = ? ORDER BY position DESC", (store, cart)
        )
        return [SessionKey(store=store, cart=cart, session=session) for (session,) in rows]

    def current_sessions(self) -> list[SessionKey]:
        rows = self._read(
            "SELECT store, cart, session FROM sessions WHERE position IN "
            "(SELECT max(position) FROM sessions GROUP BY store, cart) ORDER BY store, cart"
        )
        return [SessionKey(store=store, cart=cart, session=session) for store, cart, session in rows]

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        rows = self._read(f"SELECT {_LETTER_FIELDS} FROM dead_letters ORDER BY position DESC LIMIT ?", (limit,))
        names = _LETTER_FIELDS.split(", ")
        return [DeadLetter(**dict(zip(names, row, strict=True))) for row in rows]

    def dead_letter_count(self) -> int:
        return int(self._read("SELECT value FROM meta WHERE name = 'letters'")[0][0])

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._reading, self._errors("read"):
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"cannot {doing} the ledger {self._path}: {_why(error)}") from error


def _why(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorname", "")[:14]:
        case "SQLITE_FULL":
            return "the disk is full; make room, nothing is acknowledged until then"
        case "SQLITE_CANTOPE":
            return "its folder is missing or may not be written"
        case "SQLITE_READONL":
            return "it may not be written"
        case "SQLITE_NOTADB":
            return "it is not an SQLite file"
        case _:
            return str(error)

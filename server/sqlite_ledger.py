"""The ledger in an SQLite file: write-ahead log, every commit on disk before it is answered.

Reading has a connection of its own, so that a page never waits for a commit.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from smartcart.edge.events import Correction
from smartcart.server.basket import Closing, Fault, StoredCorrection, StoredEvent
from smartcart.server.catalogue import Match
from smartcart.server.ledger import (
    CLOSED_ALREADY,
    ID_TAKEN,
    KEPT_LETTERS,
    KNOWN,
    NEW,
    NO_EVENT,
    NO_SESSION,
    SEQ_TAKEN,
    Cursor,
    DeadLetter,
    LedgerError,
    News,
    RecordType,
    SessionKey,
    SessionState,
    Verdict,
    dead_letter_of,
    forgotten,
    place,
    refused,
)
from smartcart.server.rows import (
    CORRECTION_READ,
    EVENT_FIELDS,
    EVENT_READ,
    LETTER_FIELDS,
    closing_of,
    correction_of,
    event_of,
    event_row,
    letter_of,
    letter_row,
    record_message,
)
from smartcart.server.sqlite_schema import VERSION, migrate, version_of

_INSERT_EVENT: Final = (
    f"INSERT INTO events ({', '.join(EVENT_FIELDS)}, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_INSERT_LETTER: Final = (
    f"INSERT INTO dead_letters ({', '.join(LETTER_FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_OF: Final = "store = ? AND cart = ? AND session = ?"


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
        self._checked_version()  # before anything is written
        db.execute("PRAGMA journal_mode = WAL")
        with self._transaction():  # of two that start at once the second finds the work done
            version = self._checked_version()
            if version < VERSION:
                migrate(db, version)
        return str(db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])

    def _checked_version(self) -> int:
        version = version_of(self._writer)
        if version is None:
            raise LedgerError(f"{self._path} is another program's database: give --ledger another file")
        if version > VERSION:
            raise LedgerError(f"{self._path} is a ledger of version {version}, newer than {VERSION}: update smartcart")
        return version

    # --- writing --------------------------------------------------------------------------------------------------

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        with self._writing, self._errors("write"), self._transaction():
            states: dict[tuple[str, str, str], int] = {}
            verdicts = [self._insert(stored, states) for stored in events]
            for letter in letters:
                self._bury(letter, states)
            if letters:
                self._trim()
            return verdicts

    def _insert(self, stored: StoredEvent, states: dict[tuple[str, str, str], int]) -> Verdict:
        event, db = stored.event, self._writer
        state = self._open(states, (event.store, event.cart, event.session))
        if state == SessionState.ERASED:
            return KNOWN
        if db.execute(_INSERT_EVENT, (*event_row(stored), state)).rowcount:
            return NEW
        known = db.execute("SELECT store, cart, session, seq FROM events WHERE id = ?", (event.id,)).fetchone()
        if known == place(event):
            return KNOWN
        reason = ID_TAKEN if known else SEQ_TAKEN
        self._bury(dead_letter_of(stored, reason), states)
        return refused(reason)

    def _open(self, states: dict[tuple[str, str, str], int], key: tuple[str, str, str]) -> int:
        """The state of a session, which is made where it is not there yet."""
        if key not in states:
            found = self._state(key)
            if found is None:
                self._writer.execute("INSERT INTO sessions (store, cart, session) VALUES (?, ?, ?)", key)
            states[key] = found or SessionState.OPEN
        return states[key]

    def _state(self, key: tuple[str, str, str]) -> int | None:
        found = self._writer.execute(f"SELECT state FROM sessions WHERE {_OF}", key).fetchone()
        return found[0] if found else None

    def _bury(self, letter: DeadLetter, states: dict[tuple[str, str, str], int]) -> None:
        if letter.key and self._open(states, _columns(letter.key)) == SessionState.ERASED:
            letter = forgotten(letter)
        # a letter of no session has NULLs in its key, which SQL takes for different each time
        if self._writer.execute(_INSERT_LETTER, letter_row(letter)).rowcount:
            self._writer.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'letters'")

    def _trim(self) -> None:
        self._writer.execute(
            "DELETE FROM dead_letters WHERE session IS NULL AND position IN (SELECT position FROM dead_letters "
            "WHERE session IS NULL ORDER BY position DESC LIMIT -1 OFFSET ?)",
            (KEPT_LETTERS,),
        )

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        with self._writing, self._errors("write"), self._transaction():
            verdict = self._record_known(key, correction)
            if verdict is None and correction.corrects and not self._is_there(key, correction.corrects):
                verdict = refused(NO_EVENT)
            return verdict or self._record(key, RecordType.CORRECTED, correction, match)

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        with self._writing, self._errors("write"), self._transaction():
            verdict = self._record_known(key, closing)
            if verdict is None and self._state(_columns(key)) == SessionState.CLOSED:
                verdict = refused(CLOSED_ALREADY)
            if verdict is None:
                self._writer.execute(
                    f"UPDATE sessions SET state = ? WHERE {_OF}", (SessionState.CLOSED, *_columns(key))
                )
            return verdict or self._record(key, RecordType.CLOSED, closing, Match())

    def _record_known(self, key: SessionKey, record: Correction | Closing) -> Verdict | None:
        known = self._writer.execute(
            "SELECT store, cart, session, message FROM records WHERE id = ?", (record.id,)
        ).fetchone()
        if known:
            return KNOWN if known == (*_columns(key), record_message(record)) else refused(ID_TAKEN)
        return refused(NO_SESSION) if self._state(_columns(key)) in (None, SessionState.ERASED) else None

    def _is_there(self, key: SessionKey, event_id: str) -> bool:
        """Whether a correction may name it: an event, a fault or a correction by hand of this session."""
        queries = (
            f"SELECT 1 FROM events WHERE {_OF} AND id = ?",
            f"SELECT 1 FROM dead_letters WHERE {_OF} AND event_id = ?",
            f"SELECT 1 FROM records WHERE {_OF} AND id = ? AND type = 'item_corrected' "
            "AND json_extract(message, '$.corrects') IS NULL",
        )
        return any(self._writer.execute(query, (*_columns(key), event_id)).fetchone() for query in queries)

    def _record(self, key: SessionKey, kind: RecordType, record: Correction | Closing, match: Match) -> Verdict:
        of = _columns(key)
        self._writer.execute(
            "INSERT INTO records (id, type, store, cart, session, number, after, message, match) "
            f"VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM records WHERE {_OF}), "
            f"(SELECT coalesce(max(seq), 0) FROM events WHERE {_OF}), ?, ?)",
            (record.id, kind, *of, *of, *of, record_message(record), match.to_text()),
        )
        return NEW

    # --- reading --------------------------------------------------------------------------------------------------

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        rows = self._read(f"SELECT {EVENT_READ} FROM events WHERE {_OF} ORDER BY seq", _columns(key))
        return [event_of(row) for row in rows]

    def session_faults(self, key: SessionKey) -> list[Fault]:
        rows = self._read(
            f"SELECT event_id, seq, reason FROM dead_letters WHERE {_OF} AND event_id IS NOT NULL ORDER BY position",
            _columns(key),
        )
        return [Fault(event_id=event_id, seq=seq, reason=reason) for event_id, seq, reason in rows]

    def session_corrections(self, key: SessionKey) -> list[StoredCorrection]:
        query = f"SELECT {CORRECTION_READ} FROM records WHERE {_OF} AND type = ? ORDER BY number"
        return [correction_of(row) for row in self._read(query, (*_columns(key), RecordType.CORRECTED))]

    def session_closing(self, key: SessionKey) -> Closing | None:
        query = f"SELECT id, message FROM records WHERE {_OF} AND type = ?"
        rows = self._read(query, (*_columns(key), RecordType.CLOSED))
        return closing_of(*rows[0]) if rows else None

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        rows = self._read(
            "SELECT session FROM sessions WHERE store = ? AND cart = ? AND state < ? ORDER BY position DESC LIMIT ?",
            (store, cart, SessionState.ERASED, limit),
        )
        return [SessionKey(store=store, cart=cart, session=session) for (session,) in rows]

    def current_sessions(self) -> list[SessionKey]:
        rows = self._read(
            "SELECT store, cart, session FROM sessions WHERE position IN "
            "(SELECT max(position) FROM sessions WHERE state < ? GROUP BY store, cart) ORDER BY position",
            (SessionState.ERASED,),
        )
        return [_key(row) for row in rows]

    def news(self, since: Cursor | None) -> News:
        """A cursor is the last position of each table, and the generation, which changes when rows are deleted."""
        meta = dict(self._read("SELECT name, CAST(value AS INTEGER) FROM meta WHERE name IN ('generation', 'letters')"))
        generation, count = meta["generation"], meta["letters"]
        if since is None or since[-1] != generation:
            tops = self._read(
                "SELECT coalesce((SELECT max(position) FROM events), 0), "
                "coalesce((SELECT max(position) FROM records), 0), "
                "coalesce((SELECT max(position) FROM dead_letters), 0)"
            )[0]
            return News(cursor=(*tops, generation), dead_letters=count, all_again=since is not None)
        events = self._read(
            f"SELECT position, {EVENT_READ} FROM events WHERE position > ? ORDER BY position", since[:1]
        )
        columns = "position, store, cart, session"
        records = self._read(f"SELECT {columns} FROM records WHERE position > ? ORDER BY position", since[1:2])
        letters = self._read(f"SELECT {columns} FROM dead_letters WHERE position > ? ORDER BY position", since[2:3])
        tables = (events, records, letters)
        cursor = tuple(rows[-1][0] if rows else last for rows, last in zip(tables, since, strict=False))
        changed = [_key(row[1:]) for row in (*records, *letters) if row[3] is not None]
        return News(
            cursor=(*cursor, generation),
            dead_letters=count,
            events=tuple(event_of(row[1:]) for row in events),
            sessions=frozenset(changed),
        )

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        fields = ", ".join(LETTER_FIELDS)
        rows = self._read(f"SELECT {fields} FROM dead_letters ORDER BY position DESC LIMIT ?", (limit,))
        return [letter_of(row) for row in rows]

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


def _columns(key: SessionKey) -> tuple[str, str, str]:
    return key.store, key.cart, key.session


def _key(row: Sequence[str]) -> SessionKey:
    store, cart, session = row
    return SessionKey(store=store, cart=cart, session=session)


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

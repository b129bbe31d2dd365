"""The ledger in an SQLite file: write-ahead log, every commit on disk before it is acknowledged.

Reading uses its own connection, so that a page never waits for a commit.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import Closing, SessionKey, StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.database.open_files import OpenFiles
from smartcart.server.ledger import sql_quota, sql_records
from smartcart.server.ledger.port import (
    ID_TAKEN,
    KEPT_LETTERS,
    KNOWN,
    NEW,
    SEQ_TAKEN,
    TOO_MANY_SESSIONS,
    Cursor,
    DeadLetter,
    Erasure,
    LedgerError,
    News,
    SessionState,
    Verdict,
    as_kept,
    dead_letter_of,
    place,
    refused,
)
from smartcart.server.ledger.rows import (
    EVENT_FIELDS,
    EVENT_READ,
    LETTER_FIELDS,
    OF_SESSION,
    Row,
    columns_of,
    event_row,
    events_of,
    key_of,
    letter_row,
    unreadable_sessions,
)
from smartcart.server.ledger.sql_reading import SQLReading
from smartcart.server.ledger.sqlite_schema import DAMAGE, VERSION, migrate, version_of

_INSERT_EVENT: Final = (
    f"INSERT INTO events ({', '.join(EVENT_FIELDS)}, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_INSERT_LETTER: Final = f"INSERT INTO dead_letters ({', '.join(LETTER_FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_REMEMBERED: Final = 10_000
"""Number of sessions whose state is remembered from one batch to the next."""

_PATIENCE: Final = 5.0
"""Seconds to wait for another connection that writes to the file."""

States = dict[tuple[str, ...], int]


class _NotAllNewError(Exception):
    """A batch contains an event that is known, refused or erased: it is stored event by event."""


class SQLiteLedger(SQLReading):
    """See ``smartcart.server.ledger.port.Ledger``."""

    def __init__(self, path: Path, *, existing: bool = False) -> None:
        """Opens the file, or creates it; with ``existing`` it must exist and be up to date.

        Raises:
            LedgerError: the file cannot be written, is not a ledger, or is of a newer version.
        """
        self._path = path
        if existing and not path.is_file():
            raise LedgerError(f"there is no ledger at {path}")
        self._writing = threading.Lock()
        self._states: States = {}
        self._states_version = 0
        self._reading = threading.Lock()
        self._files: OpenFiles | None = None
        with self._errors("open"):
            self._writer = self._connect()
            try:
                self.identity = self._prepare(existing)
                self._files = OpenFiles(path)
                self._reader = self._connect()
                self._reader.execute("PRAGMA query_only = ON")
            except BaseException:
                self._writer.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
        connection.text_factory = partial(
            str, encoding="utf-8", errors="replace"
        )  # a text may be damaged like any byte
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")  # erased data must not remain in free pages
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _check_files(self) -> None:
        gone = self._files.gone() if self._files else None
        if gone:
            raise LedgerError(
                f"the ledger's file {gone} was deleted or replaced while the server used it; nothing is "
                "acknowledged any more: stop the server, put the file or a backup back, and start it again"
            )

    def _prepare(self, existing: bool) -> str:
        db, version = self._writer, self._checked_version()  # before anything is written
        if existing and version < VERSION:
            raise LedgerError(
                f"{self._path} is a ledger of version {version}, older than {VERSION}: "
                "`smartcart server` brings it up to date when it starts"
                if version
                else f"{self._path} is empty, not a ledger"
            )
        if not existing:
            self._write_ahead()
            with self._transaction():  # of two that start at once, the second finds the work done
                version = self._checked_version()
                if version < VERSION:
                    migrate(db, version)
        return str(db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])

    def _write_ahead(self) -> None:
        """Switches the journal: the one step at which SQLite does not wait for a writer, even if configured to."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def _checked_version(self) -> int:
        version = version_of(self._writer)
        if version is None:
            raise LedgerError(f"{self._path} is another program's database: give --ledger another file")
        if version > VERSION:
            raise LedgerError(f"{self._path} is a ledger of version {version}, newer than {VERSION}: update smartcart")
        return version

    # --- writing --------------------------------------------------------------------------------------------------

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        rows = [event_row(stored) for stored in events]  # before anybody else has to wait
        with self._writing, self._errors("write"):
            try:
                with self._transaction():
                    self._insert_all(rows)
                    self._bury_all(letters)
                    return [NEW] * len(rows)
            except _NotAllNewError:
                with self._transaction():
                    states: States = {}
                    verdicts = [self._insert(*entry, states) for entry in zip(events, rows, strict=True)]
                    unfit = [dead_letter_of(s, v.reason) for s, v in zip(events, verdicts, strict=True) if v.reason]
                    self._bury_all([*unfit, *letters])
                    return verdicts

    def _insert_all(self, rows: Sequence[Row]) -> None:
        """Inserts a batch in one go, which works in the usual case: all of it new."""
        states = self._remembered()
        late = [(*row, self._opened(states, row[1:4], stored_at=row[5])) for row in rows]
        if any(row[-1] in (None, SessionState.ERASED) for row in late):
            raise _NotAllNewError
        if rows and self._writer.executemany(_INSERT_EVENT, late).rowcount != len(rows):
            raise _NotAllNewError

    def _insert(self, stored: StoredEvent, row: Row, states: States) -> Verdict:
        state = self._opened(states, row[1:4], stored_at=stored.stored_at)
        if state is None:
            return refused(TOO_MANY_SESSIONS)
        if state == SessionState.ERASED:
            return KNOWN
        db, event = self._writer, stored.event
        if db.execute(_INSERT_EVENT, (*row, state)).rowcount:
            return NEW
        known = db.execute("SELECT store, cart, session, seq FROM events WHERE id = ?", (event.id,)).fetchone()
        if known == place(event):
            return KNOWN
        return refused(ID_TAKEN if known else SEQ_TAKEN)

    def _remembered(self) -> States:
        """States that still hold, since no other connection has written to the file meanwhile."""
        version = self._writer.execute("PRAGMA data_version").fetchone()[0]
        if version != self._states_version or len(self._states) > _REMEMBERED:
            self._states, self._states_version = {}, version
        return self._states

    def _opened(self, states: States, key: tuple[str, ...], *, stored_at: str) -> int | None:
        """The state of a session, which is begun if it does not exist; None if its cart may begin no more."""
        if key not in states:
            found = self._state(key)
            if found is None:
                if not sql_quota.may_begin(self._ask, key_of(key), stored_at):
                    return None
                self._begin(key)
            states[key] = found or SessionState.OPEN
        return states[key]

    def _begin(self, key: tuple[str, ...]) -> None:
        self._writer.execute("INSERT INTO sessions (store, cart, session) VALUES (?, ?, ?)", key)

    def _state(self, key: tuple[str, ...]) -> int | None:
        found = self._writer.execute(f"SELECT state FROM sessions WHERE {OF_SESSION}", key).fetchone()
        return found[0] if found else None

    def _bury_all(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._bury(letter)
        if letters:
            sql_quota.trim(self._ask, {(letter.store, letter.cart) for letter in letters if letter.cart})
            self._trim()

    def _bury(self, letter: DeadLetter) -> None:
        if letter.key is not None:
            kept = self._placed(letter, letter.key)
            if kept is None:
                return
            letter = kept
        self._writer.execute(_INSERT_LETTER, letter_row(letter))
        self._writer.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'letters'")

    def _placed(self, letter: DeadLetter, key: SessionKey) -> DeadLetter | None:
        """See ``as_kept``; its session is begun if it does not exist."""
        columns = columns_of(key)
        state = self._state(columns)
        grants = state is not None or sql_quota.may_begin(self._ask, key, letter.received_at)
        query = f"SELECT event_id FROM dead_letters WHERE {OF_SESSION} AND event_id IS NOT NULL"
        placed = {row[0] for row in self._ask(query, columns)}
        room = sql_quota.room(self._ask, key) if grants else 0
        kept = as_kept(letter, state or SessionState.OPEN, placed, room)
        if kept is not None and kept.key is not None and state is None:
            self._begin(columns)
        return kept

    def _trim(self) -> None:
        self._writer.execute(
            "DELETE FROM dead_letters WHERE session IS NULL AND position IN (SELECT position FROM dead_letters "
            "WHERE session IS NULL ORDER BY position DESC LIMIT -1 OFFSET ?)",
            (KEPT_LETTERS,),
        )

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        with self._writing, self._errors("write"), self._transaction():
            return sql_records.correct(self._ask, key, correction, match)

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        with self._writing, self._errors("write"), self._transaction():
            self._states.pop(columns_of(key), None)
            return sql_records.close_session(self._ask, key, closing)

    def erase_session(self, key: SessionKey, erasure: Erasure) -> Verdict:
        with self._writing, self._errors("write"), self._transaction():
            self._states.pop(columns_of(key), None)
            verdict = sql_records.erase_session(self._ask, key, erasure)
            if verdict == NEW:
                self._deleted()
            return verdict

    def forget_letters(self, before: str) -> int:
        with self._writing, self._errors("write"), self._transaction():
            query = "DELETE FROM dead_letters WHERE session IS NULL AND received_at < ?"
            return self._writer.execute(query, (before,)).rowcount

    def _deleted(self) -> None:
        """Tells readers of the news that positions may be reused."""
        self._ask("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'")

    def _ask(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._writer.execute(query, values).fetchall()

    # --- reading --------------------------------------------------------------------------------------------------

    def news(self, since: Cursor | None) -> News:
        """A cursor is the last position of each table, and the generation, which changes when rows are deleted."""
        meta = dict(self._read("SELECT name, CAST(value AS INTEGER) FROM meta WHERE name IN ('generation', 'letters')"))
        with self._errors("read"):
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
        changed = [key_of(row[1:]) for row in (*records, *letters) if row[3] is not None]
        carts = frozenset((row[1], row[2]) for row in letters if row[3] is None and row[2] is not None)
        return News(
            cursor=(*cursor, generation),
            dead_letters=count,
            events=tuple(events_of(row[1:] for row in events)),
            sessions=frozenset(changed) | unreadable_sessions(row[1:] for row in events),
            carts=carts,
        )

    def integrity(self) -> Iterator[str]:
        """As ``SQLReading``, plus SQLite's own check of the file's pages and indexes."""
        for (said,) in self._read("PRAGMA integrity_check(20)"):
            if said != "ok":
                yield f"the file is damaged: {said}"
        yield from super().integrity()

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reading, self._errors("read"):
            self._check_files()
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._check_files()
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
            self._check_files()
        except BaseException:
            self._states = {}
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise LedgerError(f"cannot {doing} the ledger {self._path}: {_why(error)}") from error


def _why(error: Exception) -> str:
    match getattr(error, "sqlite_errorname", "")[:14]:
        case "SQLITE_FULL":
            return "the disk is full; make room, nothing is acknowledged until then"
        case "SQLITE_CANTOPE":
            return "its folder is missing or not writable"
        case "SQLITE_READONL":
            return "it is not writable"
        case "SQLITE_NOTADB":
            return "it is not an SQLite file"
        case _:
            return str(error)

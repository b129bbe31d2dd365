"""The outbox: events wait in SQLite until the server confirms that it has committed them.

A broker's PUBACK does not mean stored, so nothing is deleted before the server's own *committed* message. The
transaction that stores an event also assigns its id and sequence number, so a crash can neither lose nor repeat one.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Final

from smartcart.edge.contract.events import Event
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.delivery.sink import Build, SinkError

VERSION: Final = 1
CAPACITY: Final = 10_000
MAX_BYTES: Final = 64 * 2**20
NEARLY: Final = 0.8
KEPT_DEAD_LETTERS: Final = 1000
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_COUNT: Final = "SELECT COUNT(*) FROM waiting"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS owner (store TEXT NOT NULL, cart TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, open INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dead_letter (id TEXT PRIMARY KEY, payload BLOB NOT NULL, reason TEXT NOT NULL);
"""


class OutboxError(SinkError):
    """The outbox file cannot be used; the message says what to do."""


class OutboxFullError(OutboxError):
    """No room for another event; nothing was deleted or stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One event that awaits its commit."""

    id: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSession:
    """The newest session: the last stored sequence number, and whether the session was ended."""

    id: str
    last_seq: int
    open: bool


class Outbox:
    """One cart's outbox; safe to use from several threads.

    Args:
        capacity: the maximum number of events.
        max_bytes: their maximum size on disk; the outbox is full when either limit is reached.

    Raises:
        OutboxError: the file cannot be opened or written, is not an outbox, or belongs to another cart.
    """

    def __init__(
        self, path: Path, *, store: str, cart: str, capacity: int = CAPACITY, max_bytes: int = MAX_BYTES
    ) -> None:
        self._path = path
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._guard = self._keep_others_out()
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
            self._prepare(store, cart)
            self._files = self._files_there()
        except (OSError, sqlite3.Error) as error:
            raise self._problem(error) from error

    def open_session(self) -> str | None:
        """The session that was not ended, if any; after a crash it continues."""
        rows = self._read("SELECT id FROM session WHERE open = 1")
        return str(rows[0][0]) if rows else None

    def last_session(self) -> LastSession | None:
        """The newest session, open or not; this state is committed together with the events."""
        rows = self._read("SELECT id, last_seq, open FROM session ORDER BY rowid DESC LIMIT 1")
        return LastSession(id=rows[0][0], last_seq=rows[0][1], open=bool(rows[0][2])) if rows else None

    def start_session(self, build: Build) -> Event:
        """Opens a session with its first event; raises as ``append`` does.

        ``build`` gets the event's id and sequence number and returns the event, whose ``session`` is opened.
        """
        return self._store(build, opens=True)

    def append(self, build: Build, *, ends: bool = False) -> Event:
        """Stores one event of the open session; ``ends`` also closes the session.

        Raises:
            OutboxFullError: the outbox is at its capacity.
            OutboxError: the disk is full or the file cannot be written; nothing was stored.
        """
        return self._store(build, ends=ends)

    def waiting(self, limit: int = 100) -> Sequence[Letter]:
        """The oldest events without a commit, in order."""
        rows = self._read("SELECT id, payload FROM waiting ORDER BY position LIMIT ?", limit)
        return [Letter(id=i, payload=p) for i, p in rows]

    def depth(self) -> int:
        """The number of waiting events."""
        return int(self._read(_COUNT)[0][0])

    def full(self) -> bool:
        """True if the next event would be refused."""
        return self.fill() >= 1

    def nearly_full(self) -> bool:
        """True if somebody should find out why nothing is delivered."""
        return self.fill() >= NEARLY

    def fill(self) -> float:
        """Fill level from 0 to slightly above 1, by number or by bytes, whichever is more."""
        with self._lock, self._problems():
            return self._fill()

    def committed(self, ids: Sequence[str]) -> None:
        """Deletes events that the server has committed; an unknown id is an old answer and is ignored."""
        with self._transaction():
            self._db.executemany("DELETE FROM waiting WHERE id = ?", [(i,) for i in ids])

    def rejected(self, refusals: Sequence[tuple[str, str]]) -> None:
        """Sets refused events aside with the server's reason; the newest 1,000 are kept."""
        with self._transaction():
            for event_id, reason in refusals:
                self._db.execute(
                    "INSERT OR IGNORE INTO dead_letter SELECT id, payload, ?2 FROM waiting WHERE id = ?1",
                    (event_id, reason),
                )
                self._db.execute("DELETE FROM waiting WHERE id = ?", (event_id,))
            self._db.execute(
                "DELETE FROM dead_letter WHERE rowid <= (SELECT MAX(rowid) FROM dead_letter) - ?", (KEPT_DEAD_LETTERS,)
            )

    def dead_letters(self) -> Sequence[tuple[str, str]]:
        """Refused events: id and reason."""
        return self._read("SELECT id, reason FROM dead_letter ORDER BY id")

    def close(self) -> None:
        with self._lock:
            self._db.close()
            self._guard.close()

    def _files_there(self) -> list[tuple[int, int] | None]:
        """Device and inode of the file, its write-ahead log and the log's index; None for a missing file."""
        return [_identity(self._path.with_name(self._path.name + ending)) for ending in ("", "-wal", "-shm")]

    def _check_files(self) -> None:
        """Anything written to a deleted or replaced file is lost with this process, so nothing may depend on it."""
        if self._files_there() != self._files:
            raise OutboxError(
                f"{self._path}: it, or its -wal or -shm, was deleted or replaced while the cart used it; no more "
                "events are accepted: stop the cart, put the file back if there is one, and start it again"
            )

    def _keep_others_out(self) -> sqlite3.Connection:
        """A lock that ends with the process: two edges on one outbox would publish everything twice."""
        guard = sqlite3.connect(f"{self._path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            guard.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            guard.close()
            raise OutboxError(f"{self._path}: another smartcart edge uses it; stop that one first") from None
        return guard

    def _prepare(self, store: str, cart: str) -> None:
        damage = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            raise self._damaged(damage)
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise OutboxError(f"{self._path}: was written by a newer smartcart (outbox version {version}); update")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA fullfsync = ON")  # macOS: past the disk's own cache; no effect elsewhere
        self._db.executescript(_TABLES)
        self._db.execute(f"PRAGMA user_version = {VERSION}")
        self._db.execute("BEGIN IMMEDIATE")
        owner = self._db.execute("SELECT store, cart FROM owner").fetchone()
        if owner is None:
            self._db.execute("INSERT INTO owner VALUES (?, ?)", (store, cart))
        self._db.execute("COMMIT")
        if owner not in (None, (store, cart)):
            raise OutboxError(
                f"{self._path}: belongs to cart {owner[0]}/{owner[1]}, not {store}/{cart}; give each cart its own file"
            )

    def _store(self, build: Build, *, opens: bool = False, ends: bool = False) -> Event:
        with self._transaction():
            return self._insert(build, opens, ends)

    def _insert(self, build: Build, opens: bool, ends: bool) -> Event:
        if self._fill() >= 1:
            raise OutboxFullError(
                f"{self._path} is full: no more events are accepted until the server has committed some"
            )
        row = None if opens else self._db.execute("SELECT id, last_seq FROM session WHERE open = 1").fetchone()
        seq = 1 if row is None else row[1] + 1
        if row is None and not opens:
            raise OutboxError(f"{self._path}: no session is open")
        event = build(uuid7(), seq)
        if opens:
            self._db.execute("DELETE FROM session")  # only the newest is ever needed
            self._db.execute("INSERT INTO session VALUES (?, ?, 1)", (event.session, seq))
        self._db.execute("UPDATE session SET last_seq = ?, open = ? WHERE id = ?", (seq, int(not ends), event.session))
        self._db.execute("INSERT INTO waiting (id, payload) VALUES (?, ?)", (event.id, event.to_bytes()))
        return event

    def _fill(self) -> float:
        waiting = self._db.execute(_COUNT).fetchone()[0] / self._capacity
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return float(max(waiting, (pages - free) * size / self._max_bytes))

    def _read(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with self._lock, self._problems():
            self._check_files()
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commits the block as a whole, or nothing of it if anything goes wrong."""
        with self._lock, self._problems():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._check_files()
                self._db.execute("COMMIT")
                self._check_files()
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._problem(error) from error

    def _problem(self, error: Exception) -> OutboxError:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            return self._damaged(error)
        return OutboxError(
            f"{self._path}: the outbox cannot be used ({error}); check the free space of the disk and the "
            "permissions of the file"
        )

    def _damaged(self, what: object) -> OutboxError:
        away = self._path.parent / "damaged"
        return OutboxError(
            f"{self._path}: damaged, or not an outbox ({what}); move it away and start again, with a new session: "
            f"mkdir -p {quote(str(away))} && mv {quote(str(self._path))}* {quote(str(away))} (events in it that the "
            "server had not committed stay there)"
        )


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

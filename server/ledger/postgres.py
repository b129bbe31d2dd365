"""The ledger in PostgreSQL, in its own schema. Needs the extra ``postgres``.

A lost connection is reopened with the next use; until that succeeds, every use fails.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import psycopg

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import Closing, SessionKey, StoredEvent
from smartcart.server.catalogue.catalogue import Match
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
    session_of,
)
from smartcart.server.ledger.postgres_link import Link
from smartcart.server.ledger.postgres_schema import LOCK, VERSION, Connection, found_version, prepare
from smartcart.server.ledger.rows import (
    EVENT_FIELDS,
    EVENT_READ,
    LETTER_FIELDS,
    columns_of,
    event_row,
    events_of,
    key_of,
    letter_row,
    unreadable_sessions,
)
from smartcart.server.ledger.sql_reading import SQLReading

_INSERT_EVENTS: Final = (
    f"INSERT INTO events ({', '.join(EVENT_FIELDS)}, late) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], "
    "%s::text[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::boolean[]) "
    "ON CONFLICT DO NOTHING RETURNING id, store, cart, session, seq"
)
_INSERT_LETTERS: Final = (
    f"INSERT INTO dead_letters ({', '.join(LETTER_FIELDS)}) SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], "
    "%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
    "ON CONFLICT DO NOTHING RETURNING position"
)
_INSERT_SESSIONS: Final = (
    "INSERT INTO sessions (store, cart, session) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) "
    "ON CONFLICT DO NOTHING"
)
_STATES: Final = (
    "SELECT store, cart, session, state FROM sessions JOIN unnest(%s::text[], %s::text[], %s::text[]) "
    "AS asked (store, cart, session) USING (store, cart, session)"
)
_PLACED: Final = (
    "SELECT store, cart, session, event_id FROM dead_letters JOIN unnest(%s::text[], %s::text[], %s::text[]) "
    "AS asked (store, cart, session) USING (store, cart, session) WHERE event_id IS NOT NULL"
)

_ALIVE: Final = (SessionState.OPEN, SessionState.CLOSED)

Cursors = psycopg.Cursor[tuple[Any, ...]]
Place = tuple[str, str, str, int]
States = dict[SessionKey, int]


class PostgresLedger(SQLReading):
    """See ``smartcart.server.ledger.port.Ledger``."""

    def __init__(self, url: str, *, existing: bool = False) -> None:
        """Connects, creates the tables if there are none, and migrates older ones.

        With ``existing``, tables must exist and be up to date.

        Raises:
            LedgerError: the database cannot be reached, or the tables are of a newer version.
        """
        self._writer = Link(url)
        self._reader = Link(url)
        try:
            with self._writer.use("open") as connection:
                version = found_version(connection)
                if version > VERSION:
                    raise LedgerError(f"the ledger is of version {version}, newer than {VERSION}: update smartcart")
                if existing and version < VERSION:
                    raise LedgerError(
                        f"the ledger is of version {version}, older than {VERSION}: "
                        "`smartcart server` brings it up to date when it starts"
                        if version
                        else "there is no ledger in this database"
                    )
                self.identity = prepare(connection, version)
        except BaseException:
            self.close()
            raise

    # --- writing --------------------------------------------------------------------------------------------------

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        keys = [session_of(stored.event) for stored in events]
        with self._writer.use("write") as connection, connection.cursor() as cursor:
            # nobody closes or corrects a session while a batch is under way
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOCK,))
            ask = partial(_ask, connection)
            states = _open(cursor, ask, events)
            alive = [s for s, key in zip(events, keys, strict=True) if states.get(key) in _ALIVE]
            new = _insert_events(cursor, alive, states)
            places = _places(cursor, [s.event.id for s in alive]) if len(new) < len(alive) else {}
            verdicts = [_judge(stored, states.get(key), new, places) for stored, key in zip(events, keys, strict=True)]
            unfit = [dead_letter_of(s, v.reason) for s, v in zip(events, verdicts, strict=True) if v.reason]
            _bury(cursor, ask, [*unfit, *letters])
        return verdicts

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        with self._alone() as ask:
            return sql_records.correct(ask, key, correction, match)

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        with self._alone() as ask:
            return sql_records.close_session(ask, key, closing)

    def erase_session(self, key: SessionKey, erasure: Erasure) -> Verdict:
        with self._alone() as ask:
            return sql_records.erase_session(ask, key, erasure)

    def forget_letters(self, before: str) -> int:
        with self._writer.use("write") as connection:
            query = "DELETE FROM dead_letters WHERE session IS NULL AND received_at < %s"
            return connection.execute(query, (before,)).rowcount

    @contextmanager
    def _alone(self) -> Iterator[sql_records.Ask]:
        """While no other server and no batch writes: for rare actions of people."""
        with self._writer.use("write") as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            yield partial(_ask, connection)

    # --- reading --------------------------------------------------------------------------------------------------

    def news(self, since: Cursor | None) -> News:
        """A cursor is the oldest transaction that was still under way: everything it or a later one wrote is new.

        Positions do not suffice: of two transactions, the one with the higher positions may become visible first.
        """
        with self._reader.use("read") as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            ((oldest, letters),) = connection.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, value FROM meta WHERE name = 'letters'"
            ).fetchall()
            cursor, count = (int(oldest),), int(letters)
            if since is None:
                return News(cursor=cursor, dead_letters=count)
            after = (str(since[0]),)
            events = connection.execute(
                f"SELECT {EVENT_READ} FROM events WHERE xact >= %s::xid8 ORDER BY position", after
            ).fetchall()
            changed = connection.execute(
                "SELECT store, cart, session FROM records WHERE xact >= %s::xid8 UNION "
                "SELECT store, cart, session FROM dead_letters WHERE xact >= %s::xid8 AND cart IS NOT NULL",
                after * 2,
            ).fetchall()
        return News(
            cursor=cursor,
            dead_letters=count,
            events=tuple(events_of(events)),
            sessions=frozenset(key_of(row) for row in changed if row[2]) | unreadable_sessions(events),
            carts=frozenset(row[:2] for row in changed if not row[2]),
        )

    def close(self) -> None:
        self._writer.close()
        self._reader.close()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reader.use("read") as connection:
            return _ask(connection, query, values)


def _ask(connection: Connection, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of a query with ``?`` for values; a statement without a result gives an empty list."""
    cursor = connection.execute(query.replace("?", "%s"), values)
    return cursor.fetchall() if cursor.description else []


def _open(cursor: Cursors, ask: sql_records.Ask, events: Sequence[StoredEvent]) -> States:
    """The states of these events' sessions, which are begun if they do not exist and their carts may begin them."""
    times: dict[SessionKey, str] = {}
    for stored in events:
        times.setdefault(session_of(stored.event), stored.stored_at)
    states = _states(cursor, list(times))
    beside: Counter[tuple[str, str]] = Counter()
    for key in [key for key in times if key not in states]:
        if sql_quota.may_begin(ask, key, times[key], beside[key.store, key.cart]):
            beside[key.store, key.cart] += 1
        else:
            del times[key]
    if beside:
        _begin(cursor, [key for key in times if key not in states])
        states = _states(cursor, list(times))
    return states


def _begin(cursor: Cursors, keys: Iterable[SessionKey]) -> None:
    # in the order of carts, so that two servers with the same carts never deadlock; the sessions of one cart stay in
    # the order in which they began
    rows = [columns_of(key) for key in sorted(keys, key=lambda key: (key.store, key.cart))]
    if rows:
        cursor.execute(_INSERT_SESSIONS, list(map(list, zip(*rows, strict=True))))


def _states(cursor: Cursors, keys: Sequence[SessionKey]) -> States:
    if not keys:
        return {}
    cursor.execute(_STATES, list(map(list, zip(*map(columns_of, keys), strict=True))))
    return {key_of(row[:3]): row[3] for row in cursor.fetchall()}


def _insert_events(cursor: Cursors, events: Sequence[StoredEvent], states: States) -> set[tuple[str, Place]]:
    """Stores what is not stored yet; returns that."""
    if not events:
        return set()
    # in the order of places, so that two servers with the same events never deadlock
    rows = [
        (*event_row(stored), states[session_of(stored.event)] == SessionState.CLOSED)
        for stored in sorted(events, key=lambda stored: place(stored.event))
    ]
    cursor.execute(_INSERT_EVENTS, list(map(list, zip(*rows, strict=True))))
    return {(row[0], row[1:]) for row in cursor.fetchall()}


def _places(cursor: Cursors, ids: Sequence[str]) -> dict[str, Place]:
    cursor.execute("SELECT id, store, cart, session, seq FROM events WHERE id = ANY(%s)", (list(ids),))
    return {row[0]: row[1:] for row in cursor.fetchall()}


def _judge(stored: StoredEvent, state: int | None, new: set[tuple[str, Place]], places: dict[str, Place]) -> Verdict:
    """New the first time, and known from then on even within the same batch; without a state it has no session."""
    event = stored.event
    if state is None:
        return refused(TOO_MANY_SESSIONS)
    if state == SessionState.ERASED:
        return KNOWN
    if (event.id, place(event)) in new:
        new.discard((event.id, place(event)))
        return NEW
    if places.get(event.id) == place(event):
        return KNOWN
    return refused(ID_TAKEN if event.id in places else SEQ_TAKEN)


def _placed(cursor: Cursors, keys: Sequence[SessionKey]) -> dict[SessionKey, set[str]]:
    """The faults already in these sessions."""
    placed: dict[SessionKey, set[str]] = {key: set() for key in keys}
    if keys:
        cursor.execute(_PLACED, list(map(list, zip(*map(columns_of, keys), strict=True))))
        for *key, event_id in cursor.fetchall():
            placed[key_of(tuple(key))].add(event_id)
    return placed


def _kept(cursor: Cursors, ask: sql_records.Ask, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """See ``as_kept``; their sessions are begun if they do not exist."""
    keys = list(dict.fromkeys(letter.key for letter in letters if letter.key))
    states, placed = _states(cursor, keys), _placed(cursor, keys)
    rooms: dict[tuple[str, str], int] = {}
    begun: dict[SessionKey, None] = {}  # in the order in which they begin
    found = []
    for letter in letters:
        key, kept = letter.key, letter
        if key is not None:
            cart = key.store, key.cart
            if cart not in rooms:
                rooms[cart] = sql_quota.room(ask, key)
            beside = sum((other.store, other.cart) == cart for other in begun)
            grants = key in states or key in begun or sql_quota.may_begin(ask, key, letter.received_at, beside)
            known = as_kept(letter, states.get(key, SessionState.OPEN), placed[key], rooms[cart] if grants else 0)
            if known is None:
                continue
            kept = known
            if kept.key is not None:
                rooms[cart] -= 1
                if key not in states:
                    begun[key] = None
        found.append(kept)
    _begin(cursor, begun)
    return found


def _bury(cursor: Cursors, ask: sql_records.Ask, letters: Sequence[DeadLetter]) -> None:
    if not letters:
        return
    kept = _kept(cursor, ask, letters)
    rows = [letter_row(letter) for letter in kept]
    if not rows:
        return
    cursor.execute(_INSERT_LETTERS, list(map(list, zip(*rows, strict=True))))
    count = len(cursor.fetchall())
    cursor.execute("UPDATE meta SET value = (value::bigint + %s)::text WHERE name = 'letters'", (count,))
    sql_quota.trim(ask, sorted({(letter.store, letter.cart) for letter in kept if letter.store and letter.cart}))
    cursor.execute(
        "DELETE FROM dead_letters WHERE session IS NULL AND position IN (SELECT position FROM dead_letters "
        "WHERE session IS NULL ORDER BY position DESC OFFSET %s)",
        (KEPT_LETTERS,),
    )

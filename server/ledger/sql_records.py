"""The server's own records in an SQL ledger: what SQLite and PostgreSQL write alike.

Every function is called inside a transaction during which nobody else writes; queries have ``?`` for values.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import Closing, SessionKey
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.port import (
    CLOSED_ALREADY,
    ID_TAKEN,
    KNOWN,
    NEW,
    NO_EVENT,
    NO_SESSION,
    Erasure,
    Record,
    RecordType,
    SessionState,
    Verdict,
    refused,
)
from smartcart.server.ledger.rows import OF_SESSION, columns_of, record_message

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs one statement and returns its rows."""

_NOTHING: Final = Match()


def correct(ask: Ask, key: SessionKey, correction: Correction, match: Match) -> Verdict:
    """See ``Ledger.correct``."""
    verdict = _known(ask, key, correction)
    if verdict is None and correction.corrects and not _is_there(ask, key, correction.corrects):
        verdict = refused(NO_EVENT)
    return verdict or _write(ask, key, RecordType.CORRECTED, correction, match)


def close_session(ask: Ask, key: SessionKey, closing: Closing) -> Verdict:
    """See ``Ledger.close_session``."""
    verdict = _known(ask, key, closing)
    if verdict is None and _state(ask, key) == SessionState.CLOSED:
        verdict = refused(CLOSED_ALREADY)
    if verdict is not None:
        return verdict
    _set_state(ask, key, SessionState.CLOSED)
    return _write(ask, key, RecordType.CLOSED, closing, _NOTHING)


def erase_session(ask: Ask, key: SessionKey, erasure: Erasure) -> Verdict:
    """See ``Ledger.erase_session``. The session's own row stays, marked as erased."""
    verdict = KNOWN if _state(ask, key) == SessionState.ERASED else _known(ask, key, erasure)
    if verdict is not None:
        return verdict
    for table in ("events", "records", "dead_letters"):
        ask(f"DELETE FROM {table} WHERE {OF_SESSION}", columns_of(key))
    _set_state(ask, key, SessionState.ERASED)
    return _write(ask, key, RecordType.ERASED, erasure, _NOTHING)


def _state(ask: Ask, key: SessionKey) -> int | None:
    rows = ask(f"SELECT state FROM sessions WHERE {OF_SESSION}", columns_of(key))
    return rows[0][0] if rows else None


def _set_state(ask: Ask, key: SessionKey, state: SessionState) -> None:
    ask(f"UPDATE sessions SET state = ? WHERE {OF_SESSION}", (state, *columns_of(key)))


def _known(ask: Ask, key: SessionKey, record: Record) -> Verdict | None:
    """The verdict on a record that exists already, or whose session does not exist."""
    known = ask("SELECT store, cart, session, message FROM records WHERE id = ?", (record.id,))
    if known:
        return KNOWN if known[0] == (*columns_of(key), record_message(record)) else refused(ID_TAKEN)
    return refused(NO_SESSION) if _state(ask, key) in (None, SessionState.ERASED) else None


def _is_there(ask: Ask, key: SessionKey, name: str) -> bool:
    """True if a correction may name it: an event, a fault or another correction of this session."""
    of = columns_of(key)
    if ask(f"SELECT 1 FROM events WHERE {OF_SESSION} AND id = ?", (*of, name)):
        return True
    if ask(f"SELECT 1 FROM dead_letters WHERE {OF_SESSION} AND event_id = ?", (*of, name)):
        return True
    query = f"SELECT 1 FROM records WHERE {OF_SESSION} AND id = ? AND type = ?"
    return bool(ask(query, (*of, name, RecordType.CORRECTED)))


def _write(ask: Ask, key: SessionKey, kind: RecordType, record: Record, match: Match) -> Verdict:
    of = columns_of(key)
    ((number,),) = ask(f"SELECT coalesce(max(number), 0) + 1 FROM records WHERE {OF_SESSION}", of)
    ((after,),) = ask(f"SELECT coalesce(max(seq), 0) FROM events WHERE {OF_SESSION}", of)
    ask(
        "INSERT INTO records (id, type, store, cart, session, number, after, message, match) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (record.id, str(kind), *of, number, after, record_message(record), match.to_text()),
    )
    return NEW

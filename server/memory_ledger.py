"""A ledger that forgets everything with the process: for tests and for trying things out."""

import threading
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from smartcart.edge.events import Correction
from smartcart.server.basket import Closing, Fault, StoredCorrection, StoredEvent
from smartcart.server.catalogue import Match
from smartcart.server.ledger import (
    CLOSED_ALREADY,
    ID_TAKEN,
    KEPT_BYTES,
    KEPT_LETTERS,
    KNOWN,
    NEW,
    NO_EVENT,
    NO_SESSION,
    SEQ_TAKEN,
    Cursor,
    DeadLetter,
    Erasure,
    News,
    Record,
    SessionKey,
    SessionState,
    Verdict,
    as_kept,
    dead_letter_of,
    place,
    refused,
    session_of,
)


@dataclass(slots=True)
class _Session:
    events: list[StoredEvent] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    corrections: list[StoredCorrection] = field(default_factory=list)
    closing: Closing | None = None
    erased: bool = False

    @property
    def records(self) -> int:
        return len(self.corrections) + (self.closing is not None)


@dataclass(slots=True)
class MemoryLedger:
    """See ``smartcart.server.ledger.Ledger``."""

    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    _by_id: dict[str, StoredEvent] = field(default_factory=dict)
    _by_place: dict[tuple[str, str, str, int], str] = field(default_factory=dict)
    _records: dict[str, tuple[SessionKey, Record]] = field(default_factory=dict)
    _sessions: dict[SessionKey, _Session] = field(default_factory=dict)
    _told: list[StoredEvent | SessionKey] = field(default_factory=list)
    _letters: deque[DeadLetter] = field(default_factory=lambda: deque(maxlen=KEPT_LETTERS))
    _letter_count: int = 0
    _generation: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        with self._lock:
            verdicts = [self._insert(stored) for stored in events]
            for letter in letters:
                self._bury(letter)
            return verdicts

    def _insert(self, stored: StoredEvent) -> Verdict:
        event, known = stored.event, self._by_id.get(stored.event.id)
        session = self._sessions.setdefault(session_of(event), _Session())
        if session.erased:
            return KNOWN
        if known is not None and place(known.event) == place(event):
            return KNOWN
        if known is not None or place(event) in self._by_place:
            reason = ID_TAKEN if known else SEQ_TAKEN
            self._bury(dead_letter_of(stored, reason))
            return refused(reason)
        stored = replace(stored, late=session.closing is not None, message=None)
        self._by_id[event.id] = stored
        self._by_place[place(event)] = event.id
        session.events.append(stored)
        self._told.append(stored)
        return NEW

    def _bury(self, letter: DeadLetter) -> None:
        letter = replace(letter, payload=letter.payload[:KEPT_BYTES])
        key, fault = letter.key, letter.fault
        if key is not None and fault is not None:
            session = self._sessions.setdefault(key, _Session())
            state = SessionState.ERASED if session.erased else SessionState.OPEN
            kept = as_kept(letter, state, set(session.faults))
            if kept is None:
                return
            letter = kept
            if letter.key:
                session.faults[fault.event_id] = fault
                self._told.append(key)
        self._letters.append(letter)
        self._letter_count += 1

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        with self._lock:
            session = self._sessions.get(key)
            known = self._known(key, correction)
            if known or session is None or session.erased:
                return known or refused(NO_SESSION)
            if correction.corrects is not None and correction.corrects not in _ids(session):
                return refused(NO_EVENT)
            after = max((stored.event.seq for stored in session.events), default=0)
            session.corrections.append(
                StoredCorrection(correction=correction, match=match, number=session.records + 1, after=after)
            )
            self._records[correction.id] = key, correction
            self._told.append(key)
            return NEW

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        with self._lock:
            session = self._sessions.get(key)
            known = self._known(key, closing)
            if known or session is None or session.erased:
                return known or refused(NO_SESSION)
            if session.closing is not None:
                return refused(CLOSED_ALREADY)
            session.closing = closing
            self._records[closing.id] = key, closing
            self._told.append(key)
            return NEW

    def erase_session(self, key: SessionKey, erasure: Erasure) -> Verdict:
        with self._lock:
            session = self._sessions.get(key)
            if session is None or session.erased:
                return KNOWN if session else refused(NO_SESSION)
            for stored in session.events:
                del self._by_id[stored.event.id], self._by_place[place(stored.event)]
            self._sessions[key] = _Session(erased=True)
            self._records = {id_: kept for id_, kept in self._records.items() if kept[0] != key}
            self._records[erasure.id] = key, erasure
            self._letters = deque((x for x in self._letters if x.key != key), maxlen=self._letters.maxlen)
            self._told = [x for x in self._told if (x if isinstance(x, SessionKey) else session_of(x.event)) != key]
            self._generation += 1
            return NEW

    def forget_letters(self, before: str) -> int:
        with self._lock:
            kept = [x for x in self._letters if x.session is not None or x.received_at >= before]
            count = len(self._letters) - len(kept)
            self._letters = deque(kept, maxlen=self._letters.maxlen)
            return count

    def _known(self, key: SessionKey, record: Record) -> Verdict | None:
        stored = self._records.get(record.id)
        if stored is None:
            return None
        return KNOWN if stored == (key, record) else refused(ID_TAKEN)

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        with self._lock:
            return sorted(self._sessions.get(key, _Session()).events, key=lambda stored: stored.event.seq)

    def session_faults(self, key: SessionKey) -> list[Fault]:
        with self._lock:
            return list(self._sessions.get(key, _Session()).faults.values())

    def session_corrections(self, key: SessionKey) -> list[StoredCorrection]:
        with self._lock:
            return list(self._sessions.get(key, _Session()).corrections)

    def session_closing(self, key: SessionKey) -> Closing | None:
        with self._lock:
            return self._sessions.get(key, _Session()).closing

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        with self._lock:
            return [key for key in self._alive()[::-1] if (key.store, key.cart) == (store, cart)][:limit]

    def current_sessions(self) -> list[SessionKey]:
        with self._lock:
            newest = {(key.store, key.cart): key for key in self._alive()}
            return [key for key in self._alive() if newest[key.store, key.cart] == key]

    def every_session(self) -> Iterator[SessionKey]:
        with self._lock:
            return iter(self._alive())

    def _alive(self) -> list[SessionKey]:
        return [key for key, session in self._sessions.items() if not session.erased]

    def every_event(self) -> Iterator[StoredEvent]:
        with self._lock:
            return iter(list(self._by_id.values()))

    def last_stored(self, key: SessionKey) -> str | None:
        with self._lock:
            times = [stored.stored_at for stored in self.session_events(key)]
            times += [letter.received_at for letter in self._letters if letter.key == key]
            return max(times, default=None)

    def news(self, since: Cursor | None) -> News:
        with self._lock:
            cursor, count = (len(self._told), self._generation), self._letter_count
            again = since is not None and since[1] != self._generation
            told = self._told[since[0] :] if since is not None and not again else []
        return News(
            cursor=cursor,
            dead_letters=count,
            all_again=again,
            events=tuple(entry for entry in told if isinstance(entry, StoredEvent)),
            sessions=frozenset(entry for entry in told if isinstance(entry, SessionKey)),
        )

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        with self._lock:
            return list(islice(reversed(self._letters), limit))

    def dead_letter_count(self) -> int:
        return self._letter_count

    def integrity(self) -> Iterator[str]:
        return iter(())

    def close(self) -> None:
        pass


def _ids(session: _Session) -> set[str]:
    """What a correction may name."""
    said = {stored.correction.id for stored in session.corrections}
    return {stored.event.id for stored in session.events} | session.faults.keys() | said

"""A ledger that is lost with the process: for tests and trials."""

import threading
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import Closing, Fault, SessionKey, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.port import (
    CART_FAULTS,
    CART_LETTERS,
    CLOSED_ALREADY,
    ID_TAKEN,
    KEPT_BYTES,
    KEPT_LETTERS,
    KNOWN,
    NEW,
    NO_EVENT,
    NO_SESSION,
    SEQ_TAKEN,
    SESSIONS_A_DAY,
    TOO_MANY_SESSIONS,
    Cursor,
    DeadLetter,
    Erasure,
    News,
    Record,
    SessionState,
    SetAside,
    Verdict,
    as_kept,
    dead_letter_of,
    place,
    refused,
    session_of,
)
from smartcart.server.runtime.clock import day_before


@dataclass(slots=True)
class _Session:
    began: str = ""
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
    """See ``smartcart.server.ledger.port.Ledger``."""

    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    _by_id: dict[str, StoredEvent] = field(default_factory=dict)
    _by_place: dict[tuple[str, str, str, int], str] = field(default_factory=dict)
    _records: dict[str, tuple[SessionKey, Record]] = field(default_factory=dict)
    _sessions: dict[SessionKey, _Session] = field(default_factory=dict)
    _told: list[StoredEvent | SessionKey | tuple[str, str]] = field(default_factory=list)
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
        session = self._opened(session_of(event), stored.stored_at)
        if session is None:
            self._bury(dead_letter_of(stored, TOO_MANY_SESSIONS))
            return refused(TOO_MANY_SESSIONS)
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
            session = self._sessions.get(key)
            state = SessionState.ERASED if session and session.erased else SessionState.OPEN
            grants = session is not None or self._may_begin(key, letter.received_at)
            kept = as_kept(letter, state, set(session.faults if session else ()), self._room(key) if grants else 0)
            if kept is None:
                return
            letter = kept
            if letter.key:
                self._sessions.setdefault(key, _Session(began=letter.received_at)).faults[fault.event_id] = fault
                self._told.append(key)
        self._letters.append(letter)
        self._letter_count += 1
        if letter.session is None and letter.store and letter.cart:
            self._told.append((letter.store, letter.cart))
            of_cart = self._set_aside(letter.store, letter.cart)
            if len(of_cart) > CART_LETTERS:
                self._letters.remove(of_cart[0])

    def _opened(self, key: SessionKey, now: str) -> _Session | None:
        """A session, which is begun if it does not exist; None if its cart may begin no more."""
        if key not in self._sessions:
            if not self._may_begin(key, now):
                return None
            self._sessions[key] = _Session(began=now)
        return self._sessions[key]

    def _may_begin(self, key: SessionKey, now: str) -> bool:
        """See ``sql_quota.may_begin``."""
        begun = [s.began for k, s in self._sessions.items() if (k.store, k.cart) == (key.store, key.cart)]
        return len(begun) < SESSIONS_A_DAY or begun[-SESSIONS_A_DAY] <= day_before(now)

    def _room(self, key: SessionKey) -> int:
        """See ``sql_quota.room``."""
        of_cart = (s for k, s in self._sessions.items() if (k.store, k.cart) == (key.store, key.cart))
        return CART_FAULTS - sum(len(session.faults) for session in of_cart)

    def _set_aside(self, store: str, cart: str) -> list[DeadLetter]:
        return [x for x in self._letters if x.session is None and (x.store, x.cart) == (store, cart)]

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
            self._sessions[key] = _Session(began=session.began, erased=True)
            self._records = {id_: kept for id_, kept in self._records.items() if kept[0] != key}
            self._records[erasure.id] = key, erasure
            self._letters = deque((x for x in self._letters if x.key != key), maxlen=self._letters.maxlen)
            self._told = [x for x in self._told if (session_of(x.event) if isinstance(x, StoredEvent) else x) != key]
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

    def session(self, key: SessionKey) -> SessionRecords:
        with self._lock:
            kept = self._sessions.get(key, _Session())
            return SessionRecords(
                key=key,
                events=sorted(kept.events, key=lambda stored: stored.event.seq),
                faults=list(kept.faults.values()),
                corrections=list(kept.corrections),
                closing=kept.closing,
            )

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        with self._lock:
            return [key for key in self._alive()[::-1] if (key.store, key.cart) == (store, cart)][:limit]

    def current_sessions(self) -> list[SessionKey]:
        with self._lock:
            newest = {(key.store, key.cart): key for key in self._alive()}
            return [key for key in self._alive() if newest[key.store, key.cart] == key]

    def past_sessions(self, before: int | None, limit: int, cart: str = "") -> list[tuple[int, SessionKey]]:
        with self._lock:
            placed = list(enumerate(self._sessions.items(), 1))
        older = [(at, key) for at, (key, kept) in placed if not kept.erased and (before is None or at < before)]
        return [(at, key) for at, key in reversed(older) if cart.lower() in key.cart.lower()][:limit]

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
            times = [stored.stored_at for stored in self.session(key).events]
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
            carts=frozenset(entry for entry in told if isinstance(entry, tuple)),
        )

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        with self._lock:
            return list(islice(reversed(self._letters), limit))

    def dead_letter_count(self) -> int:
        return self._letter_count

    def holds(self, letter: DeadLetter) -> bool:
        same = letter.topic, letter.size, letter.payload[:KEPT_BYTES]
        with self._lock:
            return any((x.topic, x.size, x.payload or same[2]) == same for x in self._letters)

    def set_aside(self, store: str, cart: str) -> SetAside | None:
        with self._lock:
            found = self._set_aside(store, cart)
        return SetAside(count=len(found), last=found[-1].received_at, reason=found[-1].reason) if found else None

    def integrity(self) -> Iterator[str]:
        return iter(())

    def close(self) -> None:
        pass


def _ids(session: _Session) -> set[str]:
    """The ids that a correction may name."""
    said = {stored.correction.id for stored in session.corrections}
    return {stored.event.id for stored in session.events} | session.faults.keys() | said

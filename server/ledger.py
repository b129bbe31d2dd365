"""The ledger: where events are kept, each exactly once. The port, and an adapter in memory.

A ledger takes a batch in one transaction. An event whose id is stored already is *known*, and is committed again to
whoever asks; an event whose place (store, cart, session, seq) is taken by another id is *refused*, and kept among the
dead letters like everything else that cannot be taken.
"""

import threading
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Final, Protocol

from smartcart.edge.events import Event
from smartcart.server.basket import Fault, StoredEvent

KEPT_BYTES: Final = 4096
"""How much of a dead letter's payload is kept."""
KEPT_LETTERS: Final = 10_000
"""How many dead letters that belong to no session are kept; all are counted."""
SEQ_TAKEN: Final = "another event has this seq already"
ID_TAKEN: Final = "another event has this id already"


class LedgerError(Exception):
    """The ledger cannot be opened, read or written; the message says why and what to do."""


class Outcome(StrEnum):
    """What became of an event."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one event of a batch; ``reason`` is for the refused."""

    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that cannot be taken.

    ``store`` and ``cart`` are those of the topic where it has the contract's form; ``event_id``, ``session`` and
    ``seq`` are the message's own where they could be read. ``payload`` holds the first bytes of ``size``.
    """

    topic: str
    reason: str
    payload: bytes
    size: int
    received_at: str
    store: str | None = None
    cart: str | None = None
    event_id: str | None = None
    session: str | None = None
    seq: int | None = None

    @property
    def fault(self) -> Fault | None:
        """What it means for its session's basket, if it can be placed."""
        if self.session is None or self.event_id is None or self.cart is None:
            return None
        return Fault(event_id=self.event_id, seq=self.seq, reason=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """One shopping trip of one cart."""

    store: str
    cart: str
    session: str


class Ledger(Protocol):
    """What the server needs of a ledger. Safe to use from several threads; every method may raise LedgerError."""

    identity: str
    """Made once with the ledger and kept in it."""

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        """Stores a batch durably in one transaction, and says for each event what became of it."""

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        """A session's events in the order of their seq."""

    def session_faults(self, key: SessionKey) -> list[Fault]:
        """What was refused of a session."""

    def sessions(self, store: str, cart: str) -> list[SessionKey]:
        """A cart's sessions, the newest first."""

    def current_sessions(self) -> list[SessionKey]:
        """The newest session of every cart."""

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """What could not be taken, the newest first."""

    def dead_letter_count(self) -> int:
        """How many messages could not be taken, those no longer kept included."""

    def close(self) -> None:
        """Closes it; it may be closed twice."""


def dead_letter_of(stored: StoredEvent, reason: str) -> DeadLetter:
    """The dead letter of a well-formed event that the ledger itself refuses."""
    event, payload = stored.event, stored.event.to_bytes()
    return DeadLetter(
        topic=f"smartcart/v1/{event.store}/{event.cart}/events",
        reason=reason,
        payload=payload[:KEPT_BYTES],
        size=len(payload),
        received_at=stored.stored_at,
        store=event.store,
        cart=event.cart,
        event_id=event.id,
        session=event.session,
        seq=event.seq,
    )


def place(event: Event) -> tuple[str, str, str, int]:
    """What is unique for ever beside the id."""
    return event.store, event.cart, event.session, event.seq


@dataclass(slots=True)
class MemoryLedger:
    """A ledger that forgets everything with the process: for tests and for trying things out."""

    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    _by_id: dict[str, StoredEvent] = field(default_factory=dict)
    _by_place: dict[tuple[str, str, str, int], str] = field(default_factory=dict)
    _sessions: dict[SessionKey, list[StoredEvent]] = field(default_factory=dict)
    _placed: dict[tuple[SessionKey, str], DeadLetter] = field(default_factory=dict)
    _letters: deque[DeadLetter] = field(default_factory=lambda: deque(maxlen=KEPT_LETTERS))
    _letter_count: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        with self._lock:
            verdicts = [self._insert(stored) for stored in events]
            for letter in letters:
                self._bury(letter)
            return verdicts

    def _insert(self, stored: StoredEvent) -> Verdict:
        event = stored.event
        known = self._by_id.get(event.id)
        if known is not None:
            if place(known.event) == place(event):
                return Verdict(outcome=Outcome.KNOWN)
            self._bury(dead_letter_of(stored, ID_TAKEN))
            return Verdict(outcome=Outcome.REFUSED, reason=ID_TAKEN)
        if place(event) in self._by_place:
            self._bury(dead_letter_of(stored, SEQ_TAKEN))
            return Verdict(outcome=Outcome.REFUSED, reason=SEQ_TAKEN)
        self._by_id[event.id] = stored
        self._by_place[place(event)] = event.id
        key = SessionKey(store=event.store, cart=event.cart, session=event.session)
        self._sessions.setdefault(key, []).append(stored)
        return Verdict(outcome=Outcome.NEW)

    def _bury(self, letter: DeadLetter) -> None:
        letter = replace(letter, payload=letter.payload[:KEPT_BYTES])
        if letter.fault and letter.store and letter.cart and letter.session and letter.event_id:
            key = SessionKey(store=letter.store, cart=letter.cart, session=letter.session)
            if (key, letter.event_id) in self._placed:
                return
            self._placed[key, letter.event_id] = letter
            self._sessions.setdefault(key, [])
        self._letters.append(letter)
        self._letter_count += 1

    def session_events(self, key: SessionKey) -> list[StoredEvent]:
        with self._lock:
            return sorted(self._sessions.get(key, []), key=lambda stored: stored.event.seq)

    def session_faults(self, key: SessionKey) -> list[Fault]:
        with self._lock:
            return [letter.fault for (at, _), letter in self._placed.items() if at == key and letter.fault]

    def sessions(self, store: str, cart: str) -> list[SessionKey]:
        with self._lock:
            return [key for key in reversed(self._sessions) if (key.store, key.cart) == (store, cart)]

    def current_sessions(self) -> list[SessionKey]:
        with self._lock:
            return list({(key.store, key.cart): key for key in self._sessions}.values())

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        with self._lock:
            return list(islice(reversed(self._letters), limit))

    def dead_letter_count(self) -> int:
        return self._letter_count

    def close(self) -> None:
        pass

"""The ledger: where events are kept, each exactly once. The port, and what passes through it.

A ledger takes a batch in one transaction. An event whose id is already stored is *known*, and is committed again to the
sender. An event whose place (store, cart, session, seq) is taken by another id is *refused*, and kept among the dead
letters like every other refused message.

Next to the cart's events are the server's own *records* of a session: corrections by people, its closing, its erasure.
They have their own numbers and no ``seq``. An event after the closing is stored as *late*; one after the erasure is
known and not stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from smartcart.edge.contract.events import Correction, Event
from smartcart.server.basket.records import Closing, Fault, SessionKey, SessionRecords, StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.errors import ServerError

KEPT_BYTES: Final = 4096
"""Number of bytes kept of a dead letter's payload."""
KEPT_LETTERS: Final = 10_000
"""Maximum number kept of dead letters that belong to no session; all are counted."""
MAX_FAULTS: Final = 100
"""Maximum number of refused events kept in their session's place; further ones are letters of no session."""
CART_FAULTS: Final = 1_000
"""Maximum number of refused events kept in the places of all sessions of a cart; further ones as above."""
CART_LETTERS: Final = 1_000
"""Maximum number kept of one cart's dead letters that belong to no session; all are counted."""
SESSIONS_A_DAY: Final = 1_000
"""Maximum number of sessions of a cart within 24 hours; a shop's cart begins some fifty, and one that was away delivers
a few hundred at once.
"""
TOO_MANY_SESSIONS: Final = f"a cart begins at most {SESSIONS_A_DAY} sessions a day: check this one"
SEQ_TAKEN: Final = "another event has this seq already"
ID_TAKEN: Final = "another event has this id already"
NO_SESSION: Final = "there is no such session"
NO_EVENT: Final = "its session has no such event"
CLOSED_ALREADY: Final = "the session is already closed"


class LedgerError(ServerError):
    """The ledger cannot be opened, read or written; the message says why and what to do."""


class Outcome(StrEnum):
    """The result for an event or a record."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


class RecordType(StrEnum):
    """The server's own records of a session."""

    CORRECTED = "item_corrected"
    CLOSED = "session_closed"
    ERASED = "session_erased"


class SessionState(IntEnum):
    """A session's state as the server sees it; stored."""

    OPEN = 0
    CLOSED = 1
    ERASED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result for one event of a batch, or for a record; ``reason`` is for refused ones."""

    outcome: Outcome
    reason: str | None = None


NEW: Final = Verdict(outcome=Outcome.NEW)
KNOWN: Final = Verdict(outcome=Outcome.KNOWN)


def refused(reason: str) -> Verdict:
    """The verdict on something refused."""
    return Verdict(outcome=Outcome.REFUSED, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that is refused.

    ``store`` and ``cart`` are those of the topic if it has the contract's form; ``event_id``, ``session`` and ``seq``
    are the message's own if they could be read. ``payload`` contains the first bytes of ``size``.
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
        """Its effect on its session's basket, if it has a place there."""
        if self.session is None or self.event_id is None or self.cart is None:
            return None
        return Fault(event_id=self.event_id, seq=self.seq, reason=self.reason)

    @property
    def key(self) -> SessionKey | None:
        """The session in which it is a fault."""
        if self.fault is None or self.store is None or self.cart is None or self.session is None:
            return None
        return SessionKey(store=self.store, cart=self.cart, session=self.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """``session_erased``: the events of this session were deleted for good."""

    id: str
    by: str | None
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """The dead letters of a cart that belong to none of its sessions, as far as they are kept.

    ``last`` is when the newest came (RFC 3339, UTC), and ``reason`` why it was refused.
    """

    count: int
    last: str
    reason: str


Record = Correction | Closing | Erasure

Cursor = tuple[int, ...]
"""How far a reader has read a ledger; only the ledger itself can interpret it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a ledger has stored since a cursor, by whatever process; some of it may have been returned before.

    ``sessions`` have new records or faults and must be read again, all of them if ``all_again`` is set; ``carts``
    (store, cart) have new refused messages; ``dead_letters`` is the current number.
    """

    cursor: Cursor
    dead_letters: int
    events: tuple[StoredEvent, ...] = ()
    sessions: frozenset[SessionKey] = frozenset()
    carts: frozenset[tuple[str, str]] = frozenset()
    all_again: bool = False


class Ledger(Protocol):
    """The server's requirements of a ledger. Safe to use from several threads; every method may raise LedgerError."""

    identity: str
    """Created once with the ledger and stored in it."""

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        """Stores a batch durably in one transaction, and returns the result for each event.

        An event is refused if its cart would begin too many sessions.
        """

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        """Stores a correction with its product and price; one whose id is already stored is known.

        Refused if the session, or the event, fault or other correction that it names, does not exist.
        """

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        """Closes a session for its cart's events; the same closing again is known, another one refused."""

    def erase_session(self, key: SessionKey, erasure: Erasure) -> Verdict:
        """Deletes a session's contents; its name is kept, so that repeated events are known and not stored.

        An erased session is known.
        """

    def forget_letters(self, before: str) -> int:
        """Deletes dead letters of no session that came before a time (RFC 3339, UTC); returns their number."""

    def session(self, key: SessionKey) -> SessionRecords:
        """All records of one session; empty if there are none."""

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        """A cart's sessions, the newest first, without erased ones."""

    def current_sessions(self) -> list[SessionKey]:
        """The newest session of every cart; carts that began last come last."""

    def past_sessions(self, before: int | None, limit: int, cart: str = "") -> list[tuple[int, SessionKey]]:
        """Sessions with their positions, those that began last first; none that were erased.

        Args:
            before: leaves out that position and what is newer.
            cart: what the cart's name must hold, in whatever case.
        """

    def every_session(self) -> Iterator[SessionKey]:
        """All sessions in the order of their beginning, read a few at a time, without erased ones."""

    def every_event(self) -> Iterator[StoredEvent]:
        """All events in the order of their arrival, read a few at a time."""

    def last_stored(self, key: SessionKey) -> str | None:
        """When the last of a session's events or faults came (RFC 3339, UTC)."""

    def news(self, since: Cursor | None) -> News:
        """What was stored since a cursor; with None only the current cursor."""

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """Refused messages, the newest first."""

    def dead_letter_count(self) -> int:
        """The number of refused messages, including those no longer kept."""

    def holds(self, letter: DeadLetter) -> bool:
        """True if a dead letter of this topic with these bytes is kept already."""

    def set_aside(self, store: str, cart: str) -> SetAside | None:
        """A cart's refused messages that belong to none of its sessions; None if none are kept."""

    def integrity(self) -> Iterator[str]:
        """Errors of the storage itself, in words; empty if there are none."""

    def close(self) -> None:
        """Closes it; may be called twice."""


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


def as_kept(letter: DeadLetter, state: int, placed: set[str], room: int) -> DeadLetter | None:
    """The form in which a letter is kept beside those of its session; None if it is one of them.

    Of an erased session only the fact that there was a letter is kept; of a session with many faults at most
    ``MAX_FAULTS`` keep their place, and of its cart as many as there is ``room`` for.
    """
    if letter.key is None or letter.event_id is None:
        return letter
    if letter.event_id in placed:
        return None
    if state == SessionState.ERASED:
        return replace(letter, payload=b"", session=None, event_id=None, seq=None)
    if len(placed) >= MAX_FAULTS or room <= 0:
        return replace(letter, session=None)
    placed.add(letter.event_id)
    return letter


def place(event: Event) -> tuple[str, str, str, int]:
    """The place, which is unique for ever, as the id is."""
    return event.store, event.cart, event.session, event.seq


def session_of(event: Event) -> SessionKey:
    """The session of an event."""
    return SessionKey(store=event.store, cart=event.cart, session=event.session)

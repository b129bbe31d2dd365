"""The ledger: where events are kept, each exactly once. The port, and what passes through it.

A ledger takes a batch in one transaction. An event whose id is stored already is *known*, and is committed again to
whoever asks; an event whose place (store, cart, session, seq) is taken by another id is *refused*, and kept among the
dead letters like everything else that cannot be taken.

Beside the cart's events stand the server's own *records* of a session: corrections by persons, its closing, its
erasure. They have a number of their own and no ``seq``. What comes after the closing is stored as *late*; what comes
after the erasure is known and not stored.
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
"""How much of a dead letter's payload is kept."""
KEPT_LETTERS: Final = 10_000
"""How many dead letters that belong to no session are kept; all are counted."""
MAX_FAULTS: Final = 100
"""How many refused events are kept in their session's place; further ones are letters of no session."""
CART_FAULTS: Final = 1_000
"""How many refused events of one cart are kept in the places of all its sessions; further ones as above."""
CART_LETTERS: Final = 1_000
"""How many dead letters that belong to no session are kept of one cart; all are counted."""
SESSIONS_A_DAY: Final = 1_000
"""How many sessions a cart may begin within 24 hours; a shop's cart begins some fifty, and one that was away brings a
few hundred at once."""
TOO_MANY_SESSIONS: Final = f"a cart begins at most {SESSIONS_A_DAY} sessions a day: look at what this one does"
SEQ_TAKEN: Final = "another event has this seq already"
ID_TAKEN: Final = "another event has this id already"
NO_SESSION: Final = "there is no such session"
NO_EVENT: Final = "its session has no such event"
CLOSED_ALREADY: Final = "the session is closed already"


class LedgerError(ServerError):
    """The ledger cannot be opened, read or written; the message says why and what to do."""


class Outcome(StrEnum):
    """What became of an event or a record."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


class RecordType(StrEnum):
    """What the server itself writes into a session."""

    CORRECTED = "item_corrected"
    CLOSED = "session_closed"
    ERASED = "session_erased"


class SessionState(IntEnum):
    """How far a session has come in the server's own eyes; as stored."""

    OPEN = 0
    CLOSED = 1
    ERASED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one event of a batch, or of a record; ``reason`` is for the refused."""

    outcome: Outcome
    reason: str | None = None


NEW: Final = Verdict(outcome=Outcome.NEW)
KNOWN: Final = Verdict(outcome=Outcome.KNOWN)


def refused(reason: str) -> Verdict:
    """The verdict on what cannot be taken."""
    return Verdict(outcome=Outcome.REFUSED, reason=reason)


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

    @property
    def key(self) -> SessionKey | None:
        """The session that it is a fault of."""
        if self.fault is None or self.store is None or self.cart is None or self.session is None:
            return None
        return SessionKey(store=self.store, cart=self.cart, session=self.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """``session_erased``: what a cart told in this session was deleted for good."""

    id: str
    by: str | None
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """The dead letters of a cart that belong to none of its sessions, as far as they are kept.

    ``last`` is when the newest came (RFC 3339, UTC), and ``reason`` why it was not taken.
    """

    count: int
    last: str
    reason: str


Record = Correction | Closing | Erasure

Cursor = tuple[int, ...]
"""How far somebody has read a ledger; only the ledger itself can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a ledger has stored since a cursor, by whatever process; some of it may have been told before.

    ``sessions`` have new records or faults and are to be read again, all of them where ``all_again`` is set; of
    ``carts`` (store, cart) something new was set aside; ``dead_letters`` is their count now.
    """

    cursor: Cursor
    dead_letters: int
    events: tuple[StoredEvent, ...] = ()
    sessions: frozenset[SessionKey] = frozenset()
    carts: frozenset[tuple[str, str]] = frozenset()
    all_again: bool = False


class Ledger(Protocol):
    """What the server needs of a ledger. Safe to use from several threads; every method may raise LedgerError."""

    identity: str
    """Made once with the ledger and kept in it."""

    def commit(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter] = ()) -> list[Verdict]:
        """Stores a batch durably in one transaction, and says for each event what became of it.

        An event that would begin one session too many of its cart is refused.
        """

    def correct(self, key: SessionKey, correction: Correction, match: Match) -> Verdict:
        """Stores a correction, with the product and price that it means; one whose id is stored already is known.

        Refused where the session, or the event, fault or other correction that it names, is not there.
        """

    def close_session(self, key: SessionKey, closing: Closing) -> Verdict:
        """Closes a session for its cart's events; the same closing again is known, another one refused."""

    def erase_session(self, key: SessionKey, erasure: Erasure) -> Verdict:
        """Deletes all that is kept of a session but that there was one: events that come again are known, not stored.

        One that is erased already is known.
        """

    def forget_letters(self, before: str) -> int:
        """Deletes the dead letters of no session that came before a time (RFC 3339, UTC); says how many."""

    def session(self, key: SessionKey) -> SessionRecords:
        """Everything that is kept of one session; empty where there is none."""

    def sessions(self, store: str, cart: str, limit: int = 1000) -> list[SessionKey]:
        """A cart's sessions, the newest first; none that were erased."""

    def current_sessions(self) -> list[SessionKey]:
        """The newest session of every cart, those of the carts that began last at the end."""

    def past_sessions(self, before: int | None, limit: int, cart: str = "") -> list[tuple[int, SessionKey]]:
        """Sessions with their positions, those that began last first; none that were erased.

        Args:
            before: leaves out that position and what is newer.
            cart: what the cart's name must hold, in whatever case.
        """

    def every_session(self) -> Iterator[SessionKey]:
        """All sessions in the order of their beginning, read a few at a time; none that were erased."""

    def every_event(self) -> Iterator[StoredEvent]:
        """All events in the order of their arrival, read a few at a time."""

    def last_stored(self, key: SessionKey) -> str | None:
        """When the last of a session's events or faults came (RFC 3339, UTC)."""

    def news(self, since: Cursor | None) -> News:
        """What was stored since a cursor; with None only the cursor of now."""

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """What could not be taken, the newest first."""

    def dead_letter_count(self) -> int:
        """How many messages could not be taken, those no longer kept included."""

    def holds(self, letter: DeadLetter) -> bool:
        """Whether a dead letter of this topic with these bytes is kept already."""

    def set_aside(self, store: str, cart: str) -> SetAside | None:
        """What of a cart was set aside and belongs to none of its sessions; None where nothing is kept."""

    def integrity(self) -> Iterator[str]:
        """What is wrong with the storage itself, in words; nothing if all is well."""

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


def as_kept(letter: DeadLetter, state: int, placed: set[str], room: int) -> DeadLetter | None:
    """How a letter is kept beside those that have a place in its session already; None if it is one of them.

    Of an erased session only that there was a letter; of one with many faults no more than ``MAX_FAULTS`` in place, and
    of its cart no more than there is ``room`` for.
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
    """What is unique for ever beside the id."""
    return event.store, event.cart, event.session, event.seq


def session_of(event: Event) -> SessionKey:
    """The session of an event."""
    return SessionKey(store=event.store, cart=event.cart, session=event.session)

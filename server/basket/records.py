"""A session's records in the ledger: stored events, faults, corrections and a closing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from smartcart.edge.contract.events import Correction, Event
from smartcart.server.catalogue.catalogue import Match


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SessionKey:
    """One shopping trip of one cart."""

    store: str
    cart: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A stored event, with the product and price in force when it was committed.

    ``stored_at`` is RFC 3339, UTC; a ``late`` one came after the server had closed its session; ``message`` is the
    original event if it is still to be stored.
    """

    event: Event
    match: Match
    stored_at: str
    late: bool = False
    message: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A refused event. If its ``seq`` could be read it counts as filled, since it will never come."""

    event_id: str
    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """A stored correction, with the product and price in force when it was made.

    ``number`` is its place among the server's own records of the session; ``after`` is the highest ``seq`` stored at
    that time, so that one made by hand keeps its place among the events whatever arrives later.
    """

    correction: Correction
    match: Match
    number: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """``session_closed``: the server ended a session at once, whether or not the cart could be reached."""

    id: str
    by: str | None
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecords:
    """All records of one session, from which alone its basket is folded.

    Attributes:
        events: in the order of their ``seq``.
        faults: events of the session that were refused or can no longer be read.
        corrections: in the order of their number.
        closing: how the server closed the session; None if it has not.
    """

    key: SessionKey
    events: Sequence[StoredEvent] = ()
    faults: Sequence[Fault] = ()
    corrections: Sequence[StoredCorrection] = ()
    closing: Closing | None = None

    @property
    def is_empty(self) -> bool:
        """True if the cart reported nothing in it."""
        return not self.events and not self.faults

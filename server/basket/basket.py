"""The basket of one session, and what it is folded from: stored events, faults, corrections and a closing."""

from dataclasses import dataclass, field
from typing import Literal

from smartcart.edge.contract.events import Correction, Event
from smartcart.server.catalogue.catalogue import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the ledger keeps it, with the product and price in force when it was committed.

    ``stored_at`` is RFC 3339, UTC; a ``late`` one came after the server had closed its session; ``message`` is the
    event as it came, where it is still to be stored.
    """

    event: Event
    match: Match
    stored_at: str
    late: bool = False
    message: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An event that was refused. Where its ``seq`` could be read it counts as filled, since it will never come."""

    event_id: str
    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """A correction as the ledger keeps it, with the product and price in force when it was made.

    ``number`` is its place among the server's own records of the session; ``after`` is the highest ``seq`` that was
    stored then, so that one made by hand keeps its place among the events whatever arrives later.
    """

    correction: Correction
    match: Match
    number: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """``session_closed``: the server ended a session at once, whether the cart could be reached or not."""

    id: str
    by: str | None
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a basket.

    ``price`` and ``total`` are in minor units, None without a price; ``choices`` are SKUs for a person to choose from;
    ``per_kg`` is the price a kilogram of what is sold by weight, ``tax_rate`` in hundredths of a percent; an
    ``initial`` line stood in the basket when the session began; ``sources`` are the ids of the events and corrections
    that put its items in, some of which may have been taken out again.
    """

    label: str
    sku: str | None
    name: str
    quantity: int
    price: int | None
    total: int | None
    currency: str | None
    choices: tuple[str, ...]
    initial: bool
    sources: tuple[str, ...]
    tax_rate: int = 0
    per_kg: int | None = None
    weight_g: int | None = None

    @property
    def ambiguous(self) -> bool:
        return bool(self.choices)

    @property
    def to_weigh(self) -> bool:
        """Whether only its weight is wanting for a price."""
        return self.per_kg is not None and self.weight_g is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A removal of something that the basket does not hold; or, where ``late``, an event after the closing."""

    event_id: str
    seq: int
    time: str
    label: str
    name: str
    quantity: int
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """An event that a person has to settle; ``candidates`` are (outcome, label, probability), likeliest first."""

    event_id: str
    seq: int
    time: str
    label: str | None
    candidates: tuple[tuple[str, str | None, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is in a cart in one session, what it costs, and what is not settled.

    ``state`` is ended once the cart has said so or the server has closed it (``closed_at``). ``total_minor`` adds the
    priced lines in ``currency`` (None while no line has a price); ``unpriced`` counts the items without one;
    ``missing`` are ranges of ``seq`` that have not arrived; ``problems`` say what was refused or does not belong;
    ``corrections`` counts what persons said; all times are the server's own, of when it stored what a cart told.
    """

    store: str
    cart: str
    session: str
    state: Literal["open", "ended"]
    lines: tuple[Line, ...]
    total_minor: int
    currency: str | None
    unpriced: int
    discrepancies: tuple[Discrepancy, ...]
    uncertain: tuple[Uncertain, ...]
    missing: tuple[tuple[int, int], ...]
    problems: tuple[str, ...]
    started_at: str | None
    ended_at: str | None
    closed_at: str | None
    events: int
    corrections: int

    @property
    def incomplete(self) -> bool:
        return bool(self.missing)

    @property
    def needs_attention(self) -> bool:
        return bool(self.problems)

    @property
    def items(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each label it holds."""
        counts: dict[str, int] = {}
        for line in self.lines:
            counts[line.label] = counts.get(line.label, 0) + line.quantity
        return dict(sorted(counts.items()))

"""The basket of one session: its lines, its total, and its open questions."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a basket.

    ``price`` and ``total`` are in minor units, None without a price; ``choices`` are SKUs for a person to choose from;
    ``per_kg`` is the price per kilogram of goods sold by weight, ``tax_rate`` in hundredths of a percent; an
    ``initial`` line was in the basket when the session began; ``sources`` are the ids of the events and corrections
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
        """True if only its weight is missing for a price."""
        return self.per_kg is not None and self.weight_g is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A removal of something not in the basket or, if ``late``, an event after the closing."""

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
    """The contents of a cart in one session, their price, and the open questions.

    ``state`` is ended once the cart has said so or the server has closed it (``closed_at``). ``total_minor`` adds the
    priced lines in ``currency`` (None while no line has a price); ``unpriced`` counts the items without one;
    ``missing`` are ranges of ``seq`` that have not arrived; ``problems`` say what was refused or does not belong;
    ``corrections`` counts what persons said, ``to_confirm`` what the shopper said and nobody has seen yet; all times
    are the server's own, of when it stored what a cart told.
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
    to_confirm: int = 0

    @property
    def to_settle(self) -> int:
        """How much of it waits for a person of the store: the queue's length, as every page counts it."""
        return len(self.uncertain) + sum(line.ambiguous for line in self.lines) + self.to_confirm

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
        """The number of items of each label."""
        counts: dict[str, int] = {}
        for line in self.lines:
            counts[line.label] = counts.get(line.label, 0) + line.quantity
        return dict(sorted(counts.items()))

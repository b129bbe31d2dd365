"""The basket: a pure fold over what a cart has told, without clock or I/O.

The same events give the same basket in whatever order and however often they arrive: they are put in the order of
their ``seq``, and an id counts once. What does not add up is kept and shown, never guessed away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from smartcart.edge.events import Event, EventType
from smartcart.server.catalogue import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the ledger keeps it, with the product and price in force when it was committed.

    ``stored_at`` is RFC 3339, UTC.
    """

    event: Event
    match: Match
    stored_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An event that was refused. Where its ``seq`` could be read it counts as filled, since it will never come."""

    event_id: str
    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a basket.

    ``price`` and ``total`` are in minor units, None without a price; ``choices`` are SKUs for a person to choose from;
    an ``initial`` line stood in the basket when the session began.
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

    @property
    def ambiguous(self) -> bool:
        return bool(self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A removal of something that the basket does not hold."""

    event_id: str
    seq: int
    time: str
    label: str
    name: str
    quantity: int


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

    ``total_minor`` adds the priced lines in ``currency`` (None while no line has a price); ``unpriced`` counts the
    items without one; ``missing`` are ranges of ``seq`` that have not arrived; ``problems`` say what was refused or
    does not belong.
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
    events: int

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


def fold(store: str, cart: str, session: str, stored: Iterable[StoredEvent], faults: Iterable[Fault] = ()) -> Basket:
    """The basket of one session from its stored events and faults, in any order."""
    unique = {s.event.id: s for s in stored}
    ordered = sorted(unique.values(), key=lambda s: (s.event.seq, s.event.id))
    taken = {(s.event.id, s.event.seq) for s in ordered}
    refused = sorted(
        {f.event_id: f for f in faults if (f.event_id, f.seq) not in taken}.values(),
        key=lambda f: (f.seq or 0, f.event_id),
    )
    tally = _Tally()
    for entry in ordered:
        tally.take(entry)
    lines = tuple(line.freeze() for line in tally.lines if line.quantity)
    currency = next((line.currency for line in lines if line.price is not None), None)
    counted = [line for line in lines if line.total is not None and line.currency == currency]
    problems = [_fault_text(fault) for fault in refused] + tally.problems
    problems += [
        f"{line.name} is priced in {line.currency}, the basket in {currency}: it is not in the total"
        for line in lines
        if line.total is not None and line.currency != currency
    ]
    return Basket(
        store=store,
        cart=cart,
        session=session,
        state="ended" if tally.ended_at else "open",
        lines=lines,
        total_minor=sum(line.total or 0 for line in counted),
        currency=currency,
        unpriced=sum(line.quantity for line in lines if line.total is None),
        discrepancies=tuple(tally.discrepancies),
        uncertain=tuple(tally.uncertain),
        missing=_gaps([s.event.seq for s in ordered] + [f.seq for f in refused if f.seq is not None]),
        problems=tuple(problems),
        started_at=tally.started_at,
        ended_at=tally.ended_at,
        events=len(ordered),
    )


def _gaps(seqs: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The ranges from 1 on that are not there, both ends included.

    >>> _gaps([2, 3, 7])
    ((1, 1), (4, 6))
    """
    gaps: list[tuple[int, int]] = []
    last = 0
    for seq in sorted(set(seqs)):
        if seq > last + 1:
            gaps.append((last + 1, seq - 1))
        last = seq
    return tuple(gaps)


def _fault_text(fault: Fault) -> str:
    which = f"event {fault.seq}" if fault.seq is not None else "an event"
    return f"{which} was refused: {fault.reason}"


@dataclass(slots=True, kw_only=True)
class _OpenLine:
    label: str
    match: Match
    quantity: int
    initial: bool = False

    def holds_same(self, label: str, match: Match) -> bool:
        """Whether an added item joins this line: the same product at the same price."""
        return not self.initial and self.label == label and self.match == match

    def freeze(self) -> Line:
        price = self.match.price
        return Line(
            label=self.label,
            sku=self.match.sku,
            name=self.match.name or self.label,
            quantity=self.quantity,
            price=price,
            total=None if price is None else price * self.quantity,
            currency=self.match.currency,
            choices=self.match.choices,
            initial=self.initial,
        )


@dataclass(slots=True)
class _Tally:
    lines: list[_OpenLine] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    uncertain: list[Uncertain] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    started_at: str | None = None
    ended_at: str | None = None

    def take(self, stored: StoredEvent) -> None:
        event = stored.event
        if self.ended_at is not None:
            self.problems.append(f"event {event.seq} ({event.type}) came after the session's end")
        match event.type:
            case EventType.SESSION_STARTED:
                self._start(event)
            case EventType.SESSION_ENDED:
                self.ended_at = self.ended_at or event.time
            case EventType.ITEM_ADDED:
                self._add(event.label or "", stored.match, event.quantity or 1)
            case EventType.ITEM_REMOVED:
                self._remove(event, stored.match)
            case EventType.ITEM_UNCERTAIN:
                self._doubt(event)

    def _start(self, event: Event) -> None:
        if event.seq != 1:
            self.problems.append(f"event {event.seq} starts a session that runs already")
            return
        self.started_at = event.time
        initial: Mapping[str, int] = event.initial or {}
        for label, count in sorted(initial.items()):
            if count:
                self.lines.append(_OpenLine(label=label, match=Match(), quantity=count, initial=True))

    def _add(self, label: str, match: Match, quantity: int) -> None:
        for line in reversed(self.lines):
            if _same_product(line, label, match.sku):
                if line.holds_same(label, match):
                    line.quantity += quantity
                    return
                break
        self.lines.append(_OpenLine(label=label, match=match, quantity=quantity))

    def _remove(self, event: Event, match: Match) -> None:
        """Takes from the latest line of the product, then from those before; what is left over is a discrepancy."""
        label, left = event.label or "", event.quantity or 1
        for line in reversed(self.lines):
            if left and _same_product(line, label, match.sku):
                taken = min(left, line.quantity)
                line.quantity -= taken
                left -= taken
        self.lines = [line for line in self.lines if line.quantity]
        if left:
            self.discrepancies.append(
                Discrepancy(
                    event_id=event.id,
                    seq=event.seq,
                    time=event.time,
                    label=label,
                    name=match.name or label,
                    quantity=left,
                )
            )

    def _doubt(self, event: Event) -> None:
        candidates = sorted(event.candidates or (), key=lambda c: -c.probability)
        self.uncertain.append(
            Uncertain(
                event_id=event.id,
                seq=event.seq,
                time=event.time,
                label=event.label,
                candidates=tuple((c.outcome, c.label, c.probability) for c in candidates),
            )
        )


def _same_product(line: _OpenLine, label: str, sku: str | None) -> bool:
    """By SKU where both have one; by label where one of them was never settled."""
    if line.match.sku is not None and sku is not None:
        return line.match.sku == sku
    return line.label == label

"""The tally: lines that items are put into and taken out of, one entry after the other. Pure."""

from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.contract.events import Outcome
from smartcart.server.basket.basket import Discrepancy, Line, Uncertain
from smartcart.server.catalogue.catalogue import Match

_NOTHING: Final = Match()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change of one product; ``source`` is the id of its event or correction."""

    source: str
    seq: int
    time: str
    action: Outcome
    label: str
    quantity: int
    match: Match


@dataclass(slots=True, kw_only=True)
class OpenLine:
    """A line during the count."""

    label: str
    match: Match
    quantity: int
    sources: list[str]
    initial: bool = False

    def holds_same(self, entry: Entry) -> bool:
        """True if an added item joins this line: the same product at the same price; weighed goods have their own."""
        same = self.label == entry.label and self.match == entry.match
        return same and not self.initial and entry.match.per_kg is None

    def is_of(self, entry: Entry) -> bool:
        """True if it is the same product: by SKU if both have one, by label if one was never settled."""
        if self.match.sku is not None and entry.match.sku is not None:
            return self.match.sku == entry.match.sku
        return self.label == entry.label

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
            sources=tuple(self.sources),
            tax_rate=self.match.tax_rate,
            per_kg=self.match.per_kg,
            weight_g=self.match.weight_g,
        )


@dataclass(slots=True)
class Tally:
    """The state that the fold accumulates."""

    lines: list[OpenLine] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    uncertain: list[Uncertain] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    started_at: str | None = None
    ended_at: str | None = None

    def take(self, entry: Entry) -> None:
        """Adds or removes; does nothing for ``none``."""
        if entry.action == "added":
            self._add(entry)
        elif entry.action == "removed":
            self._remove(entry)

    def stood(self, source: str, label: str, quantity: int) -> None:
        """Something was in the basket when the session began: nobody knows yet whether it is to be paid."""
        self.lines.append(OpenLine(label=label, match=_NOTHING, quantity=quantity, sources=[source], initial=True))

    def late(self, entry: Entry) -> None:
        """Something came after the closing: it is shown but not charged."""
        self._discrepancy(entry, entry.quantity, late=True)

    def _add(self, entry: Entry) -> None:
        for line in reversed(self.lines):
            if line.is_of(entry):
                if line.holds_same(entry):
                    line.quantity += entry.quantity
                    line.sources.append(entry.source)
                    return
                break
        self.lines.append(
            OpenLine(label=entry.label, match=entry.match, quantity=entry.quantity, sources=[entry.source])
        )

    def _remove(self, entry: Entry) -> None:
        """Takes from the latest line of the product, then from earlier ones; the rest is a discrepancy."""
        left = entry.quantity
        for line in reversed(self.lines):
            if left and line.is_of(entry):
                taken = min(left, line.quantity)
                line.quantity -= taken
                left -= taken
        self.lines = [line for line in self.lines if line.quantity]
        if left:
            self._discrepancy(entry, left, late=False)

    def _discrepancy(self, entry: Entry, quantity: int, *, late: bool) -> None:
        self.discrepancies.append(
            Discrepancy(
                event_id=entry.source,
                seq=entry.seq,
                time=entry.time,
                label=entry.label,
                name=entry.match.name or entry.label,
                quantity=quantity,
                late=late,
            )
        )

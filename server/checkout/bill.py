"""The bill of a basket: lines, taxes and total, and what prevents its payment. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from smartcart.server.basket.basket import Basket, Line
from smartcart.server.catalogue.tax import Tax, taxes


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line; ``price`` is that of one piece, or of the weight if it was weighed."""

    sku: str | None
    name: str
    quantity: int
    price: int
    total: int
    tax_rate: int
    per_kg: int | None
    weight_g: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The amount to pay, in minor units of ``currency``. ``total`` includes taxes, whether or not the prices do."""

    store: str
    cart: str
    session: str
    currency: str
    prices_include_tax: bool
    lines: tuple[BillLine, ...]
    taxes: tuple[Tax, ...]
    total: int

    @property
    def items(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def net(self) -> int:
        return sum(tax.net for tax in self.taxes)

    def to_json(self) -> dict[str, Any]:
        """The bill in the form that ``from_json`` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Reads the output of ``to_json``."""
        lines = tuple(BillLine(**line) for line in raw["lines"])
        return cls(**{**raw, "lines": lines, "taxes": tuple(Tax(**tax) for tax in raw["taxes"])})


def bill_of(basket: Basket, *, currency: str, prices_include_tax: bool) -> Bill:
    """The bill of all lines with a price; ``hindrances`` says whether that is everything."""
    lines = tuple(line for priced in basket.lines if (line := _bill_line(priced, currency)))
    found = taxes(((line.tax_rate, line.total) for line in lines), included=prices_include_tax)
    return Bill(
        store=basket.store,
        cart=basket.cart,
        session=basket.session,
        currency=currency,
        prices_include_tax=prices_include_tax,
        lines=lines,
        taxes=found,
        total=sum(tax.gross for tax in found),
    )


def hindrances(basket: Basket, currency: str) -> tuple[str, ...]:
    """What must be settled before the basket can be paid, in sentences; empty if it can be."""
    found = [sentence for line in basket.lines if (sentence := _hindrance(line, currency))]
    for doubt in basket.uncertain:
        what = f"“{doubt.label}”" if doubt.label else "something"
        found.append(f"The camera was not sure about {what}: settle it on the page Carts.")
    if not basket.lines and not found:
        found.append("The basket is empty: there is nothing to pay.")
    return tuple(found)


def remarks(basket: Basket) -> tuple[str, ...]:
    """What staff should know, but does not prevent payment."""
    found = []
    for first, last in basket.missing:
        which = f"Event {first} has" if first == last else f"Events {first} to {last} have"
        found.append(f"{which} not arrived from the cart: the basket may not be complete.")
    for off in basket.discrepancies:
        how = "came after checkout and does not count" if off.late else "was taken out but is not in the basket"
        found.append(f"{off.quantity} \N{MULTIPLICATION SIGN} {off.name} {how}.")
    found += [f"{problem[:1].upper()}{problem[1:]}." for problem in basket.problems]
    return tuple(found)


def _hindrance(line: Line, currency: str) -> str | None:
    if line.ambiguous:
        return f"“{line.name}” may be {' or '.join(line.choices)}: say which one it is."
    if line.initial:
        return f"“{line.name}” stood in the cart at the start: say whether it is to be paid."
    if line.to_weigh:
        return f"{line.name} is to be weighed."
    if line.price is None:
        return f"{line.name} has no price: set one in the catalogue, and say here which product it is."
    if line.currency != currency:
        return f"{line.name} is priced in {line.currency}, and the store takes {currency}."
    return None


def _bill_line(line: Line, currency: str) -> BillLine | None:
    if line.price is None or line.total is None or line.currency != currency:
        return None
    return BillLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        price=line.price,
        total=line.total,
        tax_rate=line.tax_rate,
        per_kg=line.per_kg,
        weight_g=line.weight_g,
    )

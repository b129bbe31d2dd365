"""Changes of an import that are probably mistakes: they are reported, but do not prevent it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smartcart.server.catalogue.import_plan import ProductChange
from smartcart.server.catalogue.money import money
from smartcart.server.catalogue.product import CUT_NUMBER, percent

JUMP: Final = 5
"""The factor of a price change from which somebody should check it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One field of one row, and what to check."""

    where: str
    sku: str
    column: str
    advice: str


def oddities(changes: Iterable[ProductChange]) -> list[Oddity]:
    """Prices that jump, taxes that look like fractions, codes truncated by a spreadsheet."""
    return [
        Oddity(where=change.where, sku=change.product.sku, column=column, advice=advice)
        for change in changes
        for column, advice in (("price", _price(change)), ("tax", _tax(change)), ("sku", _sku(change)))
        if advice
    ]


def has_jump(change: ProductChange) -> bool:
    """True if the price would be more than five times as much as before, or less than a fifth."""
    prices = _prices(change)
    return prices is not None and max(prices) > JUMP * min(prices)


def _prices(change: ProductChange) -> tuple[int, int] | None:
    found = next((d for d in change.differences if d.column == "price"), None)
    return (int(found.before), int(found.after)) if found and found.before and found.after else None


def _price(change: ProductChange) -> str | None:
    prices = _prices(change)
    if prices is None or not has_jump(change):
        return None
    before, after = (money(price, change.product.currency) for price in prices)
    return f"the price goes from {before} to {after}: are the prices of the file in another unit?"


def _tax(change: ProductChange) -> str | None:
    rate = change.product.tax_rate
    if not 0 < rate < 100 or not any(found.column == "tax" for found in change.differences):
        return None
    return f"the tax would be {percent(rate)} %: for {rate} % write {rate}"


def _sku(change: ProductChange) -> str | None:
    is_cut = change.is_new and re.fullmatch(CUT_NUMBER, change.product.sku)
    return "the code looks truncated by a spreadsheet: format its column as text" if is_cut else None

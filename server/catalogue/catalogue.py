"""The catalogue: which product a label stands for, and its price. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from smartcart.server.catalogue.product import Product, Unit, is_gtin, same_gtin

_GRAMS_PER_KG: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The catalogue's answer for an event when it was committed; stored with it, so that a price stays.

    ``price`` is that of one item as it came. For a product sold by weight it is None, and the item *to be weighed*,
    until ``weight_g`` is known; ``per_kg`` is its price per kilogram. ``tax_rate`` is in hundredths of a percent.
    ``choices`` are the SKUs if the label fits several products and a person has to decide.
    """

    sku: str | None = None
    name: str | None = None
    price: int | None = None
    currency: str | None = None
    choices: tuple[str, ...] = ()
    tax_rate: int = 0
    per_kg: int | None = None
    weight_g: int | None = None

    @property
    def to_weigh(self) -> bool:
        """True if only its weight is missing for a price."""
        return self.per_kg is not None and self.weight_g is None

    def weighed(self, grams: float) -> Self:
        """The same with a weight, rounded half up; a weight of 0 is none."""
        whole = int(grams + 0.5)
        if self.per_kg is None or whole < 1:
            return self
        price = (self.per_kg * whole + _GRAMS_PER_KG // 2) // _GRAMS_PER_KG
        return replace(self, weight_g=whole, price=price)

    def to_text(self) -> str:
        """The form in which a ledger stores it."""
        fields = [self.sku, self.name, self.price, self.currency, self.choices]
        return json.dumps([*fields, self.tax_rate, self.per_kg, self.weight_g], separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads the output of ``to_text``, also that of an older version without taxes and weights."""
        sku, name, price, currency, choices, *rest = json.loads(text)
        tax_rate, per_kg, weight_g = rest or (0, None, None)
        return cls(
            sku=sku,
            name=name,
            price=price,
            currency=currency,
            choices=tuple(choices),
            tax_rate=tax_rate,
            per_kg=per_kg,
            weight_g=weight_g,
        )


def match_of(product: Product) -> Match:
    """The stored part of a product, before anything was weighed."""
    by_weight = product.unit is Unit.KG
    return Match(
        sku=product.sku,
        name=product.name,
        price=None if by_weight else product.price,
        currency=product.currency,
        tax_rate=product.tax_rate,
        per_kg=product.price if by_weight else None,
    )


class CatalogueMatching(Protocol):
    """What the intake needs of a catalogue, whether or not it changes."""

    def match(self, label: str | None, sku: str | None, weight_g: float | None = None) -> Match:
        """The product of an event, as it is on sale now."""


class Catalogue:
    """Products by SKU, GTIN, PLU and label, all in one currency; inactive ones are never matched."""

    def __init__(self, products: Iterable[Product] = (), currency: str | None = None) -> None:
        self.products: tuple[Product, ...] = tuple(products)
        self._currency = currency
        self._by_code: dict[str, Product] = {}
        self._by_label: dict[str, list[Product]] = {}
        self._by_plu: dict[str, list[Product]] = {}
        sold = [product for product in self.products if product.active]
        for product in sold:
            if product.gtin:
                self._by_code[same_gtin(product.gtin)] = product
            for label in product.labels:
                self._by_label.setdefault(label, []).append(product)
            if product.plu:
                self._by_plu.setdefault(_same_plu(product.plu), []).append(product)
        self._by_code.update({product.sku: product for product in sold})

    @property
    def currency(self) -> str | None:
        """The store's currency, otherwise that of its prices; None if it is empty."""
        return self._currency or (self.products[0].currency if self.products else None)

    def find(self, code: str) -> Product | None:
        """The product of a SKU or a GTIN, if it is on sale."""
        found = self._by_code.get(code)
        return self._by_code.get(same_gtin(code)) if found is None and is_gtin(code) else found

    def numbered(self, number: str) -> tuple[Product, ...]:
        """The products on sale under this SKU, GTIN or PLU, each once."""
        found = self.find(number)
        of_plu = self._by_plu.get(_same_plu(number), [])
        return tuple(dict.fromkeys([found, *of_plu] if found else of_plu))

    def match(self, label: str | None, sku: str | None, weight_g: float | None = None) -> Match:
        """The product of an event: by its SKU or GTIN if the cart gave a known one, by its label otherwise."""
        named = self.find(sku) if sku else None
        found = [named] if named else self._by_label.get(label or "", [])
        if len(found) == 1:
            match = match_of(found[0])
            return match if weight_g is None else match.weighed(weight_g)
        return Match(sku=sku, choices=tuple(sorted(product.sku for product in found)))


def _same_plu(plu: str) -> str:
    """One form of a PLU, whatever its leading zeros, such as in the five digits of a scale label."""
    return plu.lstrip("0") or "0"

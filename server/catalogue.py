"""The catalogue: which product a label stands for, and what it costs.

A CSV file with the columns ``sku, gtin, label, name, price, currency``, or a TOML file with a ``[[product]]`` table a
product and the same keys. ``gtin`` and ``price`` may be empty; a product without a price is shown as unpriced.
"""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from smartcart.server.money import DIGITS

DEFAULT_CATALOGUE: Final = Path(__file__).parent / "catalogue.toml"
FIELDS: Final = ("sku", "gtin", "label", "name", "price", "currency")
_OPTIONAL: Final = ("gtin", "price")
_MAX_PRICE: Final = 10**9
_MAX_BYTES: Final = 64 * 2**20


class CatalogueError(Exception):
    """A catalogue file that cannot be taken; the message names file, row and field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product; ``price`` in minor units of ``currency`` a piece, None when the store has not set one."""

    sku: str
    gtin: str | None
    label: str
    name: str
    price: int | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the catalogue said of an event when it was committed; stored with it, so that a price stays.

    ``choices`` holds the SKUs when the label fits several products and a person has to settle which.
    """

    sku: str | None = None
    name: str | None = None
    price: int | None = None
    currency: str | None = None
    choices: tuple[str, ...] = ()

    def to_text(self) -> str:
        """As a ledger stores it."""
        return json.dumps([self.sku, self.name, self.price, self.currency, self.choices], separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What ``to_text`` wrote."""
        sku, name, price, currency, choices = json.loads(text)
        return cls(sku=sku, name=name, price=price, currency=currency, choices=tuple(choices))


class Catalogue:
    """Products by SKU, by GTIN and by label, all in one currency."""

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self.products: tuple[Product, ...] = tuple(products)
        self._by_code = {code: product for product in self.products for code in (product.gtin, product.sku) if code}
        self._by_label: dict[str, list[Product]] = {}
        for product in self.products:
            self._by_label.setdefault(product.label, []).append(product)

    @property
    def currency(self) -> str | None:
        """The currency of its prices; None if it is empty."""
        return self.products[0].currency if self.products else None

    def match(self, label: str | None, sku: str | None) -> Match:
        """The product of an event: by its SKU or GTIN if the cart gave a known one, by its label otherwise."""
        named = self._by_code.get(sku or "")
        found = [named] if named else self._by_label.get(label or "", [])
        if len(found) == 1:
            product = found[0]
            return Match(sku=product.sku, name=product.name, price=product.price, currency=product.currency)
        return Match(sku=sku, choices=tuple(sorted(product.sku for product in found)))


def load_catalogue(path: Path) -> Catalogue:
    """Reads a catalogue file, CSV or TOML by its suffix.

    Raises:
        CatalogueError: the file cannot be read, or a row of it is wrong.
    """
    rows = {".csv": _csv_rows, ".toml": _toml_rows}.get(path.suffix.lower())
    if rows is None:
        raise CatalogueError(f"{path}: a catalogue is a .csv or a .toml file")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CatalogueError(f"{path}: larger than {_MAX_BYTES // 2**20} MiB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"{path}: not UTF-8 text") from None
    products: list[Product] = []
    seen: dict[str, str] = {}
    for where, row in rows(path, text):
        product = _product(where, row)
        for code in filter(None, (product.sku, product.gtin)):
            if seen.setdefault(code, where) != where:
                raise CatalogueError(f"{where}: {code!r} is there twice, first in {seen[code].rpartition(': ')[2]}")
        if products and product.currency != products[0].currency:
            raise CatalogueError(
                f"{where}, field currency: {product.currency} here but {products[0].currency} in the rows before; "
                "a catalogue has one currency"
            )
        products.append(product)
    return Catalogue(products)


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = reader.fieldnames or ()
        for name in FIELDS:
            if name not in columns and name not in _OPTIONAL:
                raise CatalogueError(f"{path}: column {name!r} is missing in the first line")
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if None in row:
                raise CatalogueError(f"{where}: more values than columns")
            price = (row.get("price") or "").strip()
            if price and not re.fullmatch(r"-?[0-9]{1,18}", price):
                raise CatalogueError(f"{where}, field price: {price[:40]!r} is not a whole number of minor units")
            known = {name: (row.get(name) or "").strip() for name in FIELDS}
            yield where, known | {"price": int(price) if price else None}
    except csv.Error as error:
        raise CatalogueError(f"{path}: after line {reader.line_num}: {error}") from None


def _toml_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogueError(f"{path}: not TOML: {error}") from None
    rows = document.get("product", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CatalogueError(f"{path}: write each product as a [[product]] table")
    for number, row in enumerate(rows, start=1):
        where = f"{path}: product {number}"
        for name in row:
            if name not in FIELDS:
                raise CatalogueError(f"{where}, field {str(name)[:40]}: unknown; known are {', '.join(FIELDS)}")
        yield where, row


def _product(where: str, row: Mapping[str, Any]) -> Product:
    text: dict[str, str] = {}
    for name in FIELDS:
        if name == "price":
            continue
        value = row.get(name, "")
        if not isinstance(value, str):
            raise CatalogueError(f"{where}, field {name}: must be text in quotes")
        if not value and name not in _OPTIONAL:
            raise CatalogueError(f"{where}, field {name}: is empty")
        if len(value) > 200 or (name in ("sku", "label") and len(value) > 64) or not value.isprintable():
            raise CatalogueError(f"{where}, field {name}: is too long, or has characters that cannot be printed")
        text[name] = value
    price = row.get("price")
    if price is not None and (not isinstance(price, int) or isinstance(price, bool) or not 0 <= price <= _MAX_PRICE):
        raise CatalogueError(f"{where}, field price: {str(price)[:40]!r} is not a whole number of minor units from 0")
    if text["gtin"] and not is_gtin(text["gtin"]):
        raise CatalogueError(f"{where}, field gtin: {text['gtin'][:40]!r} is not a GTIN (its check digit is wrong)")
    if text["currency"] not in DIGITS:
        raise CatalogueError(f"{where}, field currency: {text['currency'][:40]!r} is not an ISO 4217 code")
    return Product(
        sku=text["sku"],
        gtin=text["gtin"] or None,
        label=text["label"],
        name=text["name"],
        price=price,
        currency=text["currency"],
    )


def is_gtin(code: str) -> bool:
    """Whether it is a GTIN of 8, 12, 13 or 14 digits whose check digit holds (GS1 General Specifications, 7.9).

    >>> is_gtin("4006381333931"), is_gtin("4006381333932")
    (True, False)
    """
    if len(code) not in (8, 12, 13, 14) or not (code.isascii() and code.isdigit()):
        return False
    return sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(reversed(code))) % 10 == 0

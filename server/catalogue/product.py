"""A product, and the rules for its fields, whether it was typed, imported or sent. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from smartcart.server.catalogue.money import DIGITS, minor_from
from smartcart.server.errors import ServerError

FIELDS: Final = ("sku", "gtin", "plu", "label", "name", "price", "currency", "unit", "tax", "active")
AMOUNT: Final = "price in units"
"""The column that replaces ``price`` if it is in the currency's units, with decimals."""
CUT_NUMBER: Final = r"[0-9](?:[.,][0-9]+)?[Ee]\+?[0-9]+"
"""A long number as a spreadsheet shows it, without its last digits."""
MAX_PRICE: Final = 10**9
MAX_LABELS: Final = 20
LABEL_SEPARATOR: Final = "|"
_LONGEST: Final = {"sku": 64, "gtin": 14, "plu": 6, "label": 1400, "name": 200}
_NEEDED: Final = ("sku", "name", "currency")
_SHOWN: Final = 40
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


class Unit(StrEnum):
    """What a price is for."""

    PIECE = "piece"
    KG = "kg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product.

    ``price`` is in minor units of ``currency`` per ``unit``, None if the store has not set one; ``labels`` are a
    detector's names for it; ``tax_rate`` is in hundredths of a percent; one that is not ``active`` is no longer on
    sale; ``picture`` is the id of its picture; ``plu`` is the short number of loose goods, which several may share.
    """

    sku: str
    gtin: str | None
    labels: tuple[str, ...]
    name: str
    price: int | None
    currency: str
    unit: Unit = Unit.PIECE
    tax_rate: int = 0
    active: bool = True
    picture: str | None = None
    plu: str | None = None

    def to_fields(self) -> dict[str, str]:
        """The fields as ``product_from`` reads them."""
        return {
            "sku": self.sku,
            "gtin": self.gtin or "",
            "plu": self.plu or "",
            "label": LABEL_SEPARATOR.join(self.labels),
            "name": self.name,
            "price": "" if self.price is None else str(self.price),
            "currency": self.currency,
            "unit": str(self.unit),
            "tax": percent(self.tax_rate),
            "active": "yes" if self.active else "no",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a field is invalid; ``value`` is the beginning of its text."""

    column: str
    value: str
    reason: str


class ProductError(ServerError):
    """Fields that do not make a product; ``problems`` say which and why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.column}: {problem.reason}" for problem in problems))
        self.problems = problems


def product_from(fields: Mapping[str, Any], currency: str | None = None) -> Product:
    """Reads a product from ``FIELDS``, or with ``AMOUNT``; ``currency`` is the store's, if the fields name none.

    Raises:
        ProductError: with all errors.
    """
    reading = _Reading(fields)
    text = {name: reading.gtin() if name == "gtin" else reading.text(name) for name in _LONGEST}
    code = reading.text("currency") or currency or ""
    if code not in DIGITS:
        reading.refuse("currency", "is empty" if not code else "is not an ISO 4217 code")
    elif currency is not None and code != currency:
        reading.refuse("currency", f"the store's currency is {currency}")
    if text["gtin"] and not is_gtin(text["gtin"]):
        reading.refuse("gtin", "is not a GTIN of 8, 12, 13 or 14 digits (its check digit is wrong)")
    if text["plu"] and not re.fullmatch(r"[0-9]{1,6}", text["plu"]):
        reading.refuse("plu", "is not a number of at most 6 digits, such as 4011")
    product = Product(
        sku=text["sku"],
        gtin=text["gtin"] or None,
        labels=reading.labels(text["label"]),
        name=text["name"],
        price=reading.price(code),
        currency=code,
        unit=reading.unit(),
        tax_rate=reading.tax(),
        active=reading.active(),
        plu=text["plu"] or None,
    )
    if reading.problems:
        raise ProductError(*reading.problems)
    return product


class _Reading:
    """Collects the errors of the fields."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.problems: list[Problem] = []

    def refuse(self, column: str, reason: str) -> None:
        value = self._fields.get(column)
        shown = "" if value is None else str(value)[:_SHOWN]
        self.problems.append(Problem(column=column, value=shown, reason=reason))

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, str):
            self.refuse(name, "must be text in quotes")
            return ""
        return self._checked(name, (value or "").strip())

    def _checked(self, name: str, stripped: str) -> str:
        if not stripped and name in _NEEDED and name != "currency":
            self.refuse(name, "is empty")
        if len(stripped) > _LONGEST.get(name, 64) or not stripped.isprintable():
            self.refuse(name, "is too long, or contains unprintable characters")
            return ""
        return stripped

    def gtin(self) -> str:
        """Without the blanks and hyphens that people write between digits."""
        value = self._fields.get("gtin")
        if not isinstance(value, str):
            return self.text("gtin")
        if re.fullmatch(CUT_NUMBER, value.strip()):
            self.refuse("gtin", "was truncated by a spreadsheet: format its column as text, and enter the code again")
            return ""
        return self._checked("gtin", re.sub(r"[\s-]", "", value))

    def _word(self, name: str) -> str:
        value = self._fields.get(name)
        return "" if value is None else str(value).strip()

    def labels(self, joined: str) -> tuple[str, ...]:
        labels = tuple(sorted({label for part in joined.split(LABEL_SEPARATOR) if (label := part.strip())}))
        if len(labels) > MAX_LABELS or any(len(label) > 64 for label in labels):
            self.refuse("label", f"at most {MAX_LABELS} labels of 64 characters, with {LABEL_SEPARATOR} between them")
        return labels

    def price(self, currency: str) -> int | None:
        if AMOUNT in self._fields:
            return self._amount(currency)
        word = self._word("price")
        if not word:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", word) or int(word) > MAX_PRICE:
            hint = "; for prices such as 1.29 say so, or name the column price (EUR)" if re.search("[.,]", word) else ""
            self.refuse("price", f"is not a whole number of minor units (cents) from 0{hint}")
            return None
        return int(word)

    def _amount(self, currency: str) -> int | None:
        word = self._word(AMOUNT)
        try:
            price = minor_from(word, currency) if word else None
            if price is not None and price > MAX_PRICE:
                raise ValueError("is too large")
        except ValueError as error:
            self.problems.append(Problem(column="price", value=word[:_SHOWN], reason=str(error)))
            return None
        return price

    def unit(self) -> Unit:
        word = self._word("unit").lower() or Unit.PIECE
        if word not in list(Unit):
            self.refuse("unit", "is neither piece nor kg")
            return Unit.PIECE
        return Unit(word)

    def tax(self) -> int:
        try:
            return rate_from(self._word("tax") or "0")
        except ValueError as error:
            self.refuse("tax", str(error))
            return 0

    def active(self) -> bool:
        word = self._word("active").lower()
        if word not in ("", *_YES, *_NO):
            self.refuse("active", "is neither yes nor no")
        return word not in _NO


def rate_from(text: str) -> int:
    """A tax rate in hundredths of a percent.

    >>> rate_from("19"), rate_from("5,5 %"), rate_from("8.10")
    (1900, 550, 810)
    """
    found = re.fullmatch(r"([0-9]{1,3})(?:[.,]([0-9]{1,2})0*)?\s*%?", text)
    rate = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= rate <= 10_000:
        raise ValueError("is not a percentage from 0 to 100 with at most two decimals")
    return rate


def percent(rate: int) -> str:
    """A tax rate without the percent sign.

    >>> percent(1900), percent(550), percent(810)
    ('19', '5.5', '8.1')
    """
    return f"{rate / 100:.2f}".rstrip("0").rstrip(".")


def is_gtin(code: str) -> bool:
    """True if it is a GTIN of 8, 12, 13 or 14 digits with a valid check digit (GS1 General Specifications, 7.9).

    >>> is_gtin("4006381333931"), is_gtin("4006381333932")
    (True, False)
    """
    if len(code) not in (8, 12, 13, 14) or not (code.isascii() and code.isdigit()):
        return False
    return sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(reversed(code))) % 10 == 0


def same_gtin(code: str) -> str:
    """One form of a GTIN, whatever its leading zeros: GTIN-14 (GS1, 3.3.2).

    >>> same_gtin("036000291452") == same_gtin("0036000291452")
    True
    """
    return code.zfill(14)

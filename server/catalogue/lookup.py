"""Finds the products of a scanned or typed number, with the additions of a scale label. Pure.

The number may be a GTIN, the text of a GS1 code, a scale's label, a UPC-E, a PLU or a SKU of the store.
"""

import re
from dataclasses import dataclass

from biip import ParseError
from biip.rcn import RcnRegion
from biip.upc import Upc

from smartcart.edge.codes.numbers import Number, read_number
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Product, is_gtin
from smartcart.server.errors import ServerError


class NumberError(ServerError):
    """A number without a product; the message is for the person who typed or scanned it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedProducts:
    """The meaning of one number; a person chooses from several ``products``.

    ``weight_g`` (grams) and ``price`` (minor units) come from a scale label, None if it has none.
    """

    products: tuple[Product, ...]
    weight_g: int | None = None
    price: int | None = None


class ScaleRulesError(ServerError):
    """The rules do not exist."""


def scale_rules(country: str | None) -> RcnRegion | None:
    """The rules of a country, by its two letters; None means those of the United States only.

    Raises:
        ScaleRulesError: none are known for it.
    """
    if country is None:
        return None
    try:
        return RcnRegion(country.lower())
    except ValueError:
        known = ", ".join(region.value for region in RcnRegion)
        raise ScaleRulesError(f"no rules for scale labels of {country[:20]!r} are known; known are {known}") from None


def look_up(catalogue: Catalogue, typed: str, region: RcnRegion | None = None) -> NumberedProducts:
    """The products of a number, at least one.

    Args:
        typed: as a person types it or a reader returns it, with or without blanks.
        region: whose rules the store's scales follow; see ``read_number``.

    Raises:
        NumberError: the check digit is wrong, or no product has this number.
    """
    number = _bare(typed)
    if not number:
        raise NumberError("Type the number under the bars, or the short number of loose goods.")
    known = catalogue.numbered(number)
    if known:
        return NumberedProducts(products=known)
    for read in (read_number(number, region), _of_short_upc(number)):
        found = catalogue.numbered(read.product) if read else ()
        if read and found:
            return _labelled(found, read)
    raise NumberError(_why_not(number))


def _bare(typed: str) -> str:
    """Without the blanks and hyphens that people write between digits."""
    close = re.sub(r"[ \u00a0-]", "", typed)
    return close if close.isascii() and close.isdecimal() else typed.strip()


def _labelled(found: tuple[Product, ...], read: Number) -> NumberedProducts:
    if read.weight_g == 0 or read.price == 0:
        raise NumberError("This label says 0: have it weighed again, or ask the staff.")
    return NumberedProducts(products=found, weight_g=read.weight_g, price=read.price)


def _of_short_upc(number: str) -> Number | None:
    """A UPC-E expanded to UPC-A."""
    if len(number) != 8 or not number.isdecimal():
        return None
    try:
        return Number(product=Upc.parse(number).as_upc_a())
    except ParseError:
        return None


def _why_not(number: str) -> str:
    shown = number if len(number) <= 20 else f"{number[:20]}…"
    if number.isdecimal() and len(number) in (8, 12, 13, 14) and not is_gtin(number):
        return f"{shown} is not right: its last digit does not fit the others. Scan or type it once more."
    if number.isdecimal() and len(number) > 6 and len(number) not in (8, 12, 13, 14):
        return f"{shown} has {len(number)} digits; the number under the bars has 8, 12 or 13. Type it once more."
    return f"No product here has the number {shown}: find it by its name, or press Help."

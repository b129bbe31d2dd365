"""Product numbers: interprets a code by GS1; a code with a wrong check digit is ignored."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from biip import ParseConfig, parse
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion

US_VARIABLE: Final = "2"
US_LENGTH: Final = 12
US_ITEM: Final = slice(1, 6)
US_PRICE: Final = slice(7, 11)
LENGTHS: Final = (8, 12, 13)
NET_WEIGHT: Final = "310"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A product number, and what a scale label adds to it.

    Attributes:
        product: the GTIN, in 13 digits where they suffice; for a scale label, the number without the variable part.
        weight_g: in grams, None if the label gives none.
        price: in minor units, None if the label gives none.
    """

    product: str
    weight_g: int | None = None
    price: int | None = None


def read_number(text: str, region: RcnRegion | None = None) -> Number | None:
    """Interprets the text of a code; None if it contains no valid product number.

    Args:
        text: as the reader returns it.
        region: whose rules apply to a scale label's weight or price; with None, only those of the United States.

    >>> read_number("4006381333931")
    Number(product='4006381333931', weight_g=None, price=None)
    >>> read_number("4006381333932") is None
    True
    >>> read_number("212345604991").price
    499
    """
    if len(text) == US_LENGTH and text.isdecimal() and text.startswith(US_VARIABLE):
        return _of_us_scale(text)
    if text.isdecimal() and len(text) in LENGTHS:
        return _of_gtin(parse(text, config=ParseConfig(rcn_region=region)).gtin, None)
    message = parse(text).gs1_message if text else None
    element = message.element_strings.get(ai="01") if message is not None else None
    return _of_gtin(element.gtin, message) if element is not None else None


def _of_gtin(gtin: Gtin | None, message: GS1Message | None) -> Number | None:
    if gtin is None:
        return None
    if not isinstance(gtin, Rcn):
        return Number(product=gtin.as_gtin_14().removeprefix("0"), weight_g=_net_grams(message))
    same = gtin.without_variable_measure() if gtin.region is not None else gtin
    return Number(product=same.value, weight_g=_scaled(gtin.weight), price=_scaled(gtin.price, 100))


def _scaled(value: Decimal | None, by: int = 1000) -> int | None:
    return None if value is None else round(value * by)


def _net_grams(message: GS1Message | None) -> int | None:
    """The net weight of a GS1 message (AI 310x), in grams."""
    elements = message.element_strings if message is not None else ()
    return next((_scaled(one.decimal) for one in elements if one.ai.ai.startswith(NET_WEIGHT)), None)


def _of_us_scale(text: str) -> Number | None:
    """A random-weight UPC-A of the United States: 2, five digits of the item, a check, four of the price, a check."""
    digits = [int(c) for c in text]
    total = 3 * sum(digits[0:11:2]) + sum(digits[1:11:2])
    if (total + digits[11]) % 10:
        return None
    return Number(product=text[US_ITEM], price=int(text[US_PRICE]))

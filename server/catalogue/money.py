"""Money as integer minor units with an ISO 4217 code."""

import re
from typing import Final

_TWO_DIGITS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"

DIGITS: Final = (
    dict.fromkeys(_TWO_DIGITS.split(), 2)
    | dict.fromkeys(_NO_DIGITS.split(), 0)
    | dict.fromkeys(_THREE_DIGITS.split(), 3)
)
"""The number of decimals of each ISO 4217 currency."""

_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫"}


def money(minor: int, currency: str) -> str:
    """An amount in English notation.

    >>> money(123456, "EUR"), money(5, "GBP"), money(1500, "JPY"), money(-250, "USD")
    ('€1,234.56', '£0.05', '¥1,500', '-$2.50')
    >>> money(1234, "KWD") == "KWD\N{NO-BREAK SPACE}1.234"
    True
    """
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    amount = f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    sign = "-" if minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{amount}" if symbol else f"{currency}\N{NO-BREAK SPACE}{sign}{amount}"


def is_currency(word: str, currency: str) -> bool:
    """True if a word means this currency, by its code or its sign.

    >>> is_currency("eur", "EUR"), is_currency("€", "EUR"), is_currency("$", "EUR")
    (True, True, False)
    """
    return re.fullmatch(_name_of(currency), word, re.IGNORECASE) is not None


def _name_of(currency: str) -> str:
    return "|".join(re.escape(name) for name in (currency, _SYMBOLS.get(currency)) if name)


def minor_from(text: str, currency: str) -> int:
    """The minor units of an amount as a person types it, with a point or a comma before the decimals.

    >>> minor_from("1.19", "EUR"), minor_from("2,5", "EUR"), minor_from("3", "EUR"), minor_from("150", "JPY")
    (119, 250, 300, 150)

    The currency may stand before or behind it, as a code or as its sign.

    Raises:
        ValueError: it is not an amount, or has more decimals than the currency.
    """
    digits = DIGITS.get(currency, 2)
    bare = re.sub(rf"^({_name_of(currency)})|({_name_of(currency)})$", "", text.strip(), flags=re.IGNORECASE)
    found = re.fullmatch(r"([0-9]{1,9})(?:[.,]([0-9]+))?", bare.strip())
    if found is None or len(found[2] or "") > digits:
        raise ValueError(f"is not an amount in {currency}, such as {decimal(10**digits + 19 * bool(digits), currency)}")
    return int(found[1] + (found[2] or "").ljust(digits, "0"))


def decimal(minor: int, currency: str) -> str:
    """An amount as plain text, which ``minor_from`` can read.

    >>> decimal(119, "EUR"), decimal(1500, "JPY")
    ('1.19', '1500')
    """
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(minor, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)

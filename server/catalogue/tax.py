"""Taxes by rate. Pure; rates are in hundredths of a percent, amounts in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """The total of one rate: ``gross`` is ``net`` plus ``tax``."""

    rate: int
    net: int
    tax: int
    gross: int


def taxes(amounts: Iterable[tuple[int, int]], *, included: bool) -> tuple[Tax, ...]:
    """The taxes on amounts of (rate, amount), rounded half up once per rate, on its sum.

    Args:
        included: whether the amounts already include tax.

    >>> [(t.net, t.tax) for t in taxes([(1900, 100), (1900, 19), (700, 107)], included=True)]
    [(100, 7), (100, 19)]
    >>> taxes([(1900, 50), (1900, 50)], included=False)
    (Tax(rate=1900, net=100, tax=19, gross=119),)
    """
    sums: dict[int, int] = {}
    for rate, amount in amounts:
        sums[rate] = sums.get(rate, 0) + amount
    return tuple(_tax(rate, amount, included) for rate, amount in sorted(sums.items()))


def _tax(rate: int, amount: int, included: bool) -> Tax:
    tax = _half_up(amount * rate, _WHOLE + rate if included else _WHOLE)
    net = amount - tax if included else amount
    return Tax(rate=rate, net=net, tax=tax, gross=net + tax)


def _half_up(part: int, whole: int) -> int:
    """``part / whole`` rounded, half away from zero."""
    rounded = (2 * abs(part) + whole) // (2 * whole)
    return rounded if part >= 0 else -rounded

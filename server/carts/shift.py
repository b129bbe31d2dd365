"""Numbers of a shift: from sessions to figures per hour of the store's clock.

Pure; all times are the server's own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from smartcart.edge.contract.events import ITEM_TYPES, EventType
from smartcart.server.basket.effective_corrections import effective_corrections
from smartcart.server.basket.records import StoredCorrection, StoredEvent
from smartcart.server.carts.commands import CartKey
from smartcart.server.runtime.zone import UTC_ZONE, hour_of, hours_to

TOP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One session as the ledger holds it."""

    cart: CartKey
    events: Sequence[StoredEvent]
    corrections: Sequence[StoredCorrection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour; ``settle_seconds`` is the median of the settled uncertain events, None without any.

    ``carts`` counts those that reported an item.
    """

    begin: datetime
    added: int = 0
    removed: int = 0
    uncertain: int = 0
    corrected: int = 0
    carts: int = 0
    settle_seconds: float | None = None

    @property
    def events(self) -> int:
        return self.added + self.removed + self.uncertain

    @property
    def uncertain_rate(self) -> float | None:
        """The share of uncertain events; None without an event."""
        return self.uncertain / self.events if self.events else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopProduct:
    """How often a product was put in, less how often it was taken out."""

    name: str
    sku: str | None
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The hours of ``time_zone`` from the first to the current one, and their totals."""

    time_zone: str
    hours: tuple[Hour, ...]
    sessions: int
    carts: int
    settled: int
    waiting: int
    settle_seconds: float | None
    products: tuple[TopProduct, ...]

    @property
    def events(self) -> int:
        return sum(hour.events for hour in self.hours)

    @property
    def uncertain_rate(self) -> float | None:
        """The share of uncertain events; None without an event."""
        return sum(hour.uncertain for hour in self.hours) / self.events if self.events else None


@dataclass(slots=True)
class _Open:
    kinds: Counter[EventType] = field(default_factory=Counter)
    carts: set[CartKey] = field(default_factory=set)
    corrected: int = 0
    delays: list[float] = field(default_factory=list)


def shift_of(trips: Iterable[Trip], now: datetime, hours: int, zone: ZoneInfo = UTC_ZONE) -> Shift:
    """The last ``hours`` hours of a zone, including the current one."""
    begins = hours_to(now, hours, zone)
    # in UTC, since times of one zone that differ only in fold are equal
    open_hours = {begin.astimezone(UTC): _Open() for begin in begins}

    def hour_at(time: str) -> _Open | None:
        return open_hours.get(hour_of(_moment(time), zone).astimezone(UTC))

    net: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    sessions = waiting = 0
    for trip in trips:
        words = effective_corrections(trip.corrections)
        said = _first_words(words)
        told = False
        for stored in trip.events:
            hour = hour_at(stored.stored_at)
            if hour is None or stored.event.type not in ITEM_TYPES:
                continue
            told = True
            hour.kinds[stored.event.type] += 1
            hour.carts.add(trip.cart)
            _count(net, stored, _last_word(words, stored.event.id))
            if stored.event.type is EventType.ITEM_UNCERTAIN:
                first = said.get(stored.event.id)
                if first is None:
                    waiting += 1
                else:
                    hour.delays.append(max(0.0, (_moment(first) - _moment(stored.stored_at)).total_seconds()))
        sessions += told
        for word in words:
            if hour := hour_at(word.correction.time):
                hour.corrected += 1
                if word.correction.corrects is None:
                    _count_word(net, _last_word(words, word.correction.id) or word)
    delays = [delay for hour in open_hours.values() for delay in hour.delays]
    return Shift(
        time_zone=zone.key,
        hours=tuple(_closed(begin, open_hours[begin.astimezone(UTC)]) for begin in begins),
        sessions=sessions,
        carts=len(set().union(*(hour.carts for hour in open_hours.values()))),
        settled=len(delays),
        waiting=waiting,
        settle_seconds=median(delays) if delays else None,
        products=_top(net),
    )


def _closed(begin: datetime, hour: _Open) -> Hour:
    return Hour(
        begin=begin,
        added=hour.kinds[EventType.ITEM_ADDED],
        removed=hour.kinds[EventType.ITEM_REMOVED],
        uncertain=hour.kinds[EventType.ITEM_UNCERTAIN],
        corrected=hour.corrected,
        carts=len(hour.carts),
        settle_seconds=median(hour.delays) if hour.delays else None,
    )


def _count(net: defaultdict[tuple[str, str | None], int], stored: StoredEvent, word: StoredCorrection | None) -> None:
    event = stored.event
    if word is not None:
        same = word.correction.label == event.label and word.correction.sku in (None, stored.match.sku)
        _count_word(net, word, (stored.match.name, stored.match.sku) if same else None)
    elif event.type is not EventType.ITEM_UNCERTAIN:
        sign = 1 if event.type is EventType.ITEM_ADDED else -1
        net[(stored.match.name or event.label or "", stored.match.sku)] += sign * (event.quantity or 1)


def _count_word(
    net: defaultdict[tuple[str, str | None], int],
    word: StoredCorrection,
    product: tuple[str | None, str | None] | None = None,
) -> None:
    said = word.correction
    sign = {"added": 1, "removed": -1, "none": 0}[said.action]
    name, sku = product or (word.match.name, word.match.sku)
    if sign:
        net[(name or said.label or "", sku)] += sign * said.quantity


def _top(net: defaultdict[tuple[str, str | None], int]) -> tuple[TopProduct, ...]:
    ordered = sorted(net.items(), key=lambda pair: (-pair[1], pair[0][0]))
    return tuple(TopProduct(name=name, sku=sku, quantity=count) for (name, sku), count in ordered[:TOP] if count > 0)


def _first_words(corrections: Iterable[StoredCorrection]) -> dict[str, str]:
    """When each event was first settled."""
    found: dict[str, str] = {}
    for word in corrections:
        if word.correction.corrects is not None:
            found.setdefault(word.correction.corrects, word.correction.time)
    return found


def _last_word(corrections: Sequence[StoredCorrection], event: str) -> StoredCorrection | None:
    return next((word for word in reversed(corrections) if word.correction.corrects == event), None)


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time)

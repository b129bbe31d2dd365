"""The contents of the page *History*: sessions of any day, found by cart, product, amount, receipt or person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from smartcart.edge.contract.times import rfc3339
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.fold import fold_or_fault
from smartcart.server.basket.records import SessionKey, SessionRecords
from smartcart.server.checkout.payments import Payments
from smartcart.server.checkout.receipt import Receipt
from smartcart.server.ledger.port import Ledger

MOST_SHOWN: Final = 50
MOST_READ: Final = 300
"""The most sessions that one search reads; the next one continues from there."""
_AT_ONCE: Final = 50
FIRST_DAY: Final = date(1970, 1, 2)
LAST_DAY: Final = date(9999, 12, 29)
"""The days whose beginning and end are times in every zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A search; with all fields empty it finds everything. A session must contain each of ``words``.

    ``day`` is between ``FIRST_DAY`` and ``LAST_DAY``; ``before`` is the ledger's position to go on from.
    """

    day: date | None = None
    cart: str = ""
    words: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSession:
    """One row of the list; ``people`` are those who corrected or closed the session."""

    basket: Basket
    began: str
    people: tuple[str, ...]
    receipt: Receipt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Sessions, the newest first; ``further`` is the position to continue from, None if nothing older is left."""

    sessions: tuple[PastSession, ...]
    further: int | None


class History:
    """Finds sessions in the ledger. ``price`` formats an amount in minor units as the pages do."""

    def __init__(
        self, ledger: Ledger, payments: Payments, zone: ZoneInfo, price: Callable[[int, str | None], str]
    ) -> None:
        self._ledger = ledger
        self._payments = payments
        self._zone = zone
        self._price = price

    def find(self, wanted: Wanted) -> Found:
        """Searches the sessions.

        Raises:
            LedgerError, DatabaseError: the database cannot be read.
        """
        since, until = self._span(wanted.day)
        place = wanted.before if wanted.before is not None or until is None else self._before(until)
        found: list[PastSession] = []
        for _ in range(MOST_READ // _AT_ONCE):
            batch = self._ledger.past_sessions(place, _AT_ONCE, wanted.cart)
            for position, key in batch:
                records = self._ledger.session(key)
                began = _began(records)
                if since is not None and began and began < since:
                    return Found(sessions=tuple(found), further=None)
                place = position
                is_of_day = until is None or (began and began < until)
                if is_of_day and (past := self._past(records, began, wanted.words)):
                    found.append(past)
                if len(found) == MOST_SHOWN:
                    return Found(sessions=tuple(found), further=place)
            if len(batch) < _AT_ONCE:
                return Found(sessions=tuple(found), further=None)
        return Found(sessions=tuple(found), further=place)

    def _span(self, day: date | None) -> tuple[str | None, str | None]:
        if day is None:
            return None, None
        begin, end = (datetime.combine(one, time(), self._zone) for one in (day, day + timedelta(days=1)))
        return rfc3339(begin.astimezone(UTC)), rfc3339(end.astimezone(UTC))

    def _before(self, until: str) -> int:
        """The position before which all sessions began before a time; positions follow the order of beginning."""
        newest = self._ledger.past_sessions(None, 1)
        low, high = 0, newest[0][0] + 1 if newest else 0
        while low < high:
            middle = (low + high) // 2
            there = self._ledger.past_sessions(middle + 1, 1)
            if not there or _began(self._ledger.session(there[0][1])) < until:
                low = middle + 1
            else:
                high = there[0][0]
        return low

    def _past(self, records: SessionRecords, began: str, words: str) -> PastSession | None:
        """The row of a session; None if it lacks one of the words."""
        basket = fold_or_fault(records)
        said = [stored.correction.by for stored in records.corrections] + [records.closing and records.closing.by]
        people = tuple(dict.fromkeys(name for name in said if name))
        receipt = self._payments.receipt_of(_key(basket))
        amount = self._price(basket.total_minor, basket.currency)
        told = [*people, amount, amount.replace(".", ","), receipt.title if receipt else "", basket.session]
        told += [text for stored in records.events for text in (stored.match.name, stored.event.label) if text]
        told += [stored.match.name for stored in records.corrections if stored.match.name]
        whole = "\n".join(told).casefold()
        if not all(word in whole for word in words.casefold().split()):
            return None
        return PastSession(basket=basket, began=began, people=people, receipt=receipt)


def _began(records: SessionRecords) -> str:
    """When the first event was stored (RFC 3339, UTC); empty if none can be read."""
    return min((stored.stored_at for stored in records.events), default="")


def _key(basket: Basket) -> SessionKey:
    return SessionKey(store=basket.store, cart=basket.cart, session=basket.session)

"""Reads the sessions of a shift from the ledger, and writes their numbers as CSV."""

import csv
import io
import threading
import time
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from smartcart.edge.contract.times import rfc3339
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.shift import Shift, Trip, shift_of
from smartcart.server.ledger.port import Ledger
from smartcart.server.runtime.zone import UTC_ZONE, hours_to

KEPT_SECONDS: Final = 10.0
"""How long a result is reused for everybody."""
_SESSIONS_AT_ONCE: Final = 20
COLUMNS: Final = (
    *("hour", "events", "added", "removed", "uncertain", "uncertain_rate"),
    *("corrected", "settle_seconds", "carts"),
)


class ShiftBook:
    """Reads a shift once for all requests. Safe to use from several threads."""

    def __init__(self, carts: Carts, ledger: Ledger, zone: ZoneInfo = UTC_ZONE) -> None:
        self._carts = carts
        self._ledger = ledger
        self._zone = zone
        self._known: dict[int, tuple[float, Shift]] = {}
        self._lock = threading.Lock()

    def read(self, now: datetime, hours: int) -> Shift:
        """The numbers of the last ``hours`` hours.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            known = self._known.get(hours)
            if known is not None and time.monotonic() - known[0] < KEPT_SECONDS:
                return known[1]
            since = rfc3339(hours_to(now, hours, self._zone)[0])
            trips = [trip for view in self._carts.views() for trip in self._trips(view.store, view.cart, since)]
            shift = shift_of(trips, now, hours, self._zone)
            self._known[hours] = (time.monotonic(), shift)
            return shift

    def _trips(self, store: str, cart: str, since: str) -> list[Trip]:
        """A cart's sessions with activity since then, the newest first."""
        found: list[Trip] = []
        limit = _SESSIONS_AT_ONCE
        while True:
            keys = self._ledger.sessions(store, cart, limit)
            for key in keys[len(found) :]:
                last = self._ledger.last_stored(key)
                if last is not None and last < since:
                    return found
                records = self._ledger.session(key)
                found.append(Trip(cart=(store, cart), events=records.events, corrections=records.corrections))
            if len(keys) < limit:
                return found
            limit *= 4


def as_csv(shift: Shift) -> str:
    """One row an hour (its start in RFC 3339, with the zone's offset); an empty cell if there is no number."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for hour in shift.hours:
        rate, settle = hour.uncertain_rate, hour.settle_seconds
        rows.writerow(
            [
                *(hour.begin.isoformat(), hour.events, hour.added, hour.removed, hour.uncertain),
                *("" if rate is None else f"{rate:.4f}", hour.corrected, "" if settle is None else f"{settle:.1f}"),
                hour.carts,
            ]
        )
    return text.getvalue()

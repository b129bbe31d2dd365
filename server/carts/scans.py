"""Asks a cart's camera to read a code while the cart's screen waits for one.

Nothing is stored: the screen repeats its request, and decides what to do with the code.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from smartcart.edge.contract.code import CodeReport
from smartcart.edge.contract.events import Command, ContractError
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import CartKey

ASK_SECONDS: Final = 2.0
WANTED_SECONDS: Final = 4.0
"""Seconds that one request of a screen is valid."""
FORGOTTEN_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedScan:
    """One request of a screen; ``text`` is the content of the code, once read. Times are seconds of a steady clock."""

    id: str
    until: float
    asked: float = 0.0
    text: str | None = None


class Scans:
    """The newest request of each cart. Safe to use from several threads."""

    def __init__(self, carts: Carts, clock: Callable[[], float] = time.monotonic) -> None:
        self._carts = carts
        self._clock = clock
        self._lock = threading.Lock()
        self._of: dict[CartKey, WantedScan] = {}

    def can(self, cart: CartKey) -> bool:
        """True if a cart is online and can read codes."""
        view = self._carts.view(cart)
        return view is not None and view.status is not None and view.status.online and bool(view.status.reads_codes)

    def want(self, cart: CartKey, scan: str | None) -> WantedScan | None:
        """Takes a request of a screen, new (``scan`` None) or repeated; None if the cart cannot read codes now."""
        if not self.can(cart):
            return None
        now = self._clock()
        with self._lock:
            known = self._of.get(cart)
            if known is None or known.id != scan:
                known = WantedScan(id=str(uuid.uuid4()), until=0.0)
            self._of[cart] = known = replace(known, until=now + WANTED_SECONDS)
        return known

    def take(self, cart: CartKey, payload: bytes) -> None:
        """Takes a cart's report of a code; ignored if no request waits for it."""
        try:
            report = CodeReport.from_bytes(payload)
        except ContractError as error:
            log.warning("a code message of cart %s/%s is ignored: %s", *cart, error.reason)
            return
        with self._lock:
            known = self._of.get(cart)
            if known is not None and known.id == report.scan:
                self._of[cart] = replace(known, text=report.text)

    def due(self) -> list[tuple[CartKey, Command]]:
        """The commands to send now."""
        now = self._clock()
        with self._lock:
            self._of = {cart: scan for cart, scan in self._of.items() if now - scan.until < FORGOTTEN_SECONDS}
            due = {
                cart: replace(scan, asked=now)
                for cart, scan in self._of.items()
                if scan.text is None and now < scan.until and (not scan.asked or now - scan.asked >= ASK_SECONDS)
            }
            self._of |= due
        return [(cart, Command(action="scan", scan=scan.id)) for cart, scan in due.items()]

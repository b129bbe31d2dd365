"""Codes that carts are asked to read: while a cart's screen waits for one, its camera looks for it.

Nothing of it is kept: who asks goes on asking, and what was read is the screen's to do something with.
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
"""How long one request of a screen counts."""
FORGOTTEN_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedScan:
    """One request of a screen; ``text`` is the code once it was read. Times are in seconds of the steady clock."""

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
        """Whether a cart could be asked now."""
        view = self._carts.view(cart)
        return view is not None and view.status is not None and view.status.online and bool(view.status.reads_codes)

    def want(self, cart: CartKey, scan: str | None) -> WantedScan | None:
        """A screen wants a code, for the first time (``scan`` None) or still; None of a cart that cannot read one."""
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
        """A cart has read a code; one that nobody waits for is passed over."""
        try:
            report = CodeReport.from_bytes(payload)
        except ContractError as error:
            log.warning("cart %s/%s reports no code: %s", *cart, error.reason)
            return
        with self._lock:
            known = self._of.get(cart)
            if known is not None and known.id == report.scan:
                self._of[cart] = replace(known, text=report.text)

    def due(self) -> list[tuple[CartKey, Command]]:
        """What to send to carts now."""
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

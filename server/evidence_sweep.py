"""Forgets the pictures of sessions that were erased, by whatever process."""

import logging
import threading
from typing import Final

from smartcart.server.commands import CartKey
from smartcart.server.evidence import EvidenceBox
from smartcart.server.ledger import Ledger, LedgerError

EVERY_SECONDS: Final = 30.0
_SESSIONS: Final = 50

log = logging.getLogger(__name__)


class EvidenceSweep:
    """One thread, which runs only where pictures are taken."""

    def __init__(self, box: EvidenceBox, ledger: Ledger) -> None:
        self._box = box
        self._ledger = ledger
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evidence-sweep", daemon=True)

    def start(self) -> None:
        if self._box.is_on:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._box.is_on:
            self._thread.join()

    def sweep(self) -> None:
        """Looks once.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        for cart in self._box.carts():
            self._box.keep_only(cart, self._events(cart))

    def _events(self, cart: CartKey) -> set[str]:
        keys = self._ledger.sessions(*cart, _SESSIONS)
        return {stored.event.id for key in keys for stored in self._ledger.session_events(key)}

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            try:
                self.sweep()
            except LedgerError as error:
                log.warning("pictures of erased sessions could not be looked for: %s", error)

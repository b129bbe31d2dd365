"""Deletes the pictures of sessions that were erased, by whatever process."""

from typing import Final

from smartcart.server.carts.commands import CartKey
from smartcart.server.ledger.port import Ledger
from smartcart.server.mqtt.evidence import EvidenceBox

EVERY_SECONDS: Final = 30.0
_SESSIONS: Final = 50


def sweep(box: EvidenceBox, ledger: Ledger) -> None:
    """Checks the carts with pictures once.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for cart in box.carts():
        box.keep_only(cart, _events(ledger, cart))


def _events(ledger: Ledger, cart: CartKey) -> set[str]:
    keys = ledger.sessions(*cart, _SESSIONS)
    return {stored.event.id for key in keys for stored in ledger.session(key).events}

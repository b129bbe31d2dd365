"""Any basket again, from nothing but what the ledger holds."""

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.fold import fold_or_fault
from smartcart.server.ledger.port import Ledger, SessionKey


def replay(ledger: Ledger, key: SessionKey) -> Basket | None:
    """The basket of a session; None where the ledger holds nothing of it.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    events, faults = ledger.session_events(key), ledger.session_faults(key)
    if not events and not faults:
        return None
    corrections, closing = ledger.session_corrections(key), ledger.session_closing(key)
    return fold_or_fault(key.store, key.cart, key.session, events, faults, corrections, closing)

"""Rebuilds any basket from the ledger alone."""

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.fold import fold_or_fault
from smartcart.server.basket.records import SessionKey
from smartcart.server.ledger.port import Ledger


def replay(ledger: Ledger, key: SessionKey) -> Basket | None:
    """The basket of a session; None if the ledger has nothing of it.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    records = ledger.session(key)
    return None if records.is_empty else fold_or_fault(records)

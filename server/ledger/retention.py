"""How long carts' events are kept, and their deletion."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from smartcart.edge.contract.times import rfc3339
from smartcart.server.basket.records import SessionKey
from smartcart.server.ledger.port import Erasure, Ledger, Outcome


def before(now: datetime, days: int) -> str:
    """The time (RFC 3339, UTC) that many days ago."""
    return rfc3339(now - timedelta(days=days))


def old_sessions(ledger: Ledger, until: str) -> Iterator[SessionKey]:
    """The sessions without activity since a time on the server's clock; a cart's own clock does not count.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for key in ledger.every_session():
        last = ledger.last_stored(key)
        if last is None or last < until:
            yield key


def erase(ledger: Ledger, key: SessionKey, *, by: str | None, now: datetime) -> bool:
    """Erases a session for good; False if there is none.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    verdict = ledger.erase_session(key, Erasure(id=str(uuid.uuid4()), by=by, time=rfc3339(now)))
    return verdict.outcome is not Outcome.REFUSED

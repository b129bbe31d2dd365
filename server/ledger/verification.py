"""Checks that a ledger is sound: its storage, and every basket replayed from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import SessionKey
from smartcart.server.ledger.port import Ledger
from smartcart.server.ledger.replay import replay

MAX_FAULTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result; ``faults`` describe errors, at most ``MAX_FAULTS``. The counts are of baskets."""

    sessions: int
    events: int
    corrections: int
    incomplete: int
    needing_attention: int
    uncertain: int
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.faults


def verify(ledger: Ledger) -> Report:
    """Checks the storage and replays every basket, one at a time.

    Raises:
        LedgerError: the ledger cannot be read at all.
    """
    faults: list[str] = []
    counts = dict.fromkeys(("sessions", "events", "corrections", "incomplete", "needing_attention", "uncertain"), 0)
    for fault in ledger.integrity():
        if len(faults) < MAX_FAULTS:
            faults.append(fault)
    for key, basket in baskets(ledger, faults):
        counts["sessions"] += 1
        if basket is not None:
            counts["events"] += basket.events
            counts["corrections"] += basket.corrections
            counts["incomplete"] += basket.incomplete
            counts["needing_attention"] += basket.needs_attention
            counts["uncertain"] += bool(basket.uncertain)
        elif len(faults) < MAX_FAULTS:
            faults.append(f"session {key.store}/{key.cart}/{key.session} is empty")
    return Report(**counts, faults=tuple(faults))


def baskets(ledger: Ledger, faults: list[str]) -> Iterator[tuple[SessionKey, Basket | None]]:
    """Every session's basket; one that cannot be replayed is reported in ``faults`` and skipped."""
    for key in ledger.every_session():
        try:
            yield key, replay(ledger, key)
        except ValueError as error:
            if len(faults) < MAX_FAULTS:
                faults.append(f"session {key.store}/{key.cart}/{key.session} cannot be replayed: {error}")

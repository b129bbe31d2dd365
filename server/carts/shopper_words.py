"""What a shopper adds on the cart's own screen: a product by its number or its name, each exactly once.

It counts at once, is marked as the shopper's, and waits in the queue until somebody of the store has agreed. The main
use is to name what the camera could not: what was just put in and has no certain product is settled by it, and is not
added a second time.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from smartcart.edge.contract.events import Correction, EventType, WordSource, parse_time
from smartcart.server.access.audit import Actor
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.effective_corrections import effective_corrections
from smartcart.server.basket.records import SessionKey, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.carts.corrections import SHOPPER, CorrectionError, Corrections, Reading
from smartcart.server.catalogue.product import Product
from smartcart.server.ledger.port import Ledger
from smartcart.server.runtime.clock import utc_now

MOST_OF_ONE: Final = 99
"""The largest quantity that a shopper may add at once."""
MOST_ADDED: Final = 200
"""How often a shopper may add something in one session."""
JUST_SECONDS: Final = 30.0
"""For how long after an event it is what was *just* put in; about one visit and the time to reach for the screen."""
MOST_OFFERED: Final = 3
_OF_THIS_STORE: Final = uuid.UUID("6d6b1f1c-0c4e-5a63-9d0b-6f2a5b8e7d31")


class NotNowError(CorrectionError):
    """Nothing can be added to this basket, now or any more; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperWord:
    """What a shopper says: so many of a product, named by ``source``.

    ``key`` is the screen's own name for this one press; ``settles`` is the event that it was, None for another item.
    ``weight_g`` (grams) and ``price`` (minor units) are what a scale's label says.
    """

    key: str
    product: Product
    quantity: int
    source: WordSource
    settles: str | None = None
    weight_g: int | None = None
    price: int | None = None


class ShopperWords:
    """Adds what shoppers say. Safe to use from several threads.

    Args:
        now: the server's clock.
    """

    def __init__(self, ledger: Ledger, corrections: Corrections, now: Callable[[], str] = utc_now) -> None:
        self._ledger = ledger
        self._corrections = corrections
        self._now = now

    def add(self, basket: Basket, word: ShopperWord, by: Actor) -> Correction:
        """Adds it to a basket, or settles the event that it was. The same ``key`` again gives what it gave before.

        Raises:
            NotNowError: the session is over, or too much was added in it.
            CorrectionError: the event is settled already; otherwise as for ``Corrections.make``.
            LedgerError, DatabaseError: as for ``Corrections.make``.
        """
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        once = _id_of(session, word.key)
        said = self._ledger.session(session)
        if not any(stored.correction.id == once for stored in said.corrections):
            self._check(basket, said, word)
        reading = Reading(
            action="added",
            sku=word.product.sku,
            quantity=word.quantity,
            weight_g=word.weight_g,
            price=word.price,
            source=word.source,
        )
        return self._corrections.make(session, word.settles, reading, by, first_only=True, once=once)

    def take_back(self, basket: Basket, name: str, by: Actor) -> None:
        """Takes back what the shopper added or settled, unless the store has looked at it; what is back already stays.

        Raises:
            As for ``add``.
        """
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        words = self._ledger.session(session).corrections
        word = next((stored.correction for stored in words if stored.correction.id == name), None)
        if word is None or word.by != SHOPPER or word.action == "none":
            raise NotNowError("this was not added here")
        if basket.state != "open":
            raise NotNowError("your trip has ended: ask the staff")
        last = [stored.correction for stored in effective_corrections(words) if _is_about(stored, word)]
        if any(said.by != SHOPPER for said in last):
            raise NotNowError("the store has looked at this already: ask the staff")
        self._corrections.make(session, name, Reading(action="none"), by, once=_id_of(session, f"back {name}"))

    def just_put_in(self, basket: Basket, product: Product) -> list[StoredEvent]:
        """What was just put in and may be this product, the newest first.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        now = parse_time(self._now())
        found = [stored for stored in open_for(self._ledger.session(session), product) if _is_recent(stored, now)]
        return found[::-1][:MOST_OFFERED]

    def _check(self, basket: Basket, said: SessionRecords, word: ShopperWord) -> None:
        if basket.state != "open":
            raise NotNowError("your trip has ended: ask the staff to add something")
        if not 1 <= word.quantity <= MOST_OF_ONE:
            raise NotNowError(f"a quantity is a whole number from 1 to {MOST_OF_ONE}")
        if sum(stored.correction.by == SHOPPER for stored in said.corrections) >= MOST_ADDED:
            raise NotNowError("this is as much as can be added here: press Help")
        if word.settles is not None and word.settles not in {s.event.id for s in open_for(said, word.product)}:
            raise NotNowError("this is settled already: look at your basket")


def open_for(records: SessionRecords, product: Product) -> list[StoredEvent]:
    """The events of a session that may have been this product going in: what nobody is sure of, and what it is already.

    What the camera has named otherwise, with a price, is not among them.
    """
    return [stored for stored in _unsettled(records) if _may_be(stored, product)]


def _unsettled(records: SessionRecords) -> list[StoredEvent]:
    """What went in, or may have, and nobody has said anything about."""
    named = {stored.correction.corrects for stored in effective_corrections(records.corrections)}
    return [stored for stored in records.events if stored.event.id not in named and _went_in(stored)]


def _went_in(stored: StoredEvent) -> bool:
    event = stored.event
    if event.type is EventType.ITEM_UNCERTAIN:
        told = {candidate.outcome for candidate in event.candidates or ()} - {"none"}
        return told != {"removed"}
    return event.type is EventType.ITEM_ADDED


def _may_be(stored: StoredEvent, product: Product) -> bool:
    if stored.event.type is EventType.ITEM_UNCERTAIN or stored.match.sku == product.sku:
        return True
    return stored.match.price is None and stored.match.per_kg is None


def _is_recent(stored: StoredEvent, now: datetime) -> bool:
    return (now - parse_time(stored.stored_at)).total_seconds() <= JUST_SECONDS


def _is_about(stored: StoredCorrection, word: Correction) -> bool:
    """Whether a correction is a word on what another one added or settled."""
    said = stored.correction
    return said.corrects == word.id or (word.corrects is not None and said.corrects == word.corrects)


def _id_of(session: SessionKey, key: str) -> str:
    """One id for one press of one session, whatever a screen takes for its key."""
    return str(uuid.uuid5(_OF_THIS_STORE, "\n".join((session.store, session.cart, session.session, key))))

"""Additions by a shopper on the cart's own screen: a product by its number or its name, each exactly once.

An addition counts at once, is marked as the shopper's, and waits in the queue until staff have agreed. Its main use is
to name what the camera could not: an item just put in without a certain product is settled by it, and is not added a
second time. Only the shopper decides whether it is the same (``same_item``), whichever came first.
"""

import contextlib
import uuid
from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import Correction, CorrectionSource, EventType
from smartcart.server.access.audit import Actor
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.effective_corrections import SHOPPER, effective_corrections
from smartcart.server.basket.records import SessionKey, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.carts.corrections import CorrectionError, Corrections, Reading
from smartcart.server.carts.same_item import JUST_SECONDS, SameItem, may_be, seconds_between, unsettled
from smartcart.server.catalogue.product import Product
from smartcart.server.ledger.port import Ledger
from smartcart.server.runtime.clock import utc_now

MOST_OF_ONE: Final = 99
"""The largest quantity of one addition."""
MOST_ADDED: Final = 200
"""Maximum number of additions by a shopper in one session."""
MOST_OFFERED: Final = 3
_NAMESPACE: Final = uuid.UUID("6d6b1f1c-0c4e-5a63-9d0b-6f2a5b8e7d31")


class NotNowError(CorrectionError):
    """Nothing can be added to this basket at the moment, or any more; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperAddition:
    """A shopper's addition: a quantity of a product, named by ``source``.

    ``key`` is the screen's own name for this press; ``settles`` is the event it refers to, None for another item than
    the offered events ``others``. ``weight_g`` (grams) and ``price`` (minor units) are those of a scale label.
    """

    key: str
    product: Product
    quantity: int
    source: CorrectionSource
    settles: str | None = None
    others: tuple[str, ...] = ()
    weight_g: int | None = None
    price: int | None = None


class ShopperAdditions:
    """Makes shoppers' additions. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, corrections: Corrections) -> None:
        self._ledger = ledger
        self._corrections = corrections

    def add(self, basket: Basket, word: ShopperAddition, by: Actor) -> Correction:
        """Adds it to a basket, or settles its event. The same ``key`` again returns the same result.

        Raises:
            NotNowError: the session is over, or has too many additions.
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
        made = self._corrections.make(session, word.settles, reading, by, first_only=True, once=once)
        if word.settles is None:
            self._keep_apart(session, said, word.others, by)
        return made

    def settle_same(self, basket: Basket, same: SameItem, by: Actor, *, is_one: bool) -> None:
        """Records whether the shopper's addition and what the camera saw go in is one item, or two.

        One item counts as what the camera saw, under the product that the shopper named. The addition is taken off
        first: if the server dies in between, the event is still asked about.

        Raises:
            As for ``add``.
        """
        if basket.state != "open":
            raise NotNowError("your trip has ended: ask the staff")
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        event, added = same.stored.event, same.added.correction
        if not is_one:
            self._keep_apart(session, self._ledger.session(session), (event.id,), by)
            return
        left = same.quantity - (event.quantity or 1)
        rest = Reading(action="none")
        if left > 0:
            rest = Reading(action="added", sku=added.sku, quantity=left, source=added.source)
        self._corrections.make(session, added.id, rest, by, once=_id_of(session, f"one {added.id} {event.id}"))
        once = _id_of(session, f"seen {added.id} {event.id}")
        self._corrections.make(session, event.id, _as_named(same), by, first_only=True, once=once)

    def _keep_apart(self, session: SessionKey, said: SessionRecords, others: tuple[str, ...], by: Actor) -> None:
        """Records that these events are other items than the addition, so that nobody is asked again."""
        for stored in unsettled(said):
            event = stored.event
            if event.id not in others or event.type is not EventType.ITEM_ADDED:
                continue
            sku = stored.match.sku if stored.match.name else None
            as_it_is = Reading(action="added", label=event.label, sku=sku, quantity=event.quantity or 1)
            with contextlib.suppress(CorrectionError):  # a person who has settled it meanwhile knows more
                once = _id_of(session, f"apart {event.id}")
                self._corrections.make(session, event.id, as_it_is, by, first_only=True, once=once)

    def take_back(self, basket: Basket, name: str, by: Actor) -> None:
        """Takes back the shopper's addition or answer, unless staff have looked at it; repeating it changes nothing.

        Raises:
            As for ``add``.
        """
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        words = self._ledger.session(session).corrections
        word = next((stored.correction for stored in words if stored.correction.id == name), None)
        if word is None or word.by != SHOPPER or word.action == "none":
            raise NotNowError("this was not added on this screen")
        if basket.state != "open":
            raise NotNowError("your trip has ended: ask the staff")
        last = [stored.correction for stored in effective_corrections(words) if _is_about(stored, word)]
        if any(said.by != SHOPPER for said in last):
            raise NotNowError("the staff have looked at this already: ask them")
        self._corrections.make(session, name, Reading(action="none"), by, once=_id_of(session, f"back {name}"))

    def just_put_in(self, basket: Basket, product: Product) -> list[StoredEvent]:
        """Items just put in that may be this product, the newest first.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        found = [stored for stored in unsettled(self._ledger.session(session)) if may_be(stored, product.sku)]
        now = utc_now()
        recent = [stored for stored in found if seconds_between(stored.stored_at, now) <= JUST_SECONDS]
        return recent[::-1][:MOST_OFFERED]

    def _check(self, basket: Basket, said: SessionRecords, word: ShopperAddition) -> None:
        if basket.state != "open":
            raise NotNowError("your trip has ended: ask the staff to add something")
        if not 1 <= word.quantity <= MOST_OF_ONE:
            raise NotNowError(f"a quantity is a whole number from 1 to {MOST_OF_ONE}")
        if sum(stored.correction.by == SHOPPER for stored in said.corrections) >= MOST_ADDED:
            raise NotNowError("no more can be added here: press Help")
        open_events = {s.event.id for s in unsettled(said) if may_be(s, word.product.sku)}
        if word.settles is not None and word.settles not in open_events:
            raise NotNowError("this is settled already: look at your basket")


def _as_named(same: SameItem) -> Reading:
    """The event as the shopper named it, with the weight or price of the addition."""
    said, match = same.added.correction, same.added.match
    return Reading(
        action="added",
        sku=said.sku,
        quantity=same.stored.event.quantity or 1,
        weight_g=match.weight_g,
        price=match.price if match.per_kg is None else None,
        source=said.source,
    )


def _is_about(stored: StoredCorrection, word: Correction) -> bool:
    """True if a correction concerns the addition or answer of another one."""
    said = stored.correction
    return said.corrects == word.id or (word.corrects is not None and said.corrects == word.corrects)


def _id_of(session: SessionKey, key: str) -> str:
    """One id per press and session, whatever key a screen uses."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join((session.store, session.cart, session.session, key))))

"""The till: closes a basket, says what prevents its payment, has it paid once, and issues the receipt."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from smartcart.edge.contract.events import Correction
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import Closing, SessionKey
from smartcart.server.carts.commands import CartKey
from smartcart.server.carts.corrections import Told, store_told
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.catalogue.in_force import CatalogueInForce
from smartcart.server.checkout.bill import Bill, bill_of, hindrances, remarks
from smartcart.server.checkout.payment import NoAnswerError, PaymentAnswer, PaymentProvider, PaymentState
from smartcart.server.checkout.payments import Payment, Payments
from smartcart.server.checkout.receipt import Receipt
from smartcart.server.database.database import DatabaseError
from smartcart.server.errors import ServerError
from smartcart.server.ledger.port import NEW, Ledger
from smartcart.server.ledger.replay import replay
from smartcart.server.runtime.clock import utc_now

MOST_GRAMS: Final = 100_000
ANSWER_SECONDS: Final = 30.0
"""How long a provider may take before it is asked for the result."""
CHANGED_SINCE: Final = "The basket was corrected after it was paid: the receipt shows what was paid."

log = logging.getLogger(__name__)


class TillError(ServerError):
    """The basket's state does not allow this; the message says why and what to do."""


class NoBasketError(TillError):
    """There is no such session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The progress of one basket's checkout. ``differs`` is set if the basket has changed since it was paid."""

    basket: Basket
    bill: Bill
    hindrances: tuple[str, ...]
    remarks: tuple[str, ...]
    payment: Payment | None
    receipt: Receipt | None
    differs: bool

    @property
    def is_closed(self) -> bool:
        return self.basket.closed_at is not None

    @property
    def may_pay(self) -> bool:
        asked = self.payment is not None and self.payment.state is not PaymentState.DECLINED
        return self.is_closed and not self.hindrances and not asked


class Till:
    """Safe to use from several threads, and next to other servers on the same database.

    Args:
        on_change: called with a cart whose payment has progressed.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        catalogue: CatalogueInForce,
        payments: Payments,
        provider: PaymentProvider,
        audit: AuditLog,
        on_change: Callable[[CartKey], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self.payments = payments
        self.provider = provider
        self._audit = audit
        self._on_change = on_change
        provider.listen(self._book)

    def look(self, key: SessionKey) -> Checkout:
        """The progress of a basket's checkout.

        Raises:
            NoBasketError: there is no such session.
        """
        basket = replay(self._ledger, key)
        if basket is None:
            raise NoBasketError(f"cart {key.store}/{key.cart} has no such session")
        shop = self._catalogue.shop
        bill = bill_of(basket, currency=shop.currency, prices_include_tax=shop.prices_include_tax)
        receipt = self.payments.receipt_of(key)
        return Checkout(
            basket=basket,
            bill=receipt.bill if receipt else bill,
            hindrances=() if receipt else hindrances(basket, shop.currency),
            remarks=remarks(basket),
            payment=self.payments.find(key),
            receipt=receipt,
            differs=receipt is not None and receipt.bill.lines != bill.lines,
        )

    def known_beside(self, receipt: Receipt) -> tuple[str, ...]:
        """What is known of a paid basket beyond its receipt, in sentences; empty for an erased session."""
        bill = receipt.bill
        try:
            now = self.look(SessionKey(store=bill.store, cart=bill.cart, session=bill.session))
        except NoBasketError:
            return ()
        return now.remarks + ((CHANGED_SINCE,) if now.differs else ())

    def close(self, key: SessionKey, by: Actor) -> Checkout:
        """Ends a session for its cart, at once; later changes are kept but not charged.

        Raises:
            NoBasketError: there is no such session.
        """
        before = self.look(key)
        if before.is_closed:
            return before
        closing = Closing(id=str(uuid.uuid4()), by=by.name, time=utc_now())
        if self._ledger.close_session(key, closing) == NEW:
            self._audit.note(by, "session closed", _name(key))
        return self.look(key)

    def pay(self, key: SessionKey, means: str, by: Actor) -> Checkout:
        """Has a closed basket paid; a second request gets the result of the first.

        Raises:
            TillError: it is not closed, something in it is not settled, or there is no such means of payment.
        """
        seen = self.look(key)
        if means not in {known.code for known in self.provider.means}:
            raise TillError("there is no such means of payment")
        if not seen.is_closed:
            raise TillError("the basket is still open: close it first")
        if seen.hindrances:
            raise TillError(f"the basket cannot be paid yet. {' '.join(seen.hindrances)}")
        order = self.payments.ask(key, seen.bill, by)
        if order is not None:
            try:
                free = PaymentAnswer(key=order.key, paid=True, reference="nothing to pay")
                self._book(self.provider.charge(order, means) if order.amount else free)
            except NoAnswerError as error:
                log.warning("payment %s: %s", order.key, error)
        return self.look(key)

    def ask_again(self, key: SessionKey) -> Checkout:
        """Asks the provider for the result of a payment that it has not answered.

        Raises:
            NoBasketError: there is no such session.
        """
        payment = self.payments.find(key)
        if payment is not None and payment.state is PaymentState.ASKED:
            self._conclude(payment.key)
        return self.look(key)

    def weigh(self, key: SessionKey, source: str, grams: int, by: Actor) -> Checkout:
        """Sets a line's weight, by the event or correction that put it in; its price per kilogram stays.

        Raises:
            TillError: the line does not exist, is not sold by weight, or is paid; or the weight is invalid.
        """
        checkout = self.look(key)
        line = next((line for line in checkout.basket.lines if source in line.sources), None)
        if checkout.payment is not None and checkout.payment.state is not PaymentState.DECLINED:
            raise TillError("the basket is being paid: it cannot change now")
        if line is None or line.per_kg is None:
            raise TillError("this line is no longer in the basket: load the page again")
        if not 1 <= grams <= MOST_GRAMS:
            raise TillError(f"a weight is from 1 to {MOST_GRAMS} g")
        unweighed = Match(
            sku=line.sku, name=line.name, currency=line.currency, tax_rate=line.tax_rate, per_kg=line.per_kg
        )
        correction = Correction(
            id=str(uuid.uuid4()),
            corrects=source,
            action="added",
            label=line.label,
            sku=line.sku,
            quantity=1,
            by=by.name,
            time=utc_now(),
        )
        told = Told(by=by, action="line weighed", detail={"sku": line.sku, "grams": grams})
        verdict = store_told(self._ledger, self._audit, key, correction, unweighed.weighed(grams), told)
        if verdict.reason:
            raise TillError(f"this cannot be weighed: {verdict.reason}")
        return self.look(key)

    # --- the provider's answers -----------------------------------------------------------------------------------

    def recover(self, age: timedelta = timedelta(seconds=ANSWER_SECONDS)) -> None:
        """Asks the provider for the results of all payments that have waited so long; other servers may do the same.

        Raises:
            DatabaseError: the tables cannot be read or written.
        """
        for key in self.payments.open_since(age):
            try:
                self._conclude(key)
            except DatabaseError as error:  # a damaged one must neither hold up the others nor stop the server
                log.error("payment %.80r stays open: %s", key, error)

    def _conclude(self, key: str) -> None:
        try:
            self._book(self.provider.conclude(key))
        except NoAnswerError as error:
            log.warning("payment %s is still open: %s", key, error)

    def _book(self, answer: PaymentAnswer) -> None:
        if self.payments.book(answer):
            store, cart, *_ = answer.key.split("/")
            self._on_change((store, cart))


def _name(key: SessionKey) -> str:
    return f"{key.store}/{key.cart}/{key.session}"

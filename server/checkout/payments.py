"""Payments and receipts in the database. A basket is paid once, however often it is requested or answered.

A payment is ``asked`` before its provider is, and only the provider's answer ends that. Of several requests at once one
wins, and an answer counts only while its attempt is the one asked. The receipt is written in the transaction that makes
the payment ``paid``.
"""

import json
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.basket.records import SessionKey
from smartcart.server.checkout.bill import Bill
from smartcart.server.checkout.payment import Order, PaymentAnswer, PaymentState
from smartcart.server.checkout.receipt import Receipt, new_code
from smartcart.server.database.database import Database, inserting
from smartcart.server.database.shop_tables import PAYMENTS, RECEIPT_NUMBERS, RECEIPTS, SHOP

_PROVIDER: Final = Actor(name="payment provider", via="command")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """The state of one basket's payment; ``reason`` is why it was declined."""

    state: PaymentState
    key: str
    attempt: int
    bill: Bill
    asked_at: datetime
    reason: str | None


class Payments:
    """Starts and books payments; finds receipts and records that one was shown."""

    def __init__(self, office: Database, audit: AuditLog) -> None:
        self._office = office
        self._audit = audit

    def find(self, key: SessionKey) -> Payment | None:
        """The payment of a session; None if none was ever requested."""
        with self._office.reading() as connection:
            return _find(connection, key)

    def ask(self, key: SessionKey, bill: Bill, by: Actor) -> Order | None:
        """Records that a provider is about to be asked; None if it has been already, or the basket is paid."""
        try:
            with self._office.writing() as connection:
                order = self._ask(connection, key, bill, by)
                if order:
                    self._audit.write(connection, by, "payment asked", _name(key), amount=bill.total, key=order.key)
                return order
        except IntegrityError:  # another request was faster
            return None

    def _ask(self, connection: Connection, key: SessionKey, bill: Bill, by: Actor) -> Order | None:
        before = _find(connection, key)
        attempt = before.attempt + 1 if before else 1
        name = f"{key.store}/{key.cart}/{key.session}/{attempt}"
        values = {
            "state": PaymentState.ASKED,
            "attempt": attempt,
            "key": name,
            "bill": json.dumps(bill.to_json()),
            "asked_at": self._office.now(),
            "asked_by": by.name,
            "reason": None,
        }
        if before is None:
            connection.execute(insert(PAYMENTS), values | _columns(key))
        else:
            declined = _of(PAYMENTS, key) & (PAYMENTS.c.state == PaymentState.DECLINED)
            query = update(PAYMENTS).where(declined, PAYMENTS.c.attempt == before.attempt)
            if not connection.execute(query.values(values)).rowcount:
                return None
        return Order(key=name, amount=bill.total, currency=bill.currency)

    def book(self, answer: PaymentAnswer) -> bool:
        """Books a provider's answer, with the receipt if it is paid; False if it changes nothing."""
        state = PaymentState.PAID if answer.paid else PaymentState.DECLINED
        asked = (PAYMENTS.c.key == answer.key) & (PAYMENTS.c.state == PaymentState.ASKED)
        with self._office.writing() as connection:
            query = update(PAYMENTS).where(asked).values(state=state, reason=answer.reason or None)
            booked = connection.execute(query.returning(PAYMENTS)).one_or_none()
            if booked is None:
                self._doubt(connection, answer)
                return False
            name = f"{booked.store}/{booked.cart}/{booked.session}"
            if answer.paid:
                receipt = self._issue(connection, Bill.from_json(json.loads(booked.bill)), answer)
                said = {"receipt": receipt.title, "reference": answer.reference}
                self._audit.write(connection, _PROVIDER, "basket paid", name, **said)
            else:
                self._audit.write(connection, _PROVIDER, "payment declined", name, reason=answer.reason)
            return True

    def _doubt(self, connection: Connection, answer: PaymentAnswer) -> None:
        """A repeated answer changes nothing; a *paid* for a payment that is over is money to refund, by a person."""
        paid = (PAYMENTS.c.key == answer.key) & (PAYMENTS.c.state == PaymentState.PAID)
        if answer.paid and connection.execute(select(PAYMENTS.c.key).where(paid)).first() is None:
            said = {"reference": answer.reference, "what": "refund the money: the provider took it too late"}
            self._audit.write(connection, _PROVIDER, "payment contradicts", answer.key, **said)

    def _issue(self, connection: Connection, bill: Bill, answer: PaymentAnswer) -> Receipt:
        counted = inserting(connection, RECEIPT_NUMBERS).values(store=bill.store, last=1)
        counted = counted.on_conflict_do_update(
            index_elements=[RECEIPT_NUMBERS.c.store], set_={"last": RECEIPT_NUMBERS.c.last + 1}
        )
        receipt = Receipt(
            number=connection.execute(counted.returning(RECEIPT_NUMBERS.c.last)).scalar_one(),
            code=new_code(),
            bill=bill,
            seller=connection.execute(select(SHOP.c.seller)).scalar() or "",
            reference=answer.reference,
            issued_at=self._office.now(),
        )
        values = {name: getattr(receipt, name) for name in ("number", "code", "seller", "reference", "issued_at")}
        place = {"store": bill.store, "cart": bill.cart, "session": bill.session}
        connection.execute(insert(RECEIPTS), values | place | {"bill": json.dumps(bill.to_json())})
        return receipt

    def open_since(self, age: timedelta) -> list[str]:
        """The keys of payments asked at least this long ago without an answer."""
        old = PAYMENTS.c.asked_at <= self._office.now() - age
        query = select(PAYMENTS.c.key).where(PAYMENTS.c.state == PaymentState.ASKED, old)
        with self._office.reading() as connection:
            return list(connection.execute(query).scalars())

    def receipt(self, code: str) -> Receipt | None:
        """The receipt with a code."""
        with self._office.reading() as connection:
            row = connection.execute(select(RECEIPTS).where(RECEIPTS.c.code == code)).one_or_none()
            return _receipt(row) if row else None

    def receipt_of(self, key: SessionKey) -> Receipt | None:
        """The receipt of a session; None while it is not paid."""
        with self._office.reading() as connection:
            row = connection.execute(select(RECEIPTS).where(_of(RECEIPTS, key))).one_or_none()
            return _receipt(row) if row else None

    def paid(self, keys: Collection[SessionKey]) -> set[SessionKey]:
        """Which of these sessions are paid."""
        columns = (RECEIPTS.c.store, RECEIPTS.c.cart, RECEIPTS.c.session)
        query = select(*columns).where(RECEIPTS.c.session.in_({key.session for key in keys}))
        with self._office.reading() as connection:
            found = {SessionKey(store=r.store, cart=r.cart, session=r.session) for r in connection.execute(query)}
        return found & set(keys)

    def newest_receipts(self, limit: int = 50) -> list[Receipt]:
        """The newest first; a damaged one is logged and skipped."""
        query = select(RECEIPTS).order_by(RECEIPTS.c.issued_at.desc(), RECEIPTS.c.number.desc()).limit(limit)
        with self._office.reading() as connection:
            read = [_receipt_or_none(row) for row in connection.execute(query)]
        return [receipt for receipt in read if receipt is not None]

    def show(self, code: str, by: Actor) -> tuple[Receipt, bool] | None:
        """Records that a receipt is shown: returns it, and whether it is the first time; None if unknown."""
        first = (RECEIPTS.c.code == code) & RECEIPTS.c.shown_at.is_(None)
        with self._office.writing() as connection:
            query = update(RECEIPTS).where(first).values(shown_at=self._office.now(), shown_by=by.name)
            is_first = bool(connection.execute(query).rowcount)
            row = connection.execute(select(RECEIPTS).where(RECEIPTS.c.code == code)).one_or_none()
            if row is None:
                return None
            receipt = _receipt(row)
            word = "receipt shown" if is_first else "receipt shown again"
            self._audit.write(connection, by, word, receipt.title)
        return receipt, is_first


def _columns(key: SessionKey) -> dict[str, str]:
    return {"store": key.store, "cart": key.cart, "session": key.session}


def _of(table: Any, key: SessionKey) -> Any:
    return (table.c.store == key.store) & (table.c.cart == key.cart) & (table.c.session == key.session)


def _name(key: SessionKey) -> str:
    return f"{key.store}/{key.cart}/{key.session}"


def _find(connection: Connection, key: SessionKey) -> Payment | None:
    row = connection.execute(select(PAYMENTS).where(_of(PAYMENTS, key))).one_or_none()
    if row is None:
        return None
    return Payment(
        state=PaymentState(row.state),
        key=row.key,
        attempt=row.attempt,
        bill=Bill.from_json(json.loads(row.bill)),
        asked_at=row.asked_at,
        reason=row.reason,
    )


def _receipt(row: Any) -> Receipt:
    return Receipt(
        number=row.number,
        code=row.code,
        bill=Bill.from_json(json.loads(row.bill)),
        seller=row.seller,
        reference=row.reference,
        issued_at=row.issued_at,
        shown_at=row.shown_at,
        shown_by=row.shown_by,
    )


def _receipt_or_none(row: Any) -> Receipt | None:
    try:
        return _receipt(row)
    except (LookupError, TypeError, ValueError) as error:
        log.error("the receipt %.20r of %.80r is damaged: %s", row.number, row.store, error)
        return None

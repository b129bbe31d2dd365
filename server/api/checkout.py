"""``/checkouts`` and ``/receipts``: closing a basket, paying it once, and proof of payment."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import refused
from smartcart.server.basket.records import SessionKey
from smartcart.server.checkout.payment import PaymentState
from smartcart.server.checkout.receipt import Receipt
from smartcart.server.checkout.till import MOST_GRAMS, Checkout, NoBasketError, TillError
from smartcart.server.site.permissions import Staff
from smartcart.server.site.site import TheSite

router = APIRouter(tags=["checkout"])

_PLACE: Final = "/checkouts/{store}/{cart}/{session}"
_NOT_THERE: Final = refused(404, "There is no such session or receipt.")
_NOT_NOW: Final = _NOT_THERE | refused(409, "The basket's state does not allow it; `detail` says why and what to do.")


class BillLineAnswer(Answer):
    """One line; ``price`` is that of one piece, or of the weight if it was weighed."""

    sku: str | None
    name: str
    quantity: int
    price: int
    total: int
    tax_rate: int
    per_kg: int | None
    weight_g: int | None


class TaxAnswer(Answer):
    """The total of one tax rate (in hundredths of a percent)."""

    rate: int
    net: int
    tax: int
    gross: int


class BillAnswer(Answer):
    """The amount to pay; ``total`` includes taxes, whether or not the prices do."""

    store: str
    cart: str
    session: str
    currency: str
    prices_include_tax: bool
    lines: list[BillLineAnswer]
    taxes: list[TaxAnswer]
    total: int


class ReceiptAnswer(BillAnswer):
    """The bill of a paid basket; ``code`` is the content of its QR code, ``shown_at`` when it was shown at the door."""

    number: str
    code: str
    seller: str
    payment: str
    issued_at: datetime
    shown_at: datetime | None

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptAnswer":
        return cls.model_validate(receipt.to_json() | {"code": receipt.code})


class CheckoutAnswer(BaseModel):
    """The progress of a basket's checkout.

    ``hindrances`` prevent payment, ``remarks`` do not; ``payment`` is null before the first attempt, and ``asked``
    until the provider has answered; ``differs`` says that the basket has changed since it was paid.
    """

    state: Literal["open", "closed", "paid"]
    bill: BillAnswer
    hindrances: list[str]
    remarks: list[str]
    payment: PaymentState | None
    declined_because: str | None
    receipt: ReceiptAnswer | None
    differs: bool

    @classmethod
    def of(cls, checkout: Checkout) -> "CheckoutAnswer":
        payment, receipt = checkout.payment, checkout.receipt
        return cls(
            state="paid" if receipt else "closed" if checkout.is_closed else "open",
            bill=BillAnswer.model_validate(checkout.bill),
            hindrances=list(checkout.hindrances),
            remarks=list(checkout.remarks),
            payment=payment.state if payment else None,
            declined_because=payment.reason if payment else None,
            receipt=ReceiptAnswer.of(receipt) if receipt else None,
            differs=checkout.differs,
        )


class MeansAnswer(Answer):
    """A means of payment."""

    code: str
    words: str


class Pay(BaseModel):
    """The means of payment to use."""

    means: Annotated[str, Field(min_length=1, max_length=200)]


class Weigh(BaseModel):
    """The weight of a line; ``source`` is the id of the event that put it in."""

    source: Annotated[str, Field(min_length=1, max_length=64)]
    grams: Annotated[int, Field(ge=1, le=MOST_GRAMS)]


class ShownAnswer(BaseModel):
    """A receipt at the door.

    ``first_time`` is false if it was shown before; ``remarks`` are facts about the basket that are not on the receipt:
    if there are any, look at the cart.
    """

    receipt: ReceiptAnswer
    first_time: bool
    remarks: list[str]


@router.get("/payment-means")
def payment_means(site: TheSite) -> list[MeansAnswer]:
    """The means of payment here."""
    return [MeansAnswer.model_validate(means) for means in site.till.provider.means]


@router.get(_PLACE, responses=_NOT_THERE)
def checkout(site: TheSite, store: str, cart: str, session: str) -> CheckoutAnswer:
    """The progress of a basket's checkout: its price, and what prevents payment."""
    return _done(lambda: site.till.look(_key(store, cart, session)))


@router.post(f"{_PLACE}/close", responses=_NOT_THERE)
def close(site: TheSite, visitor: Staff, store: str, cart: str, session: str) -> CheckoutAnswer:
    """Ends the session for its cart at once; later changes are kept but not charged. Closing is idempotent."""
    return _done(lambda: site.till.close(_key(store, cart, session), visitor.actor))


@router.post(f"{_PLACE}/weight", responses=_NOT_NOW)
def weigh(site: TheSite, visitor: Staff, store: str, cart: str, session: str, body: Weigh) -> CheckoutAnswer:
    """Sets the weight of a line that is to be weighed."""
    return _done(lambda: site.till.weigh(_key(store, cart, session), body.source, body.grams, visitor.actor))


@router.post(f"{_PLACE}/payment", responses=_NOT_NOW)
def pay(site: TheSite, visitor: Staff, store: str, cart: str, session: str, body: Pay) -> CheckoutAnswer:
    """Pays a closed basket, once however often it is requested; `payment` in the answer says how it went."""
    return _done(lambda: site.till.pay(_key(store, cart, session), body.means, visitor.actor))


@router.post(f"{_PLACE}/payment/check", responses=_NOT_THERE)
def ask_again(site: TheSite, store: str, cart: str, session: str) -> CheckoutAnswer:
    """Asks the provider about a payment that it has not answered; if the money is not taken yet, it never will be."""
    return _done(lambda: site.till.ask_again(_key(store, cart, session)))


@router.get("/receipts")
def receipts(site: TheSite, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[ReceiptAnswer]:
    """The newest receipts first."""
    return [ReceiptAnswer.of(receipt) for receipt in site.till.payments.newest_receipts(limit)]


@router.get("/receipts/{code}", responses=_NOT_THERE)
def receipt(site: TheSite, code: str) -> ReceiptAnswer:
    """The receipt of a code."""
    found = site.till.payments.receipt(code)
    if found is None:
        raise HTTPException(404, "no receipt has this code")
    return ReceiptAnswer.of(found)


@router.post("/receipts/{code}/shown", responses=_NOT_THERE)
def show(site: TheSite, visitor: Staff, code: str) -> ShownAnswer:
    """Records that a receipt is shown at the door, and returns whether it was shown before."""
    found = site.till.payments.show(code, visitor.actor)
    if found is None:
        raise HTTPException(404, "no receipt of this store has this code")
    remarks = list(site.till.known_beside(found[0]))
    return ShownAnswer(receipt=ReceiptAnswer.of(found[0]), first_time=found[1], remarks=remarks)


def _key(store: str, cart: str, session: str) -> SessionKey:
    return SessionKey(store=store, cart=cart, session=session)


def _done(doing: Any) -> CheckoutAnswer:
    try:
        return CheckoutAnswer.of(doing())
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    except TillError as error:
        raise HTTPException(409, str(error)) from None

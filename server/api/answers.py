"""The API's answers: the schemas of ``/openapi.json``. Money is in minor units."""

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import StoredEvent
from smartcart.server.carts.attention import Reason
from smartcart.server.carts.carts import CartView
from smartcart.server.ledger.port import DeadLetter
from smartcart.server.mqtt.subscriber import Health


class Answer(BaseModel):
    """Read from the attributes of the server's own objects."""

    model_config = ConfigDict(from_attributes=True)


class LineAnswer(Answer):
    """One line of a basket; without a price it is not in the total."""

    label: str
    sku: str | None
    name: str
    quantity: int
    price: int | None
    total: int | None
    currency: str | None
    ambiguous: bool
    choices: list[str]
    initial: bool
    tax_rate: int
    per_kg: int | None
    weight_g: int | None
    to_weigh: bool


class DiscrepancyAnswer(Answer):
    """A removal of something not in the basket or, if ``late``, an event after the closing."""

    event_id: str
    seq: int
    time: str
    label: str
    name: str
    quantity: int
    late: bool


class UncertainAnswer(Answer):
    """An event for a person to settle, with its candidates (outcome, label, probability)."""

    event_id: str
    seq: int
    time: str
    label: str | None
    candidates: list[tuple[str, str | None, float]]


class BasketAnswer(Answer):
    """A basket; ``missing`` are the ranges of seq that have not arrived. Times are the server's own."""

    store: str
    cart: str
    session: str
    state: Literal["open", "ended"]
    lines: list[LineAnswer]
    counts: dict[str, int]
    items: int
    total_minor: int
    currency: str | None
    unpriced: int
    incomplete: bool
    missing: list[tuple[int, int]]
    needs_attention: bool
    problems: list[str]
    discrepancies: list[DiscrepancyAnswer]
    uncertain: list[UncertainAnswer]
    started_at: str | None
    ended_at: str | None
    closed_at: str | None
    events: int
    corrections: int

    @classmethod
    def of(cls, basket: Basket, currency: str | None) -> Self:
        """``currency`` is the store's, for a basket that has no price yet."""
        answer = cls.model_validate(basket)
        answer.currency = answer.currency or currency
        return answer


class CartAnswer(Answer):
    """A cart in short; ``online`` is null until it has reported, and while the broker is unreachable.

    ``attention`` says in words why somebody should look at it; ``clock_ahead_s`` is how many seconds its clock is ahead
    of the server's (behind: negative), null if unknown.
    """

    store: str
    cart: str
    session: str | None
    state: Literal["open", "ended"] | None
    items: int
    total_minor: int
    currency: str | None
    online: bool | None
    camera: str | None
    outbox: int | None
    outbox_nearly_full: bool | None
    outbox_full: bool | None
    asked: Literal["start", "end"] | None
    started_at: str | None
    clock_ahead_s: float | None
    attention: list[str]

    @classmethod
    def of(cls, view: CartView, attention: Iterable[Reason]) -> Self:
        basket, status = view.basket, view.status
        return cls(
            store=view.store,
            cart=view.cart,
            session=basket.session if basket else None,
            state=basket.state if basket else None,
            items=basket.items if basket else 0,
            total_minor=basket.total_minor if basket else 0,
            currency=basket.currency if basket else None,
            online=status.online if status else None,
            camera=str(status.camera) if status and status.camera else None,
            outbox=status.outbox if status else None,
            outbox_nearly_full=status.outbox_nearly_full if status else None,
            outbox_full=status.outbox_full if status else None,
            asked=view.asked,
            started_at=basket.started_at if basket else None,
            clock_ahead_s=view.ahead,
            attention=[reason.text for reason in attention],
        )


class EventAnswer(Answer):
    """An event as the cart sent it, with what was stored with it."""

    event: dict[str, Any]
    sku: str | None
    name: str | None
    price: int | None
    currency: str | None
    choices: list[str]
    stored_at: str

    @classmethod
    def of(cls, stored: StoredEvent) -> Self:
        match = stored.match
        return cls(
            event=stored.event.to_json(),
            sku=match.sku,
            name=match.name,
            price=match.price,
            currency=match.currency,
            choices=list(match.choices),
            stored_at=stored.stored_at,
        )


class DeadLetterAnswer(Answer):
    """A message that was refused; ``payload`` is its beginning, with bytes that are not text written as ``\\xNN``."""

    topic: str
    reason: str
    payload: str
    size: int
    received_at: str
    event_id: str | None
    session: str | None
    seq: int | None

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        return cls(
            topic=letter.topic,
            reason=letter.reason,
            payload=letter.payload.decode("utf-8", errors="backslashreplace"),
            size=letter.size,
            received_at=letter.received_at,
            event_id=letter.event_id,
            session=letter.session,
            seq=letter.seq,
        )


class DeadLettersAnswer(Answer):
    """Their total number, and the newest."""

    count: int
    letters: list[DeadLetterAnswer]

    @classmethod
    def of(cls, count: int, letters: Iterable[DeadLetter]) -> Self:
        return cls(count=count, letters=[DeadLetterAnswer.of(letter) for letter in letters])


class HealthAnswer(Answer):
    """``broker`` and ``ledger`` say what is wrong with them, null when nothing is."""

    ok: bool
    broker: str | None
    ledger: str | None
    carts: int
    dead_letters: int

    @classmethod
    def of(cls, health: Health, *, carts: int, dead_letters: int) -> Self:
        return cls(ok=health.ok, broker=health.broker, ledger=health.ledger, carts=carts, dead_letters=dead_letters)

"""The review queue and corrections: everything that staff can do to a basket."""

from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from smartcart.edge.contract.events import ID_PATTERN, Correction, CorrectionSource, Outcome
from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import NO_CART, refused
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.corrections import MOST, CorrectionError, NotThereError, Reading
from smartcart.server.carts.review_items import Option, ReviewItem
from smartcart.server.site.permissions import Staff
from smartcart.server.site.site import TheSite

router = APIRouter(tags=["settling"])

_REFUSALS: Final = {
    **refused(404, "There is no such cart, session, event or product."),
    **refused(409, "The correction is incomplete, or somebody has settled it already."),
}
_NO_PICTURE: Final = refused(404, "There is no picture of this event.")


class OptionAnswer(Answer):
    """A candidate; without a ``sku`` the catalogue has no product of this label."""

    action: Outcome
    label: str
    sku: str | None
    name: str
    price: int | None
    currency: str | None
    probability: float | None

    @classmethod
    def of(cls, option: Option) -> Self:
        product = option.product
        return cls(
            action=option.action,
            label=option.label,
            sku=option.sku,
            name=option.name,
            price=product.price if product else None,
            currency=product.currency if product else None,
            probability=option.probability,
        )


class DoubtAnswer(Answer):
    """An open question.

    ``kind``: an *uncertain* event, a line that may be *which* of several products, or a *shopper*'s answer.
    ``event_ids`` are what a correction names; ``direction`` is null where it is in doubt too; ``answer`` is what the
    shopper said, and ``source`` how: by a *scan* of its number or a *find* by its name, null for what was asked.
    """

    kind: Literal["uncertain", "which", "shopper"]
    store: str
    cart: str
    session: str
    event_ids: list[str]
    time: str
    quantity: int
    label: str | None
    name: str
    direction: Outcome | None
    options: list[OptionAnswer]
    answer: OptionAnswer | None
    source: CorrectionSource | None

    @classmethod
    def of(cls, doubt: ReviewItem) -> Self:
        return cls(
            kind=doubt.kind,
            store=doubt.key.store,
            cart=doubt.key.cart,
            session=doubt.key.session,
            event_ids=list(doubt.sources),
            time=doubt.time,
            quantity=doubt.quantity,
            label=doubt.label,
            name=doubt.name,
            direction=doubt.direction,
            options=[OptionAnswer.of(option) for option in doubt.options],
            answer=OptionAnswer.of(doubt.answer) if doubt.answer else None,
            source=doubt.source,
        )


class CorrectionBody(BaseModel):
    """A correction to make.

    With ``corrects`` it corrects that event (``none``: nothing happened); without it something is added or removed by
    hand. ``none`` for a correction takes that one back. Name a product of the catalogue by ``sku`` (or GTIN), or a
    ``label``.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "corrects": "0199a1b2-5a00-7c11-9d22-aa33bb44cc55",
                    "action": "added",
                    "sku": "4006381333931",
                    "quantity": 1,
                }
            ]
        },
    )

    action: Outcome
    corrects: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    session: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    label: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    sku: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    quantity: Annotated[int, Field(ge=1, le=MOST)] = 1
    first_only: Annotated[bool, Field(description="refuse it (409) if staff have settled this event already")] = False


class CorrectionAnswer(Answer):
    """A stored correction; ``by`` is an account, a token, or *the shopper*, who named it by ``source``."""

    id: str
    corrects: str | None
    action: Outcome
    label: str | None
    sku: str | None
    quantity: int
    by: str | None
    time: str
    source: CorrectionSource | None

    @classmethod
    def of(cls, correction: Correction) -> Self:
        return cls.model_validate(correction)


@router.get("/queue")
def queue(site: TheSite) -> list[DoubtAnswer]:
    """Open questions in the newest session of every cart, the oldest first, shoppers' answers last."""
    return [DoubtAnswer.of(doubt) for doubt in site.settling.queue()]


@router.get("/carts/{store}/{cart}/corrections", responses=NO_CART)
def corrections(site: TheSite, store: str, cart: str, session: str | None = None) -> list[CorrectionAnswer]:
    """The corrections of a session, in order."""
    key = SessionKey(store=store, cart=cart, session=session or site.basket(store, cart).session)
    return [CorrectionAnswer.of(stored.correction) for stored in site.ledger.session(key).corrections]


@router.post("/carts/{store}/{cart}/corrections", status_code=201, responses=_REFUSALS)
def correct(site: TheSite, visitor: Staff, store: str, cart: str, body: CorrectionBody) -> CorrectionAnswer:
    """Makes a correction; it stays in the ledger for ever, and an event's last correction counts."""
    key = SessionKey(store=store, cart=cart, session=body.session or site.basket(store, cart).session)
    said = Reading(action=body.action, label=body.label, sku=body.sku, quantity=body.quantity)
    try:
        made = site.corrections.make(key, body.corrects, said, visitor.actor, first_only=body.first_only)
    except CorrectionError as error:
        raise HTTPException(404 if isinstance(error, NotThereError) else 409, str(error)) from None
    return CorrectionAnswer.of(made)


@router.get(
    "/carts/{store}/{cart}/events/{key}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **_NO_PICTURE},
)
def picture(site: TheSite, store: str, cart: str, key: str) -> Response:
    """The camera's picture of an event's item, blurred around it; only if the store keeps such pictures."""
    jpeg = site.evidence.find((store, cart), key)
    if jpeg is None:
        raise HTTPException(404, "there is no picture of this event")
    return Response(jpeg, media_type="image/jpeg")


@router.put("/carts/{store}/{cart}/help", status_code=204, responses=refused(409, "Nobody has called."))
def answer_call(site: TheSite, visitor: Staff, store: str, cart: str) -> Response:
    """Somebody goes to the shopper who asked for help; the cart's screen says who."""
    site.answer_call(store, cart, visitor.actor)
    return Response(status_code=204)


@router.delete("/carts/{store}/{cart}/help", status_code=204, responses=refused(409, "Nobody has called."))
def finish_call(site: TheSite, visitor: Staff, store: str, cart: str) -> Response:
    """The shopper who asked for help was helped."""
    site.finish_call(store, cart, visitor.actor)
    return Response(status_code=204)

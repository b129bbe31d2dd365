"""``/carts/{store}/{cart}``: one cart for the staff, live; and corrections of its basket by hand."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from smartcart.edge.contract.events import Correction, Outcome
from smartcart.server.access.audit import Actor
from smartcart.server.basket.basket import Line
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.corrections import MOST, CorrectionError, NotThereError, Reading
from smartcart.server.catalogue.search import search
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, still_in
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import live_page

router = APIRouter(include_in_schema=False)

MOST_FOUND: Final = 12

Session = Annotated[str, Form(max_length=64)]
Name = Annotated[str | None, Form(max_length=64)]
Count = Annotated[int, Form(ge=1, le=MOST)]


@router.get("/carts/{store}/{cart}")
async def page(
    request: Request,
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    shown = await site.cart_pages.context(store, cart, session)
    return site.templates.page(request, "cart.html", visitor=visitor, session=session, **shown)


@router.get("/carts/{store}/{cart}/live")
async def live(
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Annotated[str | None, Query(max_length=64)] = None,
) -> StreamingResponse:
    await site.cart_pages.sections(store, cart, session)

    async def render() -> Any:
        return {**await site.cart_pages.sections(store, cart, session), **site.queue_pages.badge()}

    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), render, (store, cart)))


@router.get("/products/search")
def find(site: TheSite, visitor: Staff, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The catalogue's products for these words, as buttons."""
    on_sale = (product for product in site.catalogue.products if product.active)
    found = search(on_sale, q)[:MOST_FOUND] if q.strip() else []
    return Response(site.templates.part("found.html", found=found, words=q), media_type="text/html")


@router.post("/carts/{store}/{cart}/settle")
def settle(
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Session,
    action: Annotated[Outcome, Form()],
    corrects: Name = None,
    sku: Name = None,
    label: Name = None,
    quantity: Count = 1,
    first: Annotated[bool, Form()] = False,
) -> Response:
    """Corrects an event, or adds or removes by hand; ``first`` only if nobody has settled it yet."""
    said = Reading(action=action, label=label or None, sku=sku or None, quantity=quantity)
    key = SessionKey(store=store, cart=cart, session=session)
    made = correct(site, visitor.actor, key, corrects or None, said, first_only=first)
    return _done(site, key, [made])


@router.post("/carts/{store}/{cart}/line")
def settle_line(
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Session,
    sku: Annotated[str, Form(max_length=64)],
    source: Annotated[list[str], Form(max_length=1000)],
) -> Response:
    """Names a line's product."""
    key = SessionKey(store=store, cart=cart, session=session)
    try:
        return _done(site, key, site.corrections.settle_line(key, source, sku, visitor.actor))
    except CorrectionError as error:
        raise refusal(error) from None


@router.post("/carts/{store}/{cart}/undo")
def undo(
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Session,
    word: Annotated[list[str], Form(max_length=1000)],
) -> Response:
    """Takes corrections back; the state before them counts again."""
    try:
        site.corrections.take_back(SessionKey(store=store, cart=cart, session=session), word, visitor.actor)
    except CorrectionError as error:
        raise refusal(error) from None
    return Response(status_code=204)


@router.post("/carts/{store}/{cart}/quantity")
def set_quantity(
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: Session,
    source: Annotated[str, Form(max_length=64)],
    label: Annotated[str, Form(max_length=64)],
    had: Count,
    quantity: Annotated[int, Form(ge=0, le=MOST)],
) -> Response:
    """Changes a line's quantity; the difference becomes a correction by hand."""
    basket = site.basket(store, cart, session)
    line = next((line for line in basket.lines if line.sources[0] == source and line.label == label), None)
    if line is None or line.quantity != had:
        raise HTTPException(409, "this line has changed meanwhile: look at it again")
    if quantity == had:
        return Response(status_code=204)
    key = SessionKey(store=store, cart=cart, session=session)
    return _done(site, key, [correct(site, visitor.actor, key, None, _difference(line, quantity))])


def _done(site: Site, key: SessionKey, made: Sequence[Correction]) -> Response:
    """The correction in words, and the form that takes it back."""
    first = made[0]
    product = site.catalogue.now.find(first.sku) if first.sku else None
    what = f"{sum(word.quantity for word in made)} \N{MULTIPLICATION SIGN} {product.name if product else first.label}"
    words = {"added": f"{what} put in", "removed": f"{what} taken out", "none": "Nothing happened"}[first.action]
    fields = [("session", key.session), *(("word", word.id) for word in made)]
    return JSONResponse({"said": words, "undo": f"/carts/{key.store}/{key.cart}/undo", "fields": fields})


def _difference(line: Line, quantity: int) -> Reading:
    more = quantity - line.quantity
    return Reading(action="added" if more > 0 else "removed", label=line.label, sku=line.sku, quantity=abs(more))


def correct(
    site: Site, by: Actor, key: SessionKey, corrects: str | None, said: Reading, *, first_only: bool = False
) -> Correction:
    """Makes one correction.

    Raises:
        HTTPException: 404 or 409, with the reason.
    """
    try:
        return site.corrections.make(key, corrects, said, by, first_only=first_only)
    except CorrectionError as error:
        raise refusal(error) from None


def refusal(error: CorrectionError) -> HTTPException:
    """The answer to a refused correction."""
    return HTTPException(404 if isinstance(error, NotThereError) else 409, str(error))

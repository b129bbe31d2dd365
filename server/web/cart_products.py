"""*Scan* and *Find* on the cart's screen: the shopper names a product by its number or its name, and adds it."""

import math
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from smartcart.edge.contract.events import CorrectionSource
from smartcart.server.access.rate_limit import Bucket, RateLimit
from smartcart.server.access.screens import Screen
from smartcart.server.access.secrets import new_id
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.corrections import CorrectionError
from smartcart.server.carts.same_item import same_items
from smartcart.server.carts.shopper_additions import MOST_OF_ONE, MOST_OFFERED, ShopperAddition
from smartcart.server.catalogue.lookup import NumberedProducts, NumberError, look_up
from smartcart.server.catalogue.product import Product
from smartcart.server.catalogue.search import best
from smartcart.server.site.site import Site, TheSite
from smartcart.server.web.cart import refusal
from smartcart.server.web.cart_screen import PairedScreen, actor_of

router = APIRouter(prefix="/cart/{store}/{cart}", include_in_schema=False)

MOST_FOUND: Final = 12
A_MINUTE: Final = 60
"""Maximum number of look-ups and of additions by a screen in a minute."""
_LONG: Final = 8
"""From this many digits on, text typed into *Find* is a code."""
Number = Annotated[str, Query(max_length=200)]
Words = Annotated[str, Query(max_length=100)]
Sku = Annotated[str, Query(max_length=64)]


@router.get("/scan")
def scan(site: TheSite, screen: PairedScreen, number: Number = "") -> Response:
    """The answer for a number: a product to add, several to choose from, or a sentence."""
    _not_too_fast(site, screen)
    return _numbered(site, screen, number)


@router.post("/camera")
def camera(site: TheSite, screen: PairedScreen, scan: Annotated[str, Form(max_length=64)] = "") -> Response:
    """The screen waits for a code before the cart's camera: asked again and again, until ``text`` is what it says."""
    wanted = site.scans.want((screen.store, screen.cart), scan or None)
    told = {"scan": wanted.id, "text": wanted.text} if wanted else {"scan": None, "text": None}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.get("/find")
def find(site: TheSite, screen: PairedScreen, q: Words = "", enter: bool = False) -> Response:
    """The products that fit the words so far; with ``enter`` the first of them, or the code typed by a scanner."""
    typed = q.strip()
    if enter and typed.isdecimal() and len(typed) >= _LONG:
        _not_too_fast(site, screen)
        return _numbered(site, screen, typed)
    found = best(site.catalogue.products, typed, MOST_FOUND)
    if enter and found:
        return _card(site, screen, found[0], "find", words=q)
    return _part(site, "add_list.html", screen, found=found, source="find", words=q, number="")


@router.get("/product")
def product(
    site: TheSite, screen: PairedScreen, sku: Sku, source: CorrectionSource, number: Number = "", q: Words = ""
) -> Response:
    """One product chosen from several."""
    chosen, label = _chosen(site, sku, number)
    return _card(site, screen, chosen, source, label, number=number, words=q)


@router.post("/add")
def add(
    request: Request,
    site: TheSite,
    screen: PairedScreen,
    key: Annotated[str, Form(min_length=8, max_length=64)],
    session: Annotated[str, Form(max_length=64)],
    sku: Annotated[str, Form(max_length=64)],
    source: Annotated[Literal["scan", "find"], Form()],
    quantity: Annotated[str, Form(max_length=20)] = "1",
    number: Annotated[str, Form(max_length=200)] = "",
    settles: Annotated[str, Form(max_length=64)] = "",
    other: Annotated[list[str] | None, Form(max_length=MOST_OFFERED)] = None,
) -> Response:
    """Adds it to the basket, or settles an item just put in; pressing twice has the same effect as once."""
    _not_too_fast(site, screen)
    chosen, label = _chosen(site, sku, number)
    word = ShopperAddition(
        key=key,
        product=chosen,
        quantity=int(quantity) if quantity.isascii() and quantity.isdecimal() else 0,
        source=source,
        settles=settles or None,
        others=tuple(other or ()),
        weight_g=label.weight_g,
        price=label.price,
    )
    basket = _basket(site, screen, session)
    try:
        made = site.shopper_additions.add(basket, word, actor_of(request, screen))
    except CorrectionError as error:
        raise refusal(error) from None
    what = f"{made.quantity} \N{MULTIPLICATION SIGN} {chosen.name}"
    fields = [("session", session), ("word", made.id)]
    said = f"That was {what}" if made.corrects else f"{what} added"
    return JSONResponse({"said": said, "undo": f"/cart/{screen.store}/{screen.cart}/take-back", "fields": fields})


@router.post("/take-back")
def take_back(
    request: Request,
    site: TheSite,
    screen: PairedScreen,
    session: Annotated[str, Form(max_length=64)],
    word: Annotated[str, Form(max_length=64)],
) -> Response:
    """Takes back an addition made here, unless staff have looked at it."""
    _not_too_fast(site, screen)
    try:
        site.shopper_additions.take_back(_basket(site, screen, session), word, actor_of(request, screen))
    except CorrectionError as error:
        raise refusal(error) from None
    return Response(status_code=204)


@router.post("/same")
def same(
    request: Request,
    site: TheSite,
    screen: PairedScreen,
    session: Annotated[str, Form(max_length=64)],
    word: Annotated[str, Form(max_length=64)],
    event: Annotated[str, Form(max_length=64)],
    answer: Annotated[Literal["one", "two"], Form()],
) -> Response:
    """Records whether an addition made here and what the camera saw going in are one item, or two."""
    _not_too_fast(site, screen)
    basket = _basket(site, screen, session)
    records = site.ledger.session(SessionKey(store=basket.store, cart=basket.cart, session=basket.session))
    asked = (one for one in same_items(records) if (one.added.correction.id, one.stored.event.id) == (word, event))
    found = next(asked, None)
    if found is None:
        raise HTTPException(409, "this is settled already")
    try:
        site.shopper_additions.settle_same(basket, found, actor_of(request, screen), is_one=answer == "one")
    except CorrectionError as error:
        raise refusal(error) from None
    return Response(status_code=204)


def _numbered(site: Site, screen: Screen, number: str) -> Response:
    try:
        found = look_up(site.catalogue.now, number, site.scales)
    except NumberError as error:
        return _part(site, "add_trouble.html", screen, why=str(error))
    if len(found.products) > 1:
        return _part(site, "add_list.html", screen, found=found.products, source="scan", words="", number=number)
    return _card(site, screen, found.products[0], "scan", found, number=number)


def _chosen(site: Site, sku: str, number: str) -> tuple[Product, NumberedProducts]:
    """A product of the catalogue, and the data of the label from which it was chosen."""
    chosen = site.catalogue.now.find(sku)
    if chosen is None:
        raise HTTPException(404, "this is not sold here any more: choose another product")
    if number:
        try:
            label = look_up(site.catalogue.now, number, site.scales)
        except NumberError as error:
            raise HTTPException(409, str(error)) from None
        if chosen in label.products:
            return chosen, label
        raise HTTPException(409, "this number is that of another product: scan it once more")
    return chosen, NumberedProducts(products=(chosen,))


def _card(
    site: Site,
    screen: Screen,
    chosen: Product,
    source: CorrectionSource,
    label: NumberedProducts | None = None,
    *,
    number: str = "",
    words: str = "",
) -> Response:
    view = site.carts.view((screen.store, screen.cart))
    basket = view.basket if view else None
    just = site.shopper_additions.just_put_in(basket, chosen) if basket and basket.state == "open" else []
    saw = {s.event.id: site.evidence.newest((screen.store, screen.cart), (s.event.id,)) is not None for s in just}
    context: dict[str, Any] = {"product": chosen, "source": source, "label": label, "number": number, "words": words}
    context |= {"basket": basket, "just": just, "saw": saw, "key": new_id(), "most": MOST_OF_ONE}
    return _part(site, "add_card.html", screen, **context)


def _part(site: Site, template: str, screen: Screen, **context: Any) -> Response:
    place = f"/cart/{screen.store}/{screen.cart}"
    return Response(site.templates.part(template, place=place, **context), media_type="text/html")


def _basket(site: Site, screen: Screen, session: str) -> Basket:
    """The basket on the screen, if it is still that of this session."""
    basket = site.basket(screen.store, screen.cart)
    if basket.session != session:
        raise HTTPException(409, "another trip has begun on this cart: start again")
    return basket


def _not_too_fast(site: Site, screen: Screen) -> None:
    bucket = Bucket(whose=f"products of {screen.store}/{screen.cart}", tries=A_MINUTE, seconds=60)
    wait = math.ceil(RateLimit(site.doors.office).take(bucket))
    if wait:
        raise HTTPException(429, f"this goes too fast: wait {wait} second{'s' if wait != 1 else ''}")

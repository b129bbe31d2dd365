"""``/cart/{store}/{cart}``: the shopper's view on the cart, once its screen is paired."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from smartcart.edge.contract.events import Outcome
from smartcart.server.access.audit import Actor
from smartcart.server.access.authenticator import TooManyTriesError
from smartcart.server.access.screens import SCREEN_LIFE, Screen
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.corrections import Reading
from smartcart.server.carts.review_items import ReviewItem
from smartcart.server.http import cookies
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import address_of
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import live_page
from smartcart.server.web.cart import correct

router = APIRouter(prefix="/cart/{store}/{cart}", include_in_schema=False)


def _screen(request: Request, site: TheSite, store: str, cart: str) -> Screen | None:
    secret = cookies.read(request, "screen")
    found = site.doors.screens.find(secret, store, cart) if secret else None
    return site.doors.screens.unpaired(store, cart) if found is None and site.is_open else found


MaybeScreen = Annotated[Screen | None, Depends(_screen)]


def _paired(screen: MaybeScreen) -> Screen:
    if screen is None:
        raise HTTPException(401, "this screen is not paired with this cart")
    return screen


PairedScreen = Annotated[Screen, Depends(_paired)]
"""The requesting screen, which is paired with the cart of the path."""


OWN_CAMERA: Final = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
"""Only this page may use the tablet's camera, to read codes; its picture never leaves the tablet."""


@router.get("")
async def page(request: Request, site: TheSite, screen: MaybeScreen, store: str, cart: str) -> Response:
    if screen is None:
        return _pairing(request, site, store, cart)
    sections = await site.screen_pages.sections(store, cart)
    response = site.templates.page(request, "cart_screen.html", screen=screen, sections=sections)
    response.headers["Permissions-Policy"] = OWN_CAMERA
    return response


@router.post("")
def pair(
    request: Request, site: TheSite, store: str, cart: str, code: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    try:
        secret = site.desk.pair(store, cart, code, address_of(request))
    except TooManyTriesError as error:
        response = _pairing(request, site, store, cart, f"{error}.".capitalize(), 429)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    if secret is None:
        return _pairing(request, site, store, cart, "This code is not good: ask for a new one.", 401)
    path = request.url.path
    response = RedirectResponse(path, 303)
    cookies.write(request, response, "screen", secret, path=path, seconds=int(SCREEN_LIFE.total_seconds()))
    return response


@router.get("/live")
async def live(request: Request, site: TheSite, screen: PairedScreen) -> StreamingResponse:
    at = (screen.store, screen.cart)

    async def render() -> Any:
        return await site.screen_pages.sections(*at)

    return event_stream(live_page(site.feed.changes(still_paired(request, site, screen)), render, at))


def still_paired(request: Request, site: Site, screen: Screen) -> Callable[[], bool]:
    """Asked by an open screen from time to time: whether it is still paired."""
    return lambda: _screen(request, site, screen.store, screen.cart) is not None


@router.get("/saw/{key}")
def saw(site: TheSite, screen: PairedScreen, key: str) -> Response:
    """The camera's picture of this cart's own event, if the store keeps such pictures."""
    jpeg = site.evidence.find((screen.store, screen.cart), key)
    if jpeg is None:
        raise HTTPException(404, "there is no picture of this event")
    return Response(jpeg, media_type="image/jpeg")


@router.post("/help")
def call(
    request: Request,
    site: TheSite,
    screen: PairedScreen,
    reason: Annotated[Literal["find", "basket", "pay", "other"] | None, Form()] = None,
) -> Response:
    """Asks for somebody; the staff's pages show it until the shopper was helped, or the trip is over."""
    at = (screen.store, screen.cart)
    basket = site.view(*at).basket
    session = basket.session if basket and (basket.state == "open" or basket.closed_at) else None
    site.calls.call(at, actor_of(request, screen), session, reason)
    return Response(status_code=204)


@router.post("/answer")
def answer(
    request: Request,
    site: TheSite,
    screen: PairedScreen,
    corrects: Annotated[str, Form(max_length=64)],
    action: Annotated[Outcome, Form()],
    sku: Annotated[str, Form(max_length=64)] = "",
    label: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Takes the shopper's answer to what the cart could not decide: one of the offered choices, or nothing."""
    view = site.view(screen.store, screen.cart)
    question = next((doubt for doubt in questions(site, screen.store, screen.cart) if doubt.id == corrects), None)
    if question is None or view.basket is None:
        raise HTTPException(409, "this is settled already")
    if view.basket.closed_at is not None:
        raise HTTPException(409, "this basket is closed")
    said = next((o for o in question.options if (o.action, o.sku or "", o.label) == (action, sku, label)), None)
    if said is None and action != "none":
        raise HTTPException(409, "this was not offered")
    key = SessionKey(store=screen.store, cart=screen.cart, session=view.basket.session)
    reading = Reading(action="none")
    if said is not None:
        reading = Reading(action=said.action, label=said.label, sku=said.sku, quantity=question.quantity)
    correct(site, actor_of(request, screen), key, question.id, reading, first_only=True)
    return Response(status_code=204)


def questions(site: Site, store: str, cart: str) -> list[ReviewItem]:
    """What the shopper may be asked: events that the cart could not decide and nobody has settled."""
    return [doubt for doubt in site.settling.of_cart(site.view(store, cart)) if doubt.kind == "uncertain"]


def actor_of(request: Request, screen: Screen) -> Actor:
    """How the audit log names the user of a cart's screen."""
    return Actor(name=f"{screen.store}/{screen.cart}", via="screen", address=address_of(request))


def _pairing(
    request: Request, site: Site, store: str, cart: str, trouble: str | None = None, status: int = 200
) -> Response:
    """Looks the same whether or not the cart exists."""
    context = {"store": store, "cart": cart, "trouble": trouble}
    return site.templates.page(request, "pairing.html", status=status, **context)

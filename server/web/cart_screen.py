"""``/cart/{store}/{cart}``: what the shopper sees on the cart, once its screen is paired."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from smartcart.server.office.screens import SCREEN_LIFE, Screen
from smartcart.server.site import Site, TheSite
from smartcart.server.web import cookies
from smartcart.server.web.event_stream import event_stream
from smartcart.server.web.feed import Notice, message, notice
from smartcart.server.web.front_desk import TooManyTriesError
from smartcart.server.web.visitor import address_of

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
"""The screen that asks, which is paired with the very cart of the path."""


@router.get("")
def page(request: Request, site: TheSite, screen: MaybeScreen, store: str, cart: str) -> Response:
    if screen is None:
        return _pairing(request, site, store, cart)
    return site.templates.page(request, "cart_screen.html", **_shown(site, screen))


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
    changes = site.feed.changes(lambda: _screen(request, site, screen.store, screen.cart) is not None)

    async def messages() -> AsyncIterator[str]:
        shown: dict[str, Any] | None = None
        async with aclosing(changes):
            async for changed in changes:
                if isinstance(changed, Notice):
                    yield notice(changed)
                elif (now := _shown(site, screen)) != shown:
                    shown = now
                    yield message(site.templates.part("cart_screen_part.html", **now))

    return event_stream(messages())


def _shown(site: Site, screen: Screen) -> dict[str, Any]:
    view = site.carts.view((screen.store, screen.cart))
    return {"screen": screen, "basket": view.basket if view else None}


def _pairing(
    request: Request, site: Site, store: str, cart: str, trouble: str | None = None, status: int = 200
) -> Response:
    """Looks the same for a cart that exists and for one that does not."""
    context = {"store": store, "cart": cart, "trouble": trouble}
    return site.templates.page(request, "pairing.html", status=status, **context)

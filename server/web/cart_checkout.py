"""``/cart/{store}/{cart}/checkout``: the shopper pays on the cart's own screen, which shows the code for the door."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from smartcart.server.access.audit import Actor
from smartcart.server.access.screens import Screen
from smartcart.server.basket.records import SessionKey
from smartcart.server.checkout.receipt import qr_svg
from smartcart.server.checkout.till import Checkout, NoBasketError, TillError
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import Sections, live_page
from smartcart.server.web.cart_screen import PairedScreen, still_paired
from smartcart.server.web.checkout import LOOK_SECONDS
from smartcart.server.web.receipts import receipt_address

router = APIRouter(prefix="/cart/{store}/{cart}/checkout", include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
_SECTIONS: Final = ("cart-checkout-head", "checkout-bill", "cart-checkout-pay")


@router.get("")
def look(request: Request, site: TheSite, screen: PairedScreen) -> Response:
    basket = site.basket(screen.store, screen.cart)
    return _page(request, site, screen, basket.session)


@router.get("/live")
async def live(
    request: Request, site: TheSite, screen: PairedScreen, session: Annotated[str, Query(max_length=64)]
) -> StreamingResponse:
    csrf = site.templates.csrf(request)

    def sections() -> Sections:
        context = _context(request, site, screen, session) | {"csrf": csrf}
        return {name: site.templates.part(f"{name.replace('-', '_')}.html", **context) for name in _SECTIONS}

    async def render() -> Sections:
        return await run_in_threadpool(sections)

    await render()
    changes = site.feed.changes(still_paired(request, site, screen))
    return event_stream(live_page(changes, render, (screen.store, screen.cart), LOOK_SECONDS))


@router.post("/close")
def close(request: Request, site: TheSite, screen: PairedScreen, session: Text) -> Response:
    """Ends shopping; refused while the cart has undelivered events."""
    key = _key(screen, session)

    def done() -> Checkout:
        if site.till.look(key).basket.incomplete:
            raise TillError("your cart is still counting: wait a moment and try again")
        return site.till.close(key, _actor(screen))

    return _then_page(request, site, screen, session, done)


@router.post("/pay")
def pay(request: Request, site: TheSite, screen: PairedScreen, session: Text, means: Text) -> Response:
    key = _key(screen, session)
    return _then_page(request, site, screen, session, lambda: site.till.pay(key, means, _actor(screen)))


@router.post("/check")
def check(request: Request, site: TheSite, screen: PairedScreen, session: Text) -> Response:
    return _then_page(request, site, screen, session, lambda: site.till.ask_again(_key(screen, session)))


def _then_page(request: Request, site: Site, screen: Screen, session: str, doing: Callable[[], Checkout]) -> Response:
    try:
        doing()
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    except TillError as error:
        return _page(request, site, screen, session, f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")
    return RedirectResponse(f"/cart/{screen.store}/{screen.cart}/checkout", 303)


def _page(request: Request, site: Site, screen: Screen, session: str, trouble: str | None = None) -> Response:
    context = _context(request, site, screen, session) | {"trouble": trouble}
    return site.templates.page(request, "cart_checkout.html", status=409 if trouble else 200, **context)


def _context(request: Request, site: Site, screen: Screen, session: str) -> dict[str, Any]:
    try:
        seen = site.till.look(_key(screen, session))
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    return {
        "screen": screen,
        "checkout": seen,
        "place": f"/cart/{screen.store}/{screen.cart}",
        "means": site.till.provider.means,
        "provider": site.till.provider.name,
        "qr": Markup(qr_svg(receipt_address(request, seen.receipt))) if seen.receipt else None,
    }


def _key(screen: Screen, session: str) -> SessionKey:
    return SessionKey(store=screen.store, cart=screen.cart, session=session)


def _actor(screen: Screen) -> Actor:
    return Actor(name=f"{screen.store}/{screen.cart}", via="screen")

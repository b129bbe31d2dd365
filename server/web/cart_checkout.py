"""``/cart/{store}/{cart}/checkout``: the shopper pays on the cart's own screen, which shows the code for the door."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from smartcart.server.ledger import SessionKey
from smartcart.server.office.audit import Actor
from smartcart.server.office.screens import Screen
from smartcart.server.receipt import qr_svg
from smartcart.server.site import Site, TheSite
from smartcart.server.till import Checkout, NoBasketError, TillError
from smartcart.server.web.cart_screen import PairedScreen
from smartcart.server.web.receipts import receipt_address

router = APIRouter(prefix="/cart/{store}/{cart}/checkout", include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]


@router.get("")
def look(request: Request, site: TheSite, screen: PairedScreen) -> Response:
    basket = site.basket(screen.store, screen.cart)
    return _page(request, site, screen, basket.session)


@router.post("/close")
def close(request: Request, site: TheSite, screen: PairedScreen, session: Text) -> Response:
    """Ends shopping; not while the cart has something to tell that has not arrived."""
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
    try:
        seen = site.till.look(_key(screen, session))
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    context: dict[str, Any] = {
        "screen": screen,
        "checkout": seen,
        "place": f"/cart/{screen.store}/{screen.cart}",
        "means": site.till.provider.means,
        "provider": site.till.provider.name,
        "trouble": trouble,
        "qr": Markup(qr_svg(receipt_address(request, seen.receipt))) if seen.receipt else None,
    }
    return site.templates.page(request, "cart_checkout.html", status=409 if trouble else 200, **context)


def _key(screen: Screen, session: str) -> SessionKey:
    return SessionKey(store=screen.store, cart=screen.cart, session=session)


def _actor(screen: Screen) -> Actor:
    return Actor(name=f"{screen.store}/{screen.cart}", via="screen")

"""``/checkout``: staff close a basket, enter weights, and take the payment, on a live page."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.corrections import CorrectionError
from smartcart.server.checkout.till import NoBasketError, TillError
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, Visitor, still_in
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import Sections, live_page

router = APIRouter(prefix="/checkout", include_in_schema=False)

_PLACE: Final = "/{store}/{cart}/{session}"
_LISTS: Final = ("checkouts-baskets", "checkouts-receipts")
_SECTIONS: Final = ("checkout-head", "checkout-todo", "checkout-bill", "checkout-pay", "checkout-remarks")
LOOK_SECONDS: Final = 10.0
"""How long a checkout may lag behind another server."""
Text = Annotated[str, Form(max_length=200)]


@router.get("")
def everything(request: Request, site: TheSite, visitor: Staff) -> Response:
    return site.templates.page(request, "checkouts.html", visitor=visitor, **_everything(site))


@router.get("/live")
async def live_list(site: TheSite, visitor: Staff) -> StreamingResponse:
    """The checkout's progress on other pages and servers."""

    def sections() -> Sections:
        context = _everything(site)
        return {name: site.templates.part(f"{name.replace('-', '_')}.html", **context) for name in _LISTS}

    async def render() -> Sections:
        return {**await run_in_threadpool(sections), **site.queue_pages.badge()}

    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), render, longest=LOOK_SECONDS))


def _everything(site: Site) -> dict[str, Any]:
    """Every cart with something to pay, the waiting ones first, and the newest receipts."""
    baskets = [view.basket for view in site.carts.views() if view.basket and view.basket.lines]
    paid = site.till.payments.paid({_key(basket.store, basket.cart, basket.session) for basket in baskets})
    waiting = [b for b in baskets if _key(b.store, b.cart, b.session) not in paid]
    waiting.sort(key=lambda b: (b.closed_at is None, b.closed_at or "", b.store, b.cart))
    return {"baskets": waiting, "receipts": site.till.payments.newest_receipts()}


@router.get("/{store}/{cart}")
def newest(site: TheSite, store: str, cart: str) -> Response:
    """Redirects to the checkout of the cart's newest session."""
    return RedirectResponse(_address(site.basket(store, cart).session, store, cart), 303)


@router.get(_PLACE)
def look(request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str) -> Response:
    return _page(request, site, visitor, _key(store, cart, session))


@router.get(f"{_PLACE}/live")
async def live(
    request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str
) -> StreamingResponse:
    """Late events, and actions in another window, of the shopper or of the payment provider."""
    key, csrf = _key(store, cart, session), site.templates.csrf(request)

    def sections() -> Sections:
        context = _context(site, key) | {"csrf": csrf}
        return {name: site.templates.part(f"{name.replace('-', '_')}.html", **context) for name in _SECTIONS}

    async def render() -> Sections:
        return await run_in_threadpool(sections)

    await render()
    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), render, (store, cart), LOOK_SECONDS))


@router.post(f"{_PLACE}/close")
def close(request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str) -> Response:
    key = _key(store, cart, session)
    return _then_page(request, site, visitor, key, lambda: site.till.close(key, visitor.actor))


@router.post(f"{_PLACE}/weigh")
def weigh(
    request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str, source: Text, grams: Text
) -> Response:
    key = _key(store, cart, session)

    def done() -> None:
        if not grams.strip().isascii() or not grams.strip().isdigit():
            raise TillError("a weight is a whole number of grams")
        site.till.weigh(key, source, int(grams), visitor.actor)

    return _then_page(request, site, visitor, key, done)


@router.post(f"{_PLACE}/choose")
def choose(
    request: Request,
    site: TheSite,
    visitor: Staff,
    store: str,
    cart: str,
    session: str,
    source: Annotated[list[str], Form(max_length=1000)],
    sku: Text,
) -> Response:
    """Names an ambiguous line's product."""
    key = _key(store, cart, session)
    by = visitor.actor
    return _then_page(request, site, visitor, key, lambda: site.corrections.settle_line(key, source, sku, by))


@router.post(f"{_PLACE}/pay")
def pay(request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str, means: Text) -> Response:
    key = _key(store, cart, session)
    return _then_page(request, site, visitor, key, lambda: site.till.pay(key, means, visitor.actor))


@router.post(f"{_PLACE}/check")
def check(request: Request, site: TheSite, visitor: Staff, store: str, cart: str, session: str) -> Response:
    key = _key(store, cart, session)
    return _then_page(request, site, visitor, key, lambda: site.till.ask_again(key))


def _then_page(request: Request, site: Site, visitor: Visitor, key: SessionKey, doing: Any) -> Response:
    """Acts, then redirects to the page, so that reloading it does not repeat the action."""
    try:
        doing()
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    except (TillError, CorrectionError) as error:
        return _page(request, site, visitor, key, f"{str(error)[:1].upper()}{str(error)[1:]}.".replace("..", "."))
    return RedirectResponse(_address(key.session, key.store, key.cart), 303)


def _page(request: Request, site: Site, visitor: Visitor, key: SessionKey, trouble: str | None = None) -> Response:
    context = _context(site, key) | {"trouble": trouble}
    return site.templates.page(request, "checkout.html", status=409 if trouble else 200, visitor=visitor, **context)


def _context(site: Site, key: SessionKey) -> dict[str, Any]:
    try:
        seen = site.till.look(key)
    except NoBasketError as error:
        raise HTTPException(404, str(error)) from None
    return {
        "checkout": seen,
        "here": _address(key.session, key.store, key.cart),
        "means": site.till.provider.means,
        "provider": site.till.provider.name,
        "products": {product.sku: product for product in site.catalogue.products},
    }


def _key(store: str, cart: str, session: str) -> SessionKey:
    return SessionKey(store=store, cart=cart, session=session)


def _address(session: str, store: str, cart: str) -> str:
    return f"/checkout/{store}/{cart}/{session}"

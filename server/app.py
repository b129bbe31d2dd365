"""The web side: REST with OpenAPI, the dashboard page and its stream."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from smartcart.server.answers import (
    BasketAnswer,
    CartAnswer,
    CatalogueAnswer,
    DeadLettersAnswer,
    EventAnswer,
    HealthAnswer,
)
from smartcart.server.basket import Basket, fold
from smartcart.server.carts import Carts, CartView
from smartcart.server.catalogue import Catalogue
from smartcart.server.commands import Action, Commands
from smartcart.server.guard import Guard
from smartcart.server.ledger import Ledger, SessionKey
from smartcart.server.pages import STATIC, Pages
from smartcart.server.subscriber import Health


class Ask(BaseModel):
    """What to ask of a cart."""

    action: Literal["start", "end"]


def create_app(
    *,
    carts: Carts,
    ledger: Ledger,
    commands: Commands,
    catalogue: Catalogue,
    health: Callable[[], Health],
    pages: Pages,
    allowed_hosts: Sequence[str],
    live_view_url: str | None = None,
) -> FastAPI:
    """The application; see ``/openapi.json`` for what it answers.

    Args:
        allowed_hosts: names under which a browser may ask, beside plain addresses and ``localhost``.
        live_view_url: the one further origin that the page may show a picture from.
    """
    app = FastAPI(title="smartcart", summary="Baskets of smart carts, live.", docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, picture_url=live_view_url)

    def found(store: str, cart: str) -> CartView:
        view = carts.view((store, cart))
        if view is None:
            raise HTTPException(404, f"nothing was ever heard of cart {store}/{cart}")
        return view

    def basket_of(store: str, cart: str, session: str | None) -> Basket:
        if session is None:
            basket = found(store, cart).basket
        else:
            key = SessionKey(store=store, cart=cart, session=session)
            events, faults = ledger.session_events(key), ledger.session_faults(key)
            basket = fold(store, cart, session, events, faults) if events or faults else None
        if basket is None:
            raise HTTPException(404, f"cart {store}/{cart} has no such session")
        return basket

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return pages.page()

    @app.get("/live", include_in_schema=False)
    async def live() -> StreamingResponse:
        return StreamingResponse(pages.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.get("/api/carts")
    def list_carts() -> list[CartAnswer]:
        """Every cart that was ever heard of."""
        return [CartAnswer.of(view) for view in carts.views()]

    @app.get("/api/carts/{store}/{cart}")
    def basket(store: str, cart: str, session: str | None = None) -> BasketAnswer:
        """A cart's basket: of its newest session, or of the one that is named."""
        return BasketAnswer.of(basket_of(store, cart, session), catalogue.currency)

    @app.get("/api/carts/{store}/{cart}/sessions")
    def sessions(store: str, cart: str) -> list[str]:
        """A cart's sessions, the newest first."""
        return [key.session for key in ledger.sessions(store, cart)]

    @app.get("/api/carts/{store}/{cart}/events")
    def events(store: str, cart: str, session: str | None = None) -> list[EventAnswer]:
        """A session's events in the order of their seq, each with the product and price stored with it."""
        key = SessionKey(store=store, cart=cart, session=session or basket_of(store, cart, None).session)
        return [EventAnswer.of(stored) for stored in ledger.session_events(key)]

    @app.post("/api/carts/{store}/{cart}/session", status_code=202)
    def ask_session(store: str, cart: str, ask: Ask) -> CartAnswer:
        """Asks a cart to start or end a session; asked again until the cart has done it."""
        request(store, cart, ask.action)
        return CartAnswer.of(found(store, cart))

    @app.post("/carts/{store}/{cart}/{action}", include_in_schema=False)
    def press(store: str, cart: str, action: Action) -> Response:
        request(store, cart, action)
        return Response(status_code=204)

    def request(store: str, cart: str, action: Action) -> None:
        basket = found(store, cart).basket
        is_open = basket is not None and basket.state == "open"
        if is_open != (action == "end"):
            raise HTTPException(409, "a session is open: end it first" if is_open else "no session is open")
        commands.ask((store, cart), action, basket.session if basket and action == "end" else None)
        carts.touch((store, cart))

    @app.get("/api/dead-letters")
    def dead_letters(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> DeadLettersAnswer:
        """What could not be taken, the newest first, and how many there were in all."""
        return DeadLettersAnswer.of(ledger.dead_letter_count(), ledger.dead_letters(limit))

    @app.get("/api/health", responses={503: {"model": HealthAnswer}})
    def server_health(response: Response) -> HealthAnswer:
        """Whether broker and ledger are there; status 503 if one is not."""
        now = health()
        response.status_code = 200 if now.ok else 503
        return HealthAnswer.of(now, carts=len(carts), dead_letters=carts.dead_letters)

    @app.get("/api/catalogue")
    def products() -> CatalogueAnswer:
        """The catalogue in force."""
        return CatalogueAnswer.of(catalogue)

    return app

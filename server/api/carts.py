"""``/carts``: every cart, its baskets, sessions and events, and session requests."""

from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from smartcart.server.api.answers import BasketAnswer, CartAnswer, EventAnswer
from smartcart.server.api.errors import NO_CART, refused
from smartcart.server.basket.records import SessionKey
from smartcart.server.site.permissions import Staff
from smartcart.server.site.site import TheSite

router = APIRouter(prefix="/carts", tags=["carts"])


_NOT_NOW: Final = refused(409, "A session is already open, or none is.")


class Ask(BaseModel):
    """The request to a cart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "end"}]})

    action: Literal["start", "end"]


@router.get("")
def list_carts(site: TheSite) -> list[CartAnswer]:
    """Every cart that ever reported."""
    return [CartAnswer.of(view, site.cards.reasons(view)) for view in site.carts.views()]


@router.get("/{store}/{cart}", responses=NO_CART)
def basket(site: TheSite, store: str, cart: str, session: str | None = None) -> BasketAnswer:
    """A cart's basket: of its newest session, or of the one that is named."""
    return BasketAnswer.of(site.basket(store, cart, session), site.catalogue.currency)


@router.get("/{store}/{cart}/sessions")
def sessions(site: TheSite, store: str, cart: str) -> list[str]:
    """A cart's sessions, the newest first."""
    return [key.session for key in site.ledger.sessions(store, cart)]


@router.get("/{store}/{cart}/events", responses=NO_CART)
def events(site: TheSite, store: str, cart: str, session: str | None = None) -> list[EventAnswer]:
    """A session's events in the order of their seq, each with the product and price stored with it."""
    key = SessionKey(store=store, cart=cart, session=session or site.basket(store, cart).session)
    return [EventAnswer.of(stored) for stored in site.ledger.session(key).events]


@router.post("/{store}/{cart}/session", status_code=202, responses=NO_CART | _NOT_NOW)
def ask_session(site: TheSite, visitor: Staff, store: str, cart: str, ask: Ask) -> CartAnswer:
    """Asks a cart to start or end a session; asked again until the cart has done it."""
    site.ask(store, cart, ask.action, visitor.actor)
    view = site.view(store, cart)
    return CartAnswer.of(view, site.cards.reasons(view))

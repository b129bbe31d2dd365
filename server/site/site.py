"""The parts of one server that routes work with, and how a route gets them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from biip.rcn import RcnRegion
from fastapi import Depends, HTTPException, Request

from smartcart.server.access.access import Access
from smartcart.server.access.audit import Actor
from smartcart.server.access.authenticator import Authenticator
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import Action
from smartcart.server.carts.corrections import Corrections
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.carts.requests import CartRequests
from smartcart.server.carts.review_queue import ReviewQueue
from smartcart.server.carts.scans import Scans
from smartcart.server.carts.shift_book import ShiftBook
from smartcart.server.carts.shopper_additions import ShopperAdditions
from smartcart.server.catalogue.in_force import CatalogueInForce
from smartcart.server.catalogue.pictures import ProductPictures
from smartcart.server.catalogue.store import Products
from smartcart.server.checkout.till import Till
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.gallery.lessons import Lessons
from smartcart.server.ledger.port import Ledger
from smartcart.server.ledger.replay import replay
from smartcart.server.mqtt.evidence import EvidenceBox
from smartcart.server.mqtt.subscriber import Health
from smartcart.server.runtime.metrics import Metrics
from smartcart.server.views.cart import CartPages
from smartcart.server.views.cart_screen import ScreenPages
from smartcart.server.views.dashboard import CartCards
from smartcart.server.views.feed import Feed
from smartcart.server.views.history import History
from smartcart.server.views.queue import QueuePages
from smartcart.server.views.teach import TeachPages
from smartcart.server.views.templating import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One server's parts. Its methods raise HTTPException, with a message for the client.

    ``labels`` are those of the shipped detector, empty if unknown. ``is_open`` gives everybody access without a login:
    for a demo, on loopback only. ``scales`` is the country whose rules apply to weight or price in scale labels.
    """

    carts: Carts
    ledger: Ledger
    requests: CartRequests
    catalogue: CatalogueInForce
    products: Products
    galleries: Galleries
    lessons: Lessons
    scans: Scans
    pictures: ProductPictures
    till: Till
    health: Callable[[], Health]
    metrics: Metrics
    doors: Access
    desk: Authenticator
    templates: Templates
    feed: Feed
    cards: CartCards
    cart_pages: CartPages
    queue_pages: QueuePages
    teach_pages: TeachPages
    screen_pages: ScreenPages
    corrections: Corrections
    shopper_additions: ShopperAdditions
    settling: ReviewQueue
    shifts: ShiftBook
    calls: HelpRequests
    evidence: EvidenceBox
    history: History
    labels: frozenset[str]
    is_open: bool
    zone: ZoneInfo
    scales: RcnRegion | None

    def view(self, store: str, cart: str) -> CartView:
        """A cart's current state; 404 if it never reported."""
        view = self.carts.view((store, cart))
        if view is None:
            raise HTTPException(404, f"nothing was ever heard of cart {store}/{cart}")
        return view

    def basket(self, store: str, cart: str, session: str | None = None) -> Basket:
        """A session's basket, of the newest if none is named; 404 if there is none."""
        if session is None:
            basket = self.view(store, cart).basket
        else:
            basket = replay(self.ledger, SessionKey(store=store, cart=cart, session=session))
        if basket is None:
            raise HTTPException(404, f"cart {store}/{cart} has no such session")
        return basket

    def known_labels(self) -> frozenset[str]:
        """The labels that cameras report: the shipped detector's, and those of carts with their own."""
        seen = (label for view in self.carts.views() if view.basket for label in view.basket.counts)
        return self.labels.union(seen) if self.labels else self.labels

    def answer_call(self, store: str, cart: str, by: Actor) -> None:
        """Somebody goes to a shopper who asked for help; 409 where nobody did, or somebody is on the way."""
        if not self.calls.take((store, cart), by):
            raise HTTPException(409, "somebody is there already")

    def finish_call(self, store: str, cart: str, by: Actor) -> None:
        """The shopper was helped; 409 where nobody has called."""
        if not self.calls.finish((store, cart), by):
            raise HTTPException(409, "nobody calls from this cart any more")

    def ask(self, store: str, cart: str, action: Action, by: Actor) -> None:
        """Asks a cart to start or end a session, repeatedly until it has; 409 if there is nothing to do."""
        basket = self.view(store, cart).basket
        is_open = basket is not None and basket.state == "open"
        if is_open != (action == "end"):
            raise HTTPException(409, "a session is open: end it first" if is_open else "no session is open")
        self.requests.ask((store, cart), action, basket.session if basket else None, by)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


TheSite = Annotated[Site, Depends(_site)]
"""As the type of a route's parameter: the server's parts."""

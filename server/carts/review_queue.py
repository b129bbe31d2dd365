"""The review queue over all carts: each cart's part is kept until the cart changes."""

import threading
from collections.abc import Callable

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import CartKey
from smartcart.server.carts.review_items import ReviewItem, review_items_of
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.ledger.port import Ledger


class ReviewQueue:
    """Reads the newest session of the carts with open questions. Safe to use from several threads."""

    def __init__(self, carts: Carts, ledger: Ledger, catalogue: Callable[[], Catalogue]) -> None:
        self._carts = carts
        self._ledger = ledger
        self._catalogue = catalogue
        self._known: dict[CartKey, tuple[CartView, Catalogue, list[ReviewItem]]] = {}
        self._lock = threading.Lock()

    def of_cart(self, view: CartView) -> list[ReviewItem]:
        """The open questions of one cart's newest session, the oldest first.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        basket, key, catalogue = view.basket, (view.store, view.cart), self._catalogue()
        if basket is None or not _is_open(basket):
            return []
        known = self._known.get(key)
        if known is not None and known[0] is view and known[1] is catalogue:
            return known[2]
        session = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        records = self._ledger.session(session)
        found = review_items_of(basket, catalogue, records.events, records.corrections)
        with self._lock:
            self._known[key] = (view, catalogue, found)
        return found

    def queue(self) -> list[ReviewItem]:
        """The whole queue: first unanswered questions, then shoppers' answers; the oldest first.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        views = self._carts.views()
        with self._lock:
            here = {(view.store, view.cart) for view in views}
            self._known = {key: known for key, known in self._known.items() if key in here}
        found = [doubt for view in views for doubt in self.of_cart(view)]
        return sorted(found, key=lambda doubt: (doubt.kind == "shopper", doubt.time))


def _is_open(basket: Basket) -> bool:
    return bool(basket.uncertain or basket.corrections or any(line.ambiguous for line in basket.lines))

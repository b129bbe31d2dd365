"""The catalogue in force: kept in memory for the intake, and read again as soon as somebody has changed it."""

import threading

from smartcart.server.catalogue.catalogue import Catalogue, Match
from smartcart.server.catalogue.product import Product
from smartcart.server.catalogue.store import Products, Shop


class CatalogueInForce:
    """A ``Matching`` that changes. Changes by this server are in force at once; safe to use from several threads.

    Raises:
        DatabaseError: the tables cannot be read.
    """

    def __init__(self, products: Products) -> None:
        self._products = products
        self._lock = threading.Lock()
        self._now = products.catalogue()
        products.on_change = self.refresh

    @property
    def shop(self) -> Shop:
        """The settings in force."""
        return self._now[0]

    @property
    def now(self) -> Catalogue:
        """The current catalogue, which itself never changes."""
        return self._now[1]

    @property
    def currency(self) -> str:
        return self._now[0].currency

    @property
    def products(self) -> tuple[Product, ...]:
        return self._now[1].products

    def match(self, label: str | None, sku: str | None, weight_g: float | None = None) -> Match:
        """See ``Matching``."""
        return self._now[1].match(label, sku, weight_g)

    def refresh(self) -> None:
        """Reads it again.

        Raises:
            DatabaseError: the tables cannot be read; the catalogue in force stays.
        """
        with self._lock:
            self._now = self._products.catalogue()

    def look(self) -> None:
        """Reads it again if another server has changed it.

        Raises:
            DatabaseError: as for ``refresh``.
        """
        if self._products.shop().version != self._now[0].version:
            self.refresh()

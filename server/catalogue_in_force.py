"""The catalogue in force: kept in memory for the intake, and read again as soon as anybody has changed it."""

import logging
import threading
from typing import Final

from smartcart.server.catalogue import Catalogue, Match
from smartcart.server.office.office import OfficeError
from smartcart.server.office.products import Products, Shop
from smartcart.server.product import Product

LOOK_SECONDS: Final = 1.0
"""How often a change by another server is looked for."""

log = logging.getLogger(__name__)


class CatalogueInForce:
    """A ``Matching`` that changes. What this server changes is in force at once; safe to use from several threads.

    Raises:
        OfficeError: the tables cannot be read.
    """

    def __init__(self, products: Products) -> None:
        self._products = products
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._now = products.catalogue()
        self._thread = threading.Thread(target=self._look, name="catalogue-reader", daemon=True)
        products.on_change = self.refresh

    def start(self) -> None:
        """Looks for changes of others from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._stopping.set()
        self._thread.join()

    @property
    def shop(self) -> Shop:
        """The settings in force."""
        return self._now[0]

    @property
    def now(self) -> Catalogue:
        """The catalogue of this moment, which stays as it is."""
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
        """Reads it again, whoever has changed it.

        Raises:
            OfficeError: the tables cannot be read; what was in force stays.
        """
        with self._lock:
            self._now = self._products.catalogue()

    def _look(self) -> None:
        trouble = False
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                if self._products.shop().version != self._now[0].version:
                    self.refresh()
            except OfficeError as error:
                if not trouble:
                    log.warning("%s; the catalogue stays as it was", error)
                trouble = True
            else:
                trouble = False

"""Lets the gallery learn from corrections made in the queue, if the store has switched that on.

A cart sends the embeddings of an event's item; once staff have said which product it was, the new ones among them
become prototypes of that product. No picture is used or kept. A correction counts after a while, so that one that is
taken back is never learnt, and carts do not fetch a new gallery after each.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from smartcart.edge.contract.events import Correction, parse_time
from smartcart.edge.gallery.gallery_file import GalleryError
from smartcart.edge.gallery.sights import Sights
from smartcart.server.access.audit import Actor
from smartcart.server.basket.effective_corrections import SHOPPER, effective_corrections
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.commands import CartKey
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Product
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.ledger.port import Ledger

STANDS_SECONDS: Final = 60.0
EVERY_SECONDS: Final = 600.0
MOST_WAITING: Final = 1000
QUEUE: Final = Actor(name="the queue", via="command")

log = logging.getLogger(__name__)


class Learner:
    """Safe to use from several threads.

    Args:
        sights: returns the ``sights`` message of a cart's event; None if none is kept.
        catalogue: returns the catalogue in force.
        clock: a steady clock, in seconds. A correction counts after ``STANDS_SECONDS``, and the gallery changes every
            ``EVERY_SECONDS`` at most.
    """

    def __init__(
        self,
        ledger: Ledger,
        galleries: Galleries,
        sights: Callable[[CartKey, str], bytes | None],
        catalogue: Callable[[], Catalogue],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._galleries = galleries
        self._sights = sights
        self._catalogue = catalogue
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[SessionKey, float]] = {}
        self._next = 0.0

    def made(self, key: SessionKey, correction: Correction) -> None:
        """Takes a correction; ignored if there are no sights of its event."""
        event = correction.corrects
        if event is None or self._sights((key.store, key.cart), event) is None:
            return
        with self._lock:
            self._waiting[event] = (key, self._clock())
            while len(self._waiting) > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]

    def look(self) -> None:
        """Learns from the corrections that are due.

        Raises:
            LedgerError: the ledger cannot be read; it is tried again.
            DatabaseError: the tables cannot be read or written; it is tried again.
        """
        now = self._clock()
        if now >= self._next and self._learn(until=now - STANDS_SECONDS):
            self._next = now + EVERY_SECONDS

    def finish(self) -> None:
        """Learns from all corrections, however new, because the sights are lost when the server ends.

        Raises:
            As ``look``.
        """
        self._learn(until=self._clock())

    def _learn(self, until: float) -> bool:
        """True if anything was due."""
        with self._lock:
            due = {event: entry for event, entry in self._waiting.items() if entry[1] <= until}
        seen: dict[str, tuple[Product, list[Sights]]] = {}
        for event, (key, _) in due.items():
            product, message = self._settled(key, event), self._sights((key.store, key.cart), event)
            if product is not None and message is not None:
                seen.setdefault(product.sku, (product, []))[1].append(Sights.from_bytes(message)[1])
        for sku, (product, sights) in seen.items():
            try:
                self._galleries.learn(sku, product.name, sights, QUEUE)
            except GalleryError as error:
                log.warning("the gallery learns nothing about %s from the queue: %s", sku, error)
        with self._lock:
            self._waiting = {event: entry for event, entry in self._waiting.items() if due.get(event) != entry}
        return bool(due)

    def _settled(self, key: SessionKey, event: str) -> Product | None:
        """The product that staff last named for an event with one item; None if there is none to learn.

        A correction made before the product was removed from the gallery does not count.
        """
        words = effective_corrections(self._ledger.session(key).corrections)
        said = next((word.correction for word in reversed(words) if word.correction.corrects == event), None)
        if said is None or said.by == SHOPPER or said.action == "none" or said.quantity != 1 or said.sku is None:
            return None
        removed = self._galleries.removed_at(said.sku)
        if removed is not None and parse_time(said.time) <= removed:
            return None
        return self._catalogue().find(said.sku)

"""Brings the gallery to carts: a retained pointer to each that can use it, and the parts that they request."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from smartcart.edge.contract.events import Channel, ContractError
from smartcart.edge.gallery.wire import PART_BYTES, Fetch, GalleryPart
from smartcart.server.carts.commands import CartKey
from smartcart.server.gallery.keeper import Kept

MOST_WISHES: Final = 2000

log = logging.getLogger(__name__)

Letter = tuple[CartKey, Channel, bytes, bool]
"""The cart, the channel, the message, and whether the broker retains it."""


class GalleryPost:
    """Messages to be sent to carts; safe to use from several threads.

    Args:
        now: the gallery in force.
    """

    def __init__(self, now: Callable[[], Kept | None]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._told: dict[CartKey, int] = {}
        self._wishes: deque[tuple[CartKey, Fetch]] = deque(maxlen=MOST_WISHES)

    def heard(self, cart: CartKey) -> None:
        """A cart is online: it may get a pointer."""
        with self._lock:
            self._told.setdefault(cart, 0)

    def asked(self, cart: CartKey, payload: bytes) -> None:
        """A cart requests a part."""
        try:
            wish = Fetch.from_bytes(payload)
        except ContractError as error:
            log.warning("cart %s/%s sent an invalid request for a part of a gallery: %s", *cart, error.reason)
            return
        with self._lock:
            self._wishes.append((cart, wish))

    def due(self) -> list[Letter]:
        """The messages to send now."""
        kept = self._now()
        with self._lock:
            wishes, self._wishes = list(self._wishes), deque(maxlen=MOST_WISHES)
            behind = [cart for cart, version in self._told.items() if kept and version != kept.pointer.version]
            self._told |= dict.fromkeys(behind, kept.pointer.version if kept else 0)
        letters: list[Letter] = []
        if kept is not None:
            letters += [(cart, Channel.GALLERY, kept.pointer.to_bytes(), True) for cart in behind]
            letters += [(cart, Channel.PART, _part(kept, wish), False) for cart, wish in wishes if _fits(kept, wish)]
        return letters


def _fits(kept: Kept, wish: Fetch) -> bool:
    """A cart that requests an older gallery learns of the newer one by its pointer."""
    return wish.sha256 == kept.pointer.sha256 and wish.offset < kept.pointer.size


def _part(kept: Kept, wish: Fetch) -> bytes:
    data = kept.payload[wish.offset : wish.offset + PART_BYTES]
    return GalleryPart(sha256=wish.sha256, offset=wish.offset, data=data).to_bytes()

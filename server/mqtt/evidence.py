"""What carts send as evidence, where the store has switched it on: pictures of events' items, and what was seen of
them in numbers. It is kept in memory alone, and not for long.

Both are bounded in number, size and age, gone with the process, and gone with their session when that is erased.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import ContractError, Topic, parse_picture
from smartcart.edge.contract.picture_parts import parts_of
from smartcart.edge.gallery.gallery_file import GalleryError
from smartcart.edge.gallery.sights import Sights
from smartcart.server.carts.commands import CartKey

MOST: Final = 500
MOST_OF_CART: Final = 60
LONGEST_SECONDS: Final = 24 * 3600.0
LARGEST_SIDE: Final = 1024
EVENT_SECONDS: Final = 60.0
"""How long before its event a picture may arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    cart: CartKey
    data: bytes
    at: float


def read_picture(payload: bytes) -> tuple[str, bytes]:
    """The event of an ``evidence`` message, and its JPEG.

    Raises:
        ContractError: it cannot be taken; the message says why.
    """
    picture = parse_picture(payload)
    size = size_of(picture.jpeg)
    if size is None or max(size) > LARGEST_SIDE:
        raise ContractError(f"the picture is larger than {LARGEST_SIDE} pixels, or damaged")
    return picture.event_id, picture.jpeg


def read_sights(payload: bytes) -> tuple[str, bytes]:
    """The event of a ``sights`` message, and the message; raises as ``read_picture`` does."""
    try:
        event, _ = Sights.from_bytes(payload)
    except GalleryError as error:
        raise ContractError(str(error)) from None
    return event, payload


class EvidenceBox:
    """Safe to use from several threads.

    Args:
        is_on: whether anything is taken at all.
        read: gives the event of a message, and what of it is kept.
    """

    def __init__(self, *, is_on: bool, read: Callable[[bytes], tuple[str, bytes]] = read_picture) -> None:
        self.is_on = is_on
        self._read = read
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, topic: Topic, payload: bytes) -> None:
        """Keeps one message; the oldest makes room.

        Raises:
            ContractError: it is refused; the message says why.
        """
        if not self.is_on:
            raise ContractError("this store keeps no pictures")
        event_id, data = self._read(payload)
        cart = (topic.store, topic.cart)
        with self._lock:
            known = self._kept.get(event_id)
            if known is not None:
                return  # the first counts, whoever sends another
            self._forget_old()
            of_cart = [event for event, kept in self._kept.items() if kept.cart == cart]
            if len(of_cart) >= MOST_OF_CART:
                del self._kept[of_cart[0]]
            elif len(self._kept) >= MOST:
                self._kept.popitem(last=False)
            self._kept[event_id] = _Kept(cart=cart, data=data, at=time.monotonic())

    def find(self, cart: CartKey, event: str) -> bytes | None:
        """What is kept of a cart's event, if anything is."""
        with self._lock:
            self._forget_old()
            kept = self._kept.get(event)
        return kept.data if kept is not None and kept.cart == cart else None

    def parts(self, cart: CartKey, event: str) -> tuple[str, ...]:
        """What the parts of an event's picture show, left to right; none without a picture."""
        jpeg = self.find(cart, event)
        return () if jpeg is None else parts_of(jpeg)

    def newest(self, cart: CartKey, events: Sequence[str]) -> str | None:
        """The last of these events of a cart with a picture."""
        here = self.events_of(cart) if self.is_on else ()
        return next((event for event in reversed(events) if event in here), None)

    def keep_only(self, cart: CartKey, events: set[str]) -> None:
        """Deletes a cart's pictures of other events than these, unless one just came and its event is on the way."""
        until = time.monotonic() - EVENT_SECONDS
        with self._lock:
            of_cart = [(event, kept) for event, kept in self._kept.items() if kept.cart == cart]
            gone = [event for event, kept in of_cart if event not in events and kept.at <= until]
            for event in gone:
                del self._kept[event]

    def carts(self) -> set[CartKey]:
        """The carts with pictures."""
        with self._lock:
            return {kept.cart for kept in self._kept.values()}

    def events_of(self, cart: CartKey) -> set[str]:
        """The events of a cart with pictures."""
        with self._lock:
            self._forget_old()
            return {event for event, kept in self._kept.items() if kept.cart == cart}

    def _forget_old(self) -> None:
        until = time.monotonic() - LONGEST_SECONDS
        while self._kept and next(iter(self._kept.values())).at < until:
            self._kept.popitem(last=False)


def size_of(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height in a JPEG's frame header (ITU-T T.81, B.2.2); None if there is none."""
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(jpeg[at + 7 : at + 9]), int.from_bytes(jpeg[at + 5 : at + 7])
        if length < 2:
            return None
        at += 2 + length
    return None

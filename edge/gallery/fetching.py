"""Fetches the gallery that the server points to, part by part, and offers it to the cart.

A missing part is requested again with back-off. A pointer to another gallery starts over, so a cart that missed three
versions fetches only the newest.
"""

import threading
from typing import Final

from smartcart.edge.contract.events import ContractError
from smartcart.edge.gallery.in_use import GalleryInUse
from smartcart.edge.gallery.wire import Fetch, GalleryPart, Pointer

FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 300.0


class GalleryFetch:
    """One cart's fetcher; safe to use from several threads."""

    def __init__(self, in_use: GalleryInUse) -> None:
        self._in_use = in_use
        self._lock = threading.Lock()
        self._wanted: Pointer | None = None
        self._got = bytearray()
        self._due = 0.0
        self._pause = FIRST_RETRY

    @property
    def version(self) -> int | None:
        """The status of the gallery in use."""
        return self._in_use.version

    def point(self, payload: bytes) -> None:
        """The server announces the gallery in force.

        Raises:
            ContractError: it is not a pointer.
        """
        pointer = Pointer.from_bytes(payload)
        with self._lock:
            if pointer != self._wanted and pointer.version != self.version:
                self._begin(pointer)

    def take(self, payload: bytes) -> None:
        """A part arrived.

        Raises:
            ContractError: it is not a part.
        """
        part = GalleryPart.from_bytes(payload)
        with self._lock:
            wanted = self._wanted
            if wanted is None or part.sha256 != wanted.sha256 or part.offset != len(self._got):
                return
            if not part.data:
                raise ContractError("a part of a gallery is empty")
            self._got += part.data
            self._due, self._pause = 0.0, FIRST_RETRY
            if len(self._got) >= wanted.size:
                self._finish(wanted)

    def due(self, now: float) -> bytes | None:
        """The request to send at this time (in seconds of any monotonic clock), a first one or a repeated one."""
        with self._lock:
            if self._wanted is None or now < self._due:
                return None
            self._due, self._pause = now + self._pause, min(2 * self._pause, LONGEST_RETRY)
            return Fetch(sha256=self._wanted.sha256, offset=len(self._got)).to_bytes()

    def _begin(self, pointer: Pointer) -> None:
        self._wanted, self._got = pointer, bytearray()
        self._due, self._pause = 0.0, FIRST_RETRY

    def _finish(self, wanted: Pointer) -> None:
        """A refused gallery is not requested again before the server points to another one."""
        payload, self._got = bytes(self._got), bytearray()
        self._wanted = None
        self._in_use.offer(payload, wanted.sha256)

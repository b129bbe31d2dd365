"""Shoppers who ask for help. Kept in memory: a call is for people who are in the store now."""

import threading
from dataclasses import dataclass, field

from smartcart.server.commands import CartKey


@dataclass(slots=True)
class Calls:
    """The carts whose help button was pressed and that nobody has answered yet. Safe to use from several threads."""

    _since: dict[CartKey, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, cart: CartKey, now: str) -> bool:
        """Takes a call in; False where there is one already."""
        with self._lock:
            return self._since.setdefault(cart, now) is now

    def answer(self, cart: CartKey) -> bool:
        """Somebody goes there; False where nobody called."""
        with self._lock:
            return self._since.pop(cart, None) is not None

    def since(self, cart: CartKey) -> str | None:
        """When help was called (RFC 3339, UTC); None where nobody did."""
        with self._lock:
            return self._since.get(cart)

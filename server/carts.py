"""All carts as they stand now: basket, status and last events of each, for the pages and the API.

It is kept in memory from what the ledger has committed, and read from the ledger when the server starts.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.events import Status
from smartcart.server.basket import Basket, Fault, StoredEvent, fold
from smartcart.server.commands import Action, CartKey, Commands
from smartcart.server.ledger import DeadLetter, Ledger, SessionKey

LAST_EVENTS: Final = 6

Listener = Callable[[set[CartKey]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CartView:
    """One cart now.

    ``basket`` is that of its newest session, None before the first; ``status`` is None until the cart has told one;
    ``last`` are its last events, the newest first; ``asked`` is what it was asked and has not done yet.
    """

    store: str
    cart: str
    basket: Basket | None
    status: Status | None
    last: tuple[StoredEvent, ...]
    asked: Action | None

    @property
    def online(self) -> bool:
        return self.status is not None and self.status.online


@dataclass(slots=True)
class _Cart:
    session: str | None = None
    events: dict[str, StoredEvent] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    status: Status | None = None
    view: CartView | None = None


class Carts:
    """Safe to use from several threads. Listeners are called from the thread that changes a cart, and must be quick."""

    def __init__(self, ledger: Ledger, commands: Commands) -> None:
        """Reads the newest session of every cart.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        self._ledger = ledger
        self._commands = commands
        self._lock = threading.RLock()
        self._carts: dict[CartKey, _Cart] = {}
        self._listeners: list[Listener] = []
        self._version = 0
        self.dead_letters = ledger.dead_letter_count()
        for key in ledger.current_sessions():
            self._load(key)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with the carts that changed, or with none when something about the server did.

        Returns:
            What ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __len__(self) -> int:
        """How many carts have ever told something."""
        return len(self._carts)

    @property
    def version(self) -> int:
        """Another number after every change."""
        return self._version

    def touch(self, *keys: CartKey) -> None:
        """Something outside changed these carts, or with no cart the server itself."""
        with self._lock:
            self._version += 1
            for key in keys:
                if key in self._carts:
                    self._carts[key].view = None
        for listener in list(self._listeners):
            listener(set(keys))

    def view(self, key: CartKey) -> CartView | None:
        """One cart now; None if nothing was ever heard of it. The same object as long as nothing changes."""
        with self._lock:
            cart = self._carts.get(key)
            if cart is None:
                return None
            if cart.view is None:
                cart.view = self._look(key, cart)
            return cart.view

    def views(self) -> list[CartView]:
        """All carts that have ever told something, in order."""
        with self._lock:
            return [view for key in sorted(self._carts) if (view := self.view(key))]

    def _look(self, key: CartKey, cart: _Cart) -> CartView:
        return CartView(
            store=key[0],
            cart=key[1],
            basket=fold(*key, cart.session, cart.events.values(), cart.faults.values()) if cart.session else None,
            status=cart.status,
            last=tuple(sorted(cart.events.values(), key=lambda s: -s.event.seq)[:LAST_EVENTS]),
            asked=self._commands.asked(key),
        )

    def committed(self, events: Sequence[StoredEvent], letters: Sequence[DeadLetter], dead_letters: int) -> None:
        """Takes in what the ledger has newly stored; ``dead_letters`` is its count of them now."""
        touched: set[CartKey] = set()
        with self._lock:
            for stored in events:
                event = stored.event
                key = SessionKey(store=event.store, cart=event.cart, session=event.session)
                self._take(key, stored, None)
                self._commands.settle(event)
                touched.add((event.store, event.cart))
            for letter in letters:
                if letter.fault and letter.store and letter.cart and letter.session:
                    self._take(
                        SessionKey(store=letter.store, cart=letter.cart, session=letter.session), None, letter.fault
                    )
                    touched.add((letter.store, letter.cart))
            self.dead_letters = dead_letters
        self.touch(*touched)

    def tell_status(self, key: CartKey, status: Status) -> None:
        """Takes in what a cart says of itself."""
        with self._lock:
            self._carts.setdefault(key, _Cart()).status = status
        self.touch(key)

    def forget_statuses(self) -> None:
        """Without a broker nobody knows which carts are online."""
        with self._lock:
            for cart in self._carts.values():
                cart.status = None
            keys = list(self._carts)
        self.touch(*keys)

    def _take(self, key: SessionKey, stored: StoredEvent | None, fault: Fault | None) -> None:
        cart = self._carts.setdefault((key.store, key.cart), _Cart())
        if key.session != cart.session:
            self._load(self._ledger.sessions(key.store, key.cart)[0])
            return
        if stored:
            cart.events[stored.event.id] = stored
        if fault:
            cart.faults[fault.event_id] = fault

    def _load(self, key: SessionKey) -> None:
        events, faults = self._ledger.session_events(key), self._ledger.session_faults(key)
        cart = self._carts.setdefault((key.store, key.cart), _Cart())
        cart.session = key.session
        cart.events = {stored.event.id: stored for stored in events}
        cart.faults = {fault.event_id: fault for fault in faults}

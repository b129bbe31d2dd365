"""The current state of all carts: basket, status and last events of each, for the pages and the API.

It is kept in memory and fed by the ledger alone, so that commits of this server, commits of another one and corrections
all arrive in the same way. It holds each cart's newest session, whose length is limited (see ``intake.MOST_EVENTS``),
and of each event what a basket needs.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from smartcart.edge.contract.events import EventType, Status
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.effective_corrections import effective_corrections
from smartcart.server.basket.fold import fold_or_fault
from smartcart.server.basket.records import Closing, Fault, SessionKey, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.carts.commands import Action, CartKey, Commands
from smartcart.server.carts.skew import ahead_by_events, told_ahead
from smartcart.server.carts.twins import Turns
from smartcart.server.ledger.port import Ledger, News, SetAside, session_of
from smartcart.server.ledger.rows import UNREADABLE
from smartcart.server.runtime.clock import day_before, utc_now

LAST_EVENTS: Final = 6
MAX_CARTS: Final = 5_000
"""Maximum number of carts in memory, those that changed last; a further one comes back with its next message."""

log = logging.getLogger(__name__)

Listener = Callable[[set[CartKey]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CartView:
    """One cart now.

    ``basket`` is that of its newest session, None before the first; ``status`` is None until the cart has reported one;
    ``last`` are its last events, the newest first; ``asked`` is its open request; ``ahead`` is how many seconds its
    clock is ahead of the server's (behind: negative), None if unknown; ``twins`` says that another machine seems to use
    its name; ``set_aside`` are its refused messages of the last day that belong to no session, if any.
    """

    store: str
    cart: str
    basket: Basket | None
    status: Status | None
    last: tuple[StoredEvent, ...]
    asked: Action | None
    ahead: float | None = None
    twins: str | None = None
    set_aside: SetAside | None = None

    @property
    def online(self) -> bool:
        return self.status is not None and self.status.online


@dataclass(slots=True)
class _Cart:
    session: str | None = None
    events: dict[str, StoredEvent] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    corrections: Sequence[StoredCorrection] = ()
    closing: Closing | None = None
    status: Status | None = None
    ahead: float | None = None
    turns: Turns = field(default_factory=Turns)
    set_aside: SetAside | None = None
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
        self._refreshing = threading.Lock()
        news = ledger.news(None)
        self._cursor, self.dead_letters = news.cursor, news.dead_letters
        for key in ledger.current_sessions()[-MAX_CARTS:]:
            self._load(key)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with the carts that changed, or with none if something about the server did.

        Returns:
            A function that ends this.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __len__(self) -> int:
        """The number of carts known here."""
        return len(self._carts)

    @property
    def version(self) -> int:
        """A number that differs after every change."""
        return self._version

    def touch(self, *keys: CartKey) -> None:
        """Reports a change, from outside, of these carts or, without a cart, of the server."""
        with self._lock:
            self._version += 1
            for key in keys:
                if key in self._carts:
                    self._carts[key].view = None
        for listener in list(self._listeners):
            listener(set(keys))

    def view(self, key: CartKey) -> CartView | None:
        """A cart's current state; None if it never reported. The same object as long as nothing changes."""
        with self._lock:
            cart = self._carts.get(key)
            if cart is None:
                return None
            if cart.view is None:
                cart.view = self._look(key, cart)
            return cart.view

    def is_over(self, key: CartKey, session: str | None) -> bool:
        """Whether a cart's trip is over, by its session then (None where none was open): another has begun, or it has
        ended otherwise than at the checkout. A cart of which nothing is known goes on."""
        view = self.view(key)
        if view is None or view.basket is None:
            return False
        if session is None:
            return view.basket.state == "open"
        return view.basket.session != session or (view.basket.state == "ended" and view.basket.closed_at is None)

    def views(self) -> list[CartView]:
        """All carts that are known here, in order."""
        with self._lock:
            return [view for key in sorted(self._carts) if (view := self.view(key))]

    def _look(self, key: CartKey, cart: _Cart) -> CartView:
        return CartView(
            store=key[0],
            cart=key[1],
            basket=self._fold(key, cart),
            status=cart.status,
            last=tuple(sorted(cart.events.values(), key=lambda s: -s.event.seq)[:LAST_EVENTS]),
            asked=self._commands.asked(key),
            twins=cart.turns.words(time.monotonic()),
            set_aside=cart.set_aside if cart.set_aside and cart.set_aside.last > day_before(utc_now()) else None,
            ahead=ahead_by_events(cart.events.values()) if cart.ahead is None else cart.ahead,
        )

    def _fold(self, key: CartKey, cart: _Cart) -> Basket | None:
        if cart.session is None:
            return None
        records = SessionRecords(
            key=SessionKey(store=key[0], cart=key[1], session=cart.session),
            events=list(cart.events.values()),
            faults=cart.faults,
            corrections=cart.corrections,
            closing=cart.closing,
        )
        return fold_or_fault(records)

    def refresh(self) -> None:
        """Reads what the ledger has stored since the last call.

        Raises:
            LedgerError: the ledger cannot be read; the next call catches up.
        """
        with self._refreshing:
            news = self._ledger.news(self._cursor)
            with self._lock:
                touched = self._take(news)
                counted = self.dead_letters != news.dead_letters
                self.dead_letters = news.dead_letters
            self._cursor = news.cursor
        if touched or counted:
            self.touch(*touched)

    def _take(self, news: News) -> set[CartKey]:
        """Returns the carts that changed."""
        stale = {(key.store, key.cart) for key in news.sessions} | (set(self._carts) if news.all_again else set())
        touched = set(stale)
        for at in news.carts & self._carts.keys():
            self._cart(at).set_aside = self._ledger.set_aside(*at)
            touched.add(at)
        for stored in news.events:
            key = session_of(stored.event)
            cart = self._carts.get((key.store, key.cart))
            if cart is None or cart.session != key.session:
                stale.add((key.store, key.cart))
            elif stored.event.id in cart.events:
                continue
            else:
                self._cart((key.store, key.cart)).events[stored.event.id] = _lean(stored)
            self._commands.settle(stored.event)
            touched.add((key.store, key.cart))
        for at in stale:
            self._load_newest(at)
        return touched | stale

    def tell_status(self, key: CartKey, status: Status, now: str | None = None) -> None:
        """Takes a cart's status; ``now`` if it was just sent, which also shows the cart's clock."""
        with self._lock:
            cart = self._cart(key)
            if status.online and not (cart.status and cart.status.online):
                self._show_corrections(key, cart)
            if now is not None and status.online and cart.status is not None and not cart.status.online:
                cart.turns.came(time.monotonic())  # after a lost connection a cart's state is unknown
            cart.status = replace(status, extra={})
            if status.online and status.session is not None:
                cart.turns.tell(status.session)
            if now is not None and status.online:
                cart.ahead = told_ahead(status.time, now)
        self.touch(key)

    def forget_statuses(self) -> None:
        """Without a broker it is unknown which carts are online."""
        with self._lock:
            for cart in self._carts.values():
                cart.status = None
            keys = list(self._carts)
        self.touch(*keys)

    def _cart(self, at: CartKey) -> _Cart:
        """A cart that changes now; the one that has been quiet for longest makes room for a new one."""
        cart = self._carts.pop(at, None) or _Cart()
        if len(self._carts) >= MAX_CARTS:
            quiet = next(iter(self._carts))
            del self._carts[quiet]
            self._commands.forget(quiet)
        self._carts[at] = cart
        return cart

    def _load_newest(self, at: CartKey) -> None:
        """Reads a cart's newest session again; after an erasure there may be none."""
        newest = self._ledger.sessions(*at, limit=1)
        if newest:
            self._load(newest[0])
        elif at in self._carts:
            self._carts[at] = _Cart(status=self._carts[at].status)
            self._commands.forget(at)

    def _load(self, key: SessionKey) -> None:
        at = key.store, key.cart
        cart = self._cart(at)
        known = len(cart.corrections) if cart.session == key.session else 0
        cart.session = key.session
        records = self._ledger.session(key)
        cart.events = {stored.event.id: _lean(stored) for stored in records.events}
        cart.faults = records.faults
        for fault in cart.faults:
            if fault.reason.startswith(UNREADABLE):
                log.error("store %s, cart %s, session %s, event %s: %s", *at, key.session, fault.event_id, fault.reason)
        cart.corrections = records.corrections
        cart.closing = records.closing
        cart.set_aside = self._ledger.set_aside(*at)
        if len(cart.corrections) > known:
            self._show_corrections(at, cart)
        if cart.closing and not any(s.event.type is EventType.SESSION_ENDED for s in cart.events.values()):
            self._commands.ask_end_of_closed(at, key.session)

    def _show_corrections(self, at: CartKey, cart: _Cart) -> None:
        if cart.session and cart.corrections:
            self._commands.show(
                at, cart.session, [stored.correction for stored in effective_corrections(cart.corrections)]
            )


def _lean(stored: StoredEvent) -> StoredEvent:
    """Without fields that may be long and that a basket does not need: the ledger keeps them."""
    return replace(stored, event=replace(stored.event, evidence=None, extra={}))

"""Events for the tests of the server."""

import itertools
import uuid
from dataclasses import dataclass, field
from typing import Any

from smartcart.edge.contract.events import Candidate, Event, EventType
from smartcart.server.basket.records import SessionKey, StoredEvent
from smartcart.server.catalogue.catalogue import Catalogue, Match, Product
from smartcart.server.runtime.clock import utc_now

TIME = utc_now()
"""A cart's clock that is right."""
COULD_BE = (
    Candidate(outcome="added", label="can", probability=0.5),
    Candidate(outcome="added", label="bottle", probability=0.3),
    Candidate(outcome="none", label=None, probability=0.2),
)
"""What a cart could not decide."""


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Trip:
    """One session of a cart that numbers its own events."""

    store: str = "store-1"
    cart: str = "cart-1"
    session: str = field(default_factory=new_id)
    seq: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def event(self, kind: EventType, **fields: Any) -> Event:
        common = {"id": new_id(), "store": self.store, "cart": self.cart, "session": self.session, "time": TIME}
        seq = fields.pop("seq", None) or next(self.seq)
        return Event(**(common | {"seq": seq, "type": kind} | fields))

    def start(self, **initial: int) -> Event:
        return self.event(EventType.SESSION_STARTED, initial=initial)

    def end(self) -> Event:
        return self.event(EventType.SESSION_ENDED)

    def add(self, label: str, quantity: int = 1, **fields: Any) -> Event:
        return self._item(EventType.ITEM_ADDED, "added", label, quantity, fields)

    def remove(self, label: str, quantity: int = 1, **fields: Any) -> Event:
        return self._item(EventType.ITEM_REMOVED, "removed", label, quantity, fields)

    def doubt(self, label: str | None, **fields: Any) -> Event:
        return self._item(EventType.ITEM_UNCERTAIN, "none", label, 1, fields)

    def _item(self, kind: EventType, outcome: Any, label: str | None, quantity: int, fields: dict[str, Any]) -> Event:
        candidates = (Candidate(outcome=outcome, label=label, probability=0.9),)
        item: dict[str, Any] = {"label": label, "quantity": quantity, "confidence": 0.9, "candidates": candidates}
        return self.event(kind, **(item | fields))


def product(label: str, price: int | None = 100, sku: str | None = None, **fields: Any) -> Product:
    values = {"sku": sku or label.upper(), "gtin": None, "labels": (label,), "name": f"The {label}", "currency": "EUR"}
    return Product(**(values | {"price": price} | fields))


CATALOGUE = Catalogue(
    [
        product("bottle", 199),
        product("can", 89),
        product("cup", None),
        product("jar", 250, sku="JAM"),
        product("jar", 320, sku="HONEY"),
    ]
)


def stored(event: Event, catalogue: Catalogue = CATALOGUE) -> StoredEvent:
    match = catalogue.match(event.label, event.sku) if event.label else Match()
    return StoredEvent(event=event, match=match, stored_at=TIME)


def key_of(trip: Trip) -> SessionKey:
    """The session of a trip."""
    return SessionKey(store=trip.store, cart=trip.cart, session=trip.session)

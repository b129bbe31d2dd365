"""One example of each answer, for ``/openapi.json``; a test holds them to their schemas.

They are put in after the schema is made, since FastAPI leaves every null out of an example.
"""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_SESSION: Final = "0199a1b2-3c4d-7e5f-8a6b-9c0d1e2f3a4b"
_EVENT: Final = "0199a1b2-5a00-7c11-9d22-aa33bb44cc55"

LINE: Final[Json] = {
    "label": "bottle",
    "sku": "4006381333931",
    "name": "Mineral water 0.5 l",
    "quantity": 2,
    "price": 199,
    "total": 398,
    "currency": "EUR",
    "ambiguous": False,
    "choices": [],
    "initial": False,
}
BASKET: Final[Json] = {
    "store": "store-1",
    "cart": "cart-7",
    "session": _SESSION,
    "state": "open",
    "lines": [LINE],
    "counts": {"bottle": 2},
    "items": 2,
    "total_minor": 398,
    "currency": "EUR",
    "unpriced": 0,
    "incomplete": True,
    "missing": [[4, 4]],
    "needs_attention": False,
    "problems": [],
    "discrepancies": [],
    "uncertain": [
        {
            "event_id": _EVENT,
            "seq": 3,
            "time": "2026-03-02T10:15:08.210Z",
            "label": "can",
            "candidates": [["added", "can", 0.61], ["none", None, 0.39]],
        }
    ],
    "started_at": "2026-03-02T10:14:55.000Z",
    "ended_at": None,
    "events": 3,
}
CART: Final[Json] = {
    "store": "store-1",
    "cart": "cart-7",
    "session": _SESSION,
    "state": "open",
    "items": 2,
    "total_minor": 398,
    "currency": "EUR",
    "online": True,
    "camera": "ok",
    "outbox": 0,
    "outbox_full": False,
    "asked": None,
}
EVENT: Final[Json] = {
    "event": {
        "schema": "smartcart.event/1",
        "id": _EVENT,
        "store": "store-1",
        "cart": "cart-7",
        "session": _SESSION,
        "seq": 2,
        "type": "item_added",
        "time": "2026-03-02T10:15:02.480Z",
        "media_time": 7.4,
        "label": "bottle",
        "sku": None,
        "quantity": 2,
        "confidence": 0.93,
        "candidates": [["added", "bottle", 0.93]],
        "evidence": None,
        "box": [0.41, 0.52, 0.58, 0.83],
        "track": 12,
        "weight_g": None,
        "model": {"name": "smartcart-eye", "hash": "3f9a1c2b"},
    },
    "sku": "4006381333931",
    "name": "Mineral water 0.5 l",
    "price": 199,
    "currency": "EUR",
    "choices": [],
    "stored_at": "2026-03-02T10:15:02.502Z",
}
DEAD_LETTERS: Final[Json] = {
    "count": 1,
    "letters": [
        {
            "topic": "smartcart/v1/store-1/cart-7/events",
            "reason": "this is not JSON",
            "payload": "\\x00\\xff",
            "size": 2,
            "received_at": "2026-03-02T10:15:02.502Z",
            "event_id": None,
            "session": None,
            "seq": None,
        }
    ],
}
HEALTH: Final[Json] = {"ok": True, "broker": None, "ledger": None, "carts": 12, "dead_letters": 1}
CATALOGUE: Final[Json] = {
    "currency": "EUR",
    "products": [
        {
            "sku": "4006381333931",
            "gtin": "4006381333931",
            "label": "bottle",
            "name": "Mineral water 0.5 l",
            "price": 199,
            "currency": "EUR",
        }
    ],
}

EXAMPLES: Final[Mapping[str, Json]] = {
    "LineAnswer": LINE,
    "BasketAnswer": BASKET,
    "CartAnswer": CART,
    "EventAnswer": EVENT,
    "DeadLettersAnswer": DEAD_LETTERS,
    "HealthAnswer": HEALTH,
    "CatalogueAnswer": CATALOGUE,
}
"""By the name of the schema that it is an example of."""


def add_examples(openapi: Json) -> Json:
    """Puts the examples into an OpenAPI document; gives that document."""
    for name, example in EXAMPLES.items():
        openapi["components"]["schemas"][name]["examples"] = [example]
    return openapi

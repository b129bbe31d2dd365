"""One example of each answer, for ``/openapi.json``; a test checks them against their schemas.

They are inserted after the schema is made, since FastAPI omits every null from an example.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from smartcart.server.api.people_examples import PEOPLE_EXAMPLES
from smartcart.server.api.shop_examples import SHOP_EXAMPLES

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
    "tax_rate": 1900,
    "per_kg": None,
    "weight_g": None,
    "to_weigh": False,
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
    "closed_at": None,
    "events": 3,
    "corrections": 0,
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
    "outbox_nearly_full": False,
    "outbox_full": False,
    "asked": None,
    "started_at": "2026-03-02T10:14:55.000Z",
    "clock_ahead_s": 0.021,
    "attention": ["1 to settle", "Incomplete"],
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
OPTION: Final[Json] = {
    "action": "added",
    "label": "can",
    "sku": "CAN-1",
    "name": "Canned drink 330 ml",
    "price": 119,
    "currency": "EUR",
    "probability": 0.61,
}
DOUBT: Final[Json] = {
    "kind": "uncertain",
    "store": "store-1",
    "cart": "cart-7",
    "session": _SESSION,
    "event_ids": [_EVENT],
    "time": "2026-03-02T10:15:08.210Z",
    "quantity": 1,
    "label": "can",
    "name": "Canned drink 330 ml",
    "direction": "added",
    "options": [OPTION],
    "answer": None,
    "source": None,
}
CORRECTION: Final[Json] = {
    "id": "0199a1b2-7777-4a11-9d22-aa33bb44cc55",
    "corrects": _EVENT,
    "action": "added",
    "label": "can",
    "sku": "CAN-1",
    "quantity": 1,
    "by": "anna",
    "time": "2026-03-02T10:15:20.100Z",
    "source": None,
}
SHIFT: Final[Json] = {
    "time_zone": "Europe/Berlin",
    "events": 40,
    "uncertain_rate": 0.05,
    "settle_seconds": 12.5,
    "settled": 2,
    "waiting": 0,
    "carts": 6,
    "sessions": 9,
    "hours": [
        {
            "begin": "2026-03-02T10:00:00+01:00",
            "events": 40,
            "added": 30,
            "removed": 8,
            "uncertain": 2,
            "uncertain_rate": 0.05,
            "corrected": 2,
            "settle_seconds": 12.5,
            "carts": 6,
        }
    ],
    "products": [{"name": "Mineral water 0.5 l", "sku": "4006381333931", "quantity": 12}],
}

EXAMPLES: Final[Mapping[str, Json]] = {
    "LineAnswer": LINE,
    "BasketAnswer": BASKET,
    "CartAnswer": CART,
    "EventAnswer": EVENT,
    "DoubtAnswer": DOUBT,
    "OptionAnswer": OPTION,
    "CorrectionAnswer": CORRECTION,
    "ShiftAnswer": SHIFT,
    "DeadLettersAnswer": DEAD_LETTERS,
    "HealthAnswer": HEALTH,
    **PEOPLE_EXAMPLES,
    **SHOP_EXAMPLES,
}
"""The examples by the name of their schema."""


_PARAMETERS: Final[Mapping[str, Any]] = {
    "store": "store-1",
    "cart": "cart-7",
    "session": _SESSION,
    "code": "pQ3vJ8xT2mYw5nR7kLz0aA",
    "name": "anna",
    "sku": "WATER-05",
    "q": "water",
    "sold_only": True,
    "dry_run": True,
    "prices": "units",
    "encoding": "cp1252",
    "hours": 12,
    "limit": 100,
    "before": 1042,
}
_KEYS: Final[Mapping[str, str]] = {"events": _EVENT, "tokens": "T7Q2M4", "screens": "S3K9P1"}
"""The meaning of ``key``, by the part of the path before it."""
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "/catalogue/export": {"text/csv": "sku,label,name,price\r\nWATER-05,bottle,Mineral water 0.5 l,199\r\n"},
    "/catalogue/import": {"text/csv": "sku,label,name,price\nWATER-05,bottle,Mineral water 0.5 l,199\n"},
    "/numbers/csv": {"text/csv": "hour,events,added,removed,uncertain\r\n2026-03-02T10:00:00Z,40,30,8,2\r\n"},
    "/audit/lines": {"application/jsonl": json.dumps(PEOPLE_EXAMPLES["AuditAnswer"]) + "\n"},
    "/carts/{store}/{cart}/sessions": {"application/json": json.dumps([_SESSION])},
}


def add_examples(openapi: Json) -> Json:
    """Inserts the examples into an OpenAPI document, at its schemas and at every operation; returns that document."""
    schemas = openapi["components"]["schemas"]
    for name, example in EXAMPLES.items():
        schemas[name]["examples"] = [example]
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["example"] = _parameter(path, parameter["name"])
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for kind, body in ((kind, body) for told in bodies for kind, body in told.get("content", {}).items()):
                example = _example(path, kind, body.get("schema", {}), schemas)
                if example is not None:
                    body.setdefault("example", example)
    return openapi


def _parameter(path: str, name: str) -> Any:
    if name != "key":
        return _PARAMETERS[name]
    return _KEYS[path.split("/{key}")[0].rpartition("/")[2]]


def _example(path: str, kind: str, schema: Json, schemas: Json) -> Any:
    """The example of a body of this kind; None for pictures, and if FastAPI generates the error itself."""
    text = next((found[kind] for end, found in _TEXTS.items() if path.endswith(end) and kind in found), None)
    if text is not None and "$ref" not in schema:
        return json.loads(text) if kind == "application/json" else text
    if schema.get("type") == "array":
        inner = _example(path, kind, schema["items"], schemas)
        return None if inner is None else [inner]
    found = schemas.get(schema.get("$ref", "").rpartition("/")[2], {}).get("examples")
    return found[0] if found else None

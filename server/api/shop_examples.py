"""Examples of the answers about catalogue, checkout and receipts, for ``/openapi.json``."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

PRODUCT: Final[Json] = {
    "sku": "WATER-05",
    "gtin": "4006381333931",
    "plu": None,
    "labels": ["bottle"],
    "name": "Mineral water 0.5 l",
    "price": 199,
    "currency": "EUR",
    "unit": "piece",
    "tax_rate": 1900,
    "active": True,
    "picture": "9f2c4d1e8a7b60513c2d4e5f6a7b8c9d",
}
_BODY: Final[Json] = {name: PRODUCT[name] for name in PRODUCT if name not in ("currency", "picture")}
CATALOGUE: Final[Json] = {"version": 7, "currency": "EUR", "prices_include_tax": True, "products": [PRODUCT]}
IMPORT: Final[Json] = {
    "done": False,
    "new": 0,
    "changed": 1,
    "unchanged": 14,
    "changes": [
        {
            "where": "line 2",
            "sku": "WATER-05",
            "is_new": False,
            "differences": [{"column": "price", "before": "189", "after": "199"}],
        }
    ],
    "bad": [
        {
            "where": "line 9",
            "column": "gtin",
            "value": "4006381333932",
            "reason": "is not a GTIN of 8, 12, 13 or 14 digits (its check digit is wrong)",
        }
    ],
    "warnings": [
        {
            "where": "line 5",
            "sku": "COLA-033",
            "column": "label",
            "advice": "No camera label is called “cann”: did you mean “can”?",
            "label": "cann",
            "nearest": "can",
        }
    ],
}
BILL: Final[Json] = {
    "store": "store-1",
    "cart": "cart-7",
    "session": "0199a1b2-3c4d-7e5f-8a6b-9c0d1e2f3a4b",
    "currency": "EUR",
    "prices_include_tax": True,
    "lines": [
        {
            "sku": "WATER-05",
            "name": "Mineral water 0.5 l",
            "quantity": 2,
            "price": 199,
            "total": 398,
            "tax_rate": 1900,
            "per_kg": None,
            "weight_g": None,
        },
        {
            "sku": "APPLES",
            "name": "Apples",
            "quantity": 1,
            "price": 262,
            "total": 262,
            "tax_rate": 700,
            "per_kg": 349,
            "weight_g": 750,
        },
    ],
    "taxes": [
        {"rate": 700, "net": 245, "tax": 17, "gross": 262},
        {"rate": 1900, "net": 334, "tax": 64, "gross": 398},
    ],
    "total": 660,
}
RECEIPT: Final[Json] = {
    **BILL,
    "number": "store-1-000042",
    "code": "pQ3vJ8xT2mYw5nR7kLz0aA",
    "seller": "Corner shop\n1 High Street",
    "payment": "test-9c0d1e2f3a4b",
    "issued_at": "2026-03-02T10:31:07.120Z",
    "shown_at": None,
}
CHECKOUT: Final[Json] = {
    "state": "closed",
    "bill": BILL,
    "hindrances": [],
    "remarks": ["1 \N{MULTIPLICATION SIGN} Apples came after checkout and does not count."],
    "payment": "declined",
    "declined_because": "the card was declined",
    "receipt": None,
    "differs": False,
}

SHOP_EXAMPLES: Final[Mapping[str, Json]] = {
    "ProductAnswer": PRODUCT,
    "ProductBody": _BODY,
    "CatalogueAnswer": CATALOGUE,
    "PriceAnswer": {"price": 199, "unit": "piece", "set_at": "2026-03-01T08:00:00.000Z", "set_by": "anna"},
    "ImportAnswer": IMPORT,
    "BillAnswer": BILL,
    "ReceiptAnswer": RECEIPT,
    "CheckoutAnswer": CHECKOUT,
    "GalleryVersion": {"version": 13},
    "MeansAnswer": {"code": "pays", "words": "Test card that pays"},
    "Pay": {"means": "pays"},
    "Weigh": {"source": "0199a1b2-5a00-7c11-9d22-aa33bb44cc55", "grams": 750},
    "ShownAnswer": {
        "receipt": RECEIPT | {"shown_at": "2026-03-02T10:33:40.000Z"},
        "first_time": True,
        "remarks": ["6 \N{MULTIPLICATION SIGN} Mineral water came after checkout and does not count."],
    },
}
"""The examples by the name of their schema."""

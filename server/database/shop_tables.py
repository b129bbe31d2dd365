"""The tables of catalogue, payments and receipts, as queries name them."""

from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Table
from sqlalchemy.types import TypeDecorator

from smartcart.server.database.tables import METADATA, key, maybe, needed
from smartcart.server.database.utc_datetime import UtcDateTime


class Flag(TypeDecorator[bool]):
    """Yes or no as 1 or 0, on every database."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: object) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: object) -> bool | None:
        return None if value is None else bool(value)


SHOP: Final = Table(
    "office_shop",
    METADATA,
    key("id", Integer),
    needed("version", BigInteger),
    needed("currency"),
    needed("prices_include_tax", Flag),
    needed("seller"),
)

PRODUCTS: Final = Table(
    "office_products",
    METADATA,
    key("sku"),
    maybe("gtin"),
    maybe("gtin14", unique=True),
    needed("name"),
    needed("unit"),
    needed("tax_rate", Integer),
    needed("active", Flag),
    maybe("picture"),
    maybe("plu"),
)

LABELS: Final = Table(
    "office_labels",
    METADATA,
    key("sku", String, ForeignKey(PRODUCTS.c.sku)),
    key("label"),
)

PRICES: Final = Table(
    "office_prices",
    METADATA,
    key("position", BigInteger),
    needed("sku", String, ForeignKey(PRODUCTS.c.sku)),
    maybe("price", BigInteger),
    needed("unit"),
    needed("set_at", UtcDateTime),
    needed("set_by"),
    Index("office_prices_of_product", "sku", "position"),
)

PICTURES: Final = Table(
    "office_pictures",
    METADATA,
    key("id"),
    needed("data", LargeBinary),
)

PAYMENTS: Final = Table(
    "office_payments",
    METADATA,
    key("store"),
    key("cart"),
    key("session"),
    needed("state"),
    needed("attempt", Integer),
    needed("key", unique=True),
    needed("bill"),
    needed("asked_at", UtcDateTime),
    needed("asked_by"),
    maybe("reason"),
    Index("office_payments_of_state", "state", "asked_at"),
)

RECEIPT_NUMBERS: Final = Table(
    "office_receipt_numbers",
    METADATA,
    key("store"),
    needed("last", BigInteger),
)

RECEIPTS: Final = Table(
    "office_receipts",
    METADATA,
    key("store"),
    key("number", BigInteger),
    needed("cart"),
    needed("session"),
    needed("code", unique=True),
    needed("bill"),
    needed("seller"),
    needed("reference"),
    needed("issued_at", UtcDateTime),
    maybe("shown_at", UtcDateTime),
    maybe("shown_by"),
)

TEST_CHARGES: Final = Table(
    "office_test_charges",
    METADATA,
    key("key"),
    needed("answer"),
)

GALLERIES: Final = Table(
    "office_galleries",
    METADATA,
    key("id", Integer),
    needed("version", BigInteger),
    needed("sha256"),
    needed("data", LargeBinary),
    needed("set_at", UtcDateTime),
    needed("set_by"),
)

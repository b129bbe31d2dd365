"""The tables of catalogue, payments and receipts, as queries name them."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeDecorator

from smartcart.server.office.moments import Moment
from smartcart.server.office.tables import METADATA


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
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("prices_include_tax", Flag, nullable=False),
    Column("seller", Text, nullable=False),
)

PRODUCTS: Final = Table(
    "office_products",
    METADATA,
    Column("sku", String, primary_key=True),
    Column("gtin", String),
    Column("gtin14", String, unique=True),
    Column("name", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("tax_rate", Integer, nullable=False),
    Column("active", Flag, nullable=False),
    Column("picture", String),
)

LABELS: Final = Table(
    "office_labels",
    METADATA,
    Column("sku", String, ForeignKey(PRODUCTS.c.sku), primary_key=True),
    Column("label", String, primary_key=True),
)

PRICES: Final = Table(
    "office_prices",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("sku", String, ForeignKey(PRODUCTS.c.sku), nullable=False),
    Column("price", BigInteger),
    Column("unit", String, nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("set_by", String, nullable=False),
    Index("office_prices_of_product", "sku", "position"),
)

PICTURES: Final = Table(
    "office_pictures",
    METADATA,
    Column("id", String, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

PAYMENTS: Final = Table(
    "office_payments",
    METADATA,
    Column("store", String, primary_key=True),
    Column("cart", String, primary_key=True),
    Column("session", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("key", String, nullable=False, unique=True),
    Column("bill", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("reason", Text),
    Index("office_payments_of_state", "state", "asked_at"),
)

RECEIPT_NUMBERS: Final = Table(
    "office_receipt_numbers",
    METADATA,
    Column("store", String, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

RECEIPTS: Final = Table(
    "office_receipts",
    METADATA,
    Column("store", String, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("cart", String, nullable=False),
    Column("session", String, nullable=False),
    Column("code", String, nullable=False, unique=True),
    Column("bill", Text, nullable=False),
    Column("seller", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("shown_at", Moment),
    Column("shown_by", String),
)

TEST_CHARGES: Final = Table(
    "office_test_charges",
    METADATA,
    Column("key", String, primary_key=True),
    Column("answer", Text, nullable=False),
)

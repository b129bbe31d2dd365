"""The catalogue in the database: products, price versions and settings; every change with author and time."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.import_plan import ImportPlan, ProductChange, differences
from smartcart.server.catalogue.money import DIGITS
from smartcart.server.catalogue.product import MAX_PRICE, Problem, Product, ProductError, Unit, same_gtin
from smartcart.server.database.database import Database, DatabaseError
from smartcart.server.database.shop_tables import LABELS, PRICES, PRODUCTS, SHOP
from smartcart.server.errors import ServerError

MAX_TAX: Final = 10_000
DEFAULT_CURRENCY: Final = "EUR"
_AT_ONCE: Final = 500

log = logging.getLogger(__name__)


class StaleError(ServerError):
    """The catalogue was changed by somebody else in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Settings for all products; ``version`` counts the changes of the catalogue, ``seller`` is printed on receipts."""

    version: int
    currency: str
    prices_include_tax: bool
    seller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVersion:
    """A product's price from a moment on."""

    price: int | None
    unit: Unit
    set_at: datetime
    set_by: str


class Products:
    """Reads and changes the catalogue. ``on_change`` is called after every change, outside its transaction."""

    def __init__(self, office: Database, audit: AuditLog, on_change: Callable[[], None] = lambda: None) -> None:
        self._office = office
        self._audit = audit
        self.on_change = on_change

    def seed(self, catalogue: Catalogue, by: Actor) -> bool:
        """Fills an empty store; one that has products, or had a catalogue before, is not changed."""
        currency = catalogue.currency or DEFAULT_CURRENCY
        first = {"id": 1, "version": 1, "currency": currency, "prices_include_tax": True, "seller": ""}
        try:
            with self._office.writing() as connection:
                if connection.execute(select(SHOP.c.id)).first():
                    return False
                connection.execute(insert(SHOP), first)
                self._write(connection, [(None, product) for product in catalogue.products], by)
                self._audit.write(connection, by, "catalogue seeded", "", products=len(catalogue.products))
        except IntegrityError:  # another server was faster
            return False
        return True

    def shop(self) -> Shop:
        """The settings."""
        with self._office.reading() as connection:
            return _shop(connection)

    def catalogue(self) -> tuple[Shop, Catalogue]:
        """The settings and all products, by name, at one moment."""
        with self._office.reading() as connection:
            shop = _shop(connection)
            return shop, Catalogue(_products(connection, shop.currency), shop.currency)

    def find(self, sku: str) -> Product | None:
        """One product, on sale or not."""
        with self._office.reading() as connection:
            found = _products(connection, _shop(connection).currency, [sku])
        return found[0] if found else None

    def prices(self, sku: str) -> list[PriceVersion]:
        """A product's prices, the newest first."""
        query = select(PRICES).where(PRICES.c.sku == sku).order_by(PRICES.c.position.desc())
        with self._office.reading() as connection:
            rows = connection.execute(query).all()
        return [
            PriceVersion(price=row.price, unit=Unit(row.unit), set_at=row.set_at, set_by=row.set_by)
            for row in rows
            if _is_price(row) and isinstance(row.set_by, str)
        ]

    def save(self, product: Product, by: Actor, *, new: bool) -> None:
        """Creates a product, or changes the one with this SKU; its picture stays.

        Raises:
            ProductError: it exists already, or does not exist; or another product has its GTIN.
        """
        with self._changing() as (connection, shop):
            old = next(iter(_products(connection, shop.currency, [product.sku])), None)
            if new == (old is not None):
                reason = "is taken by another product" if new else "is no product of this store"
                raise ProductError(Problem(column="sku", value=product.sku, reason=reason))
            found = differences(old, product)
            self._write(connection, [(old, product)], by)
            detail = {d.column: f"{d.before} → {d.after}" if old else d.after for d in found}
            self._audit.write(connection, by, "product made" if new else "product changed", product.sku, **detail)

    def apply(self, plan: ImportPlan, version: int, by: Actor) -> None:
        """Applies a plan in one transaction.

        Raises:
            StaleError: the catalogue has changed since ``version``.
            ProductError: a GTIN belongs to another product.
        """
        with self._changing(version) as (connection, shop):
            old = {product.sku: product for product in _products(connection, shop.currency)}
            self._write(connection, [(old.get(change.product.sku), change.product) for change in plan.changes], by)
            counts = {"new": plan.new, "changed": plan.changed}
            self._audit.write(connection, by, "catalogue imported", "", **counts, **_some(plan.changes))

    def set_picture(self, sku: str, picture: str | None, by: Actor) -> None:
        """Sets a product's picture by its id, or removes it."""
        with self._changing() as (connection, _):
            query = update(PRODUCTS).where(PRODUCTS.c.sku == sku).values(picture=picture)
            if not connection.execute(query).rowcount:
                raise ProductError(Problem(column="sku", value=sku, reason="is no product of this store"))
            self._audit.write(connection, by, "picture set" if picture else "picture removed", sku)

    def set_shop(self, seller: str, prices_include_tax: bool, by: Actor) -> None:
        """Changes the seller on receipts, and whether prices include tax."""
        values = {"seller": seller, "prices_include_tax": prices_include_tax}
        with self._changing() as (connection, _):
            connection.execute(update(SHOP).values(values))
            self._audit.write(connection, by, "shop changed", "", **values)

    @contextmanager
    def _changing(self, version: int | None = None) -> Iterator[tuple[Connection, Shop]]:
        """One change of the catalogue: several servers wait for each other on the shop's row."""
        try:
            with self._office.writing() as connection:
                connection.execute(update(SHOP).values(version=SHOP.c.version + 1))
                shop = _shop(connection)
                if version is not None and shop.version != version + 1:
                    raise StaleError("the catalogue was changed in between: preview the import again")
                yield connection, shop
        except IntegrityError:
            raise ProductError(Problem(column="gtin", value="", reason="belongs to another product already")) from None
        self.on_change()

    def _write(self, connection: Connection, pairs: Sequence[tuple[Product | None, Product]], by: Actor) -> None:
        """Writes products. Labels are written anew; a changed price is a new version."""
        now = self._office.now()
        moved = [{"sku": new.sku} for old, new in pairs if old and old.gtin != new.gtin]
        for one in moved:  # so that two products may exchange their GTINs
            connection.execute(update(PRODUCTS).where(PRODUCTS.c.sku == one["sku"]).values(gtin14=None))
        made = [_row(new) for old, new in pairs if old is None]
        prices = [
            {"sku": new.sku, "price": new.price, "unit": str(new.unit), "set_at": now, "set_by": by.name}
            for old, new in pairs
            if old is None or (old.price, old.unit) != (new.price, new.unit)
        ]
        labels = [{"sku": new.sku, "label": label} for _, new in pairs for label in new.labels]
        if made:
            connection.execute(insert(PRODUCTS), made)
        for old, new in pairs:
            if old is not None:
                connection.execute(update(PRODUCTS).where(PRODUCTS.c.sku == new.sku).values(_row(new)))
                connection.execute(delete(LABELS).where(LABELS.c.sku == new.sku))
        for table, rows in ((PRICES, prices), (LABELS, labels)):
            if rows:
                connection.execute(insert(table), rows)


def _row(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "gtin": product.gtin,
        "gtin14": same_gtin(product.gtin) if product.gtin else None,
        "plu": product.plu,
        "name": product.name,
        "unit": str(product.unit),
        "tax_rate": product.tax_rate,
        "active": product.active,
    }


def _shop(connection: Connection) -> Shop:
    row = connection.execute(select(SHOP)).one()
    if not (isinstance(row.version, int) and row.currency in DIGITS and isinstance(row.seller, str)):
        raise DatabaseError("the store's settings (office_shop) are damaged: restore a backup")
    included = bool(row.prices_include_tax)
    return Shop(version=row.version, currency=row.currency, prices_include_tax=included, seller=row.seller)


def _products(connection: Connection, currency: str, skus: Sequence[str] | None = None) -> list[Product]:
    newest = select(func.max(PRICES.c.position)).group_by(PRICES.c.sku)
    if skus is not None:
        newest = newest.where(PRICES.c.sku.in_(skus))
    query = select(PRODUCTS, PRICES.c.price).join(PRICES, PRICES.c.sku == PRODUCTS.c.sku)
    rows = connection.execute(query.where(PRICES.c.position.in_(newest)).order_by(PRODUCTS.c.name, PRODUCTS.c.sku))
    labels: dict[str, list[str]] = {}
    named = select(LABELS).order_by(LABELS.c.label)
    for sku, label in connection.execute(named if skus is None else named.where(LABELS.c.sku.in_(skus))):
        labels.setdefault(sku, []).append(label)
    read = [_product(row, labels.get(row.sku, []), currency) for row in rows]
    return [product for product in read if product is not None]


def _product(row: Any, labels: Sequence[object], currency: str) -> Product | None:
    """A stored product; one that cannot be read is logged and skipped, so that it does not affect the others."""
    texts = (row.sku, row.name, *labels, *(text for text in (row.gtin, row.picture, row.plu) if text is not None))
    if not (all(isinstance(text, str) for text in texts) and _is_tax(row.tax_rate) and _is_price(row)):
        log.error("the product %.80r is damaged, and skipped until its row of office_products is repaired", row.sku)
        return None
    return Product(
        sku=row.sku,
        gtin=row.gtin,
        labels=tuple(str(label) for label in labels),
        name=row.name,
        price=row.price,
        currency=currency,
        unit=Unit(row.unit),
        tax_rate=row.tax_rate,
        active=bool(row.active),
        picture=row.picture,
        plu=row.plu,
    )


def _is_tax(rate: object) -> bool:
    return isinstance(rate, int) and 0 <= rate <= MAX_TAX


def _is_price(row: Any) -> bool:
    has_price = row.price is None or (isinstance(row.price, int) and 0 <= row.price <= MAX_PRICE)
    return row.unit in list(Unit) and has_price


def _some(changes: Iterable[ProductChange]) -> dict[str, list[str]]:
    """The SKUs of an import, as many as an audit entry should contain."""
    return {"skus": [change.product.sku for change in changes][:_AT_ONCE]}

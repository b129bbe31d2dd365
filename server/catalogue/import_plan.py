"""The changes of an import, before anything is changed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smartcart.server.catalogue.file import Row
from smartcart.server.catalogue.product import FIELDS, Problem, Product, same_gtin


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field before and after."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChange:
    """A product to be created (``is_new``), or changed in some fields."""

    where: str
    product: Product
    is_new: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row with an error, and one of the reasons."""

    where: str
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """All changes of a file; it can be applied only if no row has an error."""

    changes: tuple[ProductChange, ...]
    unchanged: int
    bad: tuple[BadRow, ...]

    @property
    def new(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.new


def plan(rows: Sequence[Row], products: Iterable[Product]) -> ImportPlan:
    """Compares a file's rows with the current products; products and fields that are not in the file stay."""
    before = {product.sku: product for product in products}
    after = before | {row.product.sku: row.product for row in rows if row.product}
    owners = _gtin_owners(after.values())
    bad = [BadRow(where=row.where, problem=problem) for row in rows for problem in row.problems]
    changes, unchanged = [], 0
    for row in rows:
        product = row.product
        if product is None:
            continue
        if product.gtin and len(owners[same_gtin(product.gtin)]) > 1:
            other = next(sku for sku in owners[same_gtin(product.gtin)] if sku != product.sku)
            problem = Problem(column="gtin", value=product.gtin, reason=f"belongs to the product {other} already")
            bad.append(BadRow(where=row.where, problem=problem))
            continue
        old = before.get(product.sku)
        found = differences(old, product)
        if found:
            changes.append(ProductChange(where=row.where, product=product, is_new=old is None, differences=found))
        else:
            unchanged += 1
    return ImportPlan(changes=tuple(changes), unchanged=unchanged, bad=tuple(bad))


def differences(before: Product | None, after: Product) -> tuple[Difference, ...]:
    """The fields in which two products differ; for a new one all that are not empty."""
    old = before.to_fields() if before else dict.fromkeys(FIELDS, "")
    new = after.to_fields()
    return tuple(Difference(column=c, before=old[c], after=new[c]) for c in FIELDS if old[c] != new[c])


def _gtin_owners(products: Iterable[Product]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for product in products:
        if product.gtin:
            owners.setdefault(same_gtin(product.gtin), []).append(product.sku)
    return owners

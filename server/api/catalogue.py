"""``/catalogue``: products, prices, pictures, and whole files of them. Staff read; admins and write tokens change."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, HTTPException, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import refused
from smartcart.server.catalogue.file import CatalogueError, Prices, csv_rows, to_csv
from smartcart.server.catalogue.import_plan import ImportPlan, plan
from smartcart.server.catalogue.labels import UnknownLabel, unknown_labels
from smartcart.server.catalogue.oddities import Oddity, oddities
from smartcart.server.catalogue.pictures import PictureError
from smartcart.server.catalogue.product import (
    LABEL_SEPARATOR,
    MAX_LABELS,
    MAX_PRICE,
    Product,
    ProductError,
    Unit,
    product_from,
)
from smartcart.server.catalogue.search import search
from smartcart.server.catalogue.store import StaleError
from smartcart.server.catalogue.text import Encoding
from smartcart.server.site.shopkeeper import Shopkeeper
from smartcart.server.site.site import Site, TheSite

router = APIRouter(prefix="/catalogue", tags=["catalogue"])

Sku = Annotated[str, Query(min_length=1, max_length=64)]
CSV_TYPE: Final = "text/csv; charset=utf-8"
Upload = Annotated[bytes, Body(media_type="application/octet-stream")]
CsvFile = Annotated[bytes, Body(media_type="text/csv")]
_NOT_THERE: Final = refused(404, "There is no such product.")
_NOT_NOW: Final = refused(409, "The catalogue was changed in between, or another product has this GTIN.")


class ProductAnswer(Answer):
    """One product; ``price`` in minor units a ``unit``, null if unpriced, ``tax_rate`` in hundredths of a percent."""

    sku: str
    gtin: str | None
    plu: str | None
    labels: list[str]
    name: str
    price: int | None
    currency: str
    unit: Unit
    tax_rate: int
    active: bool
    picture: str | None


class CatalogueAnswer(Answer):
    """The catalogue in force; ``version`` is another after every change."""

    version: int
    currency: str
    prices_include_tax: bool
    products: list[ProductAnswer]


class ProductBody(BaseModel):
    """A product to make or to change."""

    model_config = ConfigDict(extra="forbid")

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    gtin: Annotated[str, Field(max_length=14)] | None = None
    plu: Annotated[str, Field(max_length=6)] | None = None
    labels: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=MAX_LABELS)] = []
    name: Annotated[str, Field(min_length=1, max_length=200)]
    price: Annotated[int, Field(ge=0, le=MAX_PRICE)] | None = None
    unit: Unit = Unit.PIECE
    tax_rate: Annotated[int, Field(ge=0, le=10_000)] = 0
    active: bool = True

    def product(self, currency: str) -> Product:
        """The product, checked as any other."""
        names = ("sku", "gtin", "plu", "name", "price", "unit")
        fields: dict[str, Any] = {name: getattr(self, name) for name in names}
        if any(LABEL_SEPARATOR in label for label in self.labels):
            raise _not_taken(("labels", f"no label has {LABEL_SEPARATOR} in it"))
        fields |= {"label": LABEL_SEPARATOR.join(self.labels), "active": "yes" if self.active else "no"}
        try:
            return product_from(fields | {"tax": f"{self.tax_rate / 100:.2f}"}, currency)
        except ProductError as error:
            raise _not_taken(*((problem.column, problem.reason) for problem in error.problems)) from None


class PriceAnswer(Answer):
    """What a product cost from ``set_at`` on."""

    price: int | None
    unit: Unit
    set_at: datetime
    set_by: str


class DifferenceAnswer(Answer):
    """One field before and after."""

    column: str
    before: str
    after: str


class ChangeAnswer(BaseModel):
    """A product that the file would make or change."""

    where: str
    sku: str
    is_new: bool
    differences: list[DifferenceAnswer]


class BadRowAnswer(BaseModel):
    """A row that cannot be taken, and one of the reasons."""

    where: str
    column: str
    value: str
    reason: str


class WarningAnswer(Answer):
    """What hardly can be meant, in ``advice``.

    For a ``label`` that no camera tells of, ``nearest`` is the one that it is most like.
    """

    where: str
    sku: str
    column: str
    advice: str
    label: str | None = None
    nearest: str | None = None


class ImportAnswer(BaseModel):
    """What a file would do, or with ``done`` has done. With a bad row nothing is done; ``warnings`` hinder nothing."""

    done: bool
    new: int
    changed: int
    unchanged: int
    changes: list[ChangeAnswer]
    bad: list[BadRowAnswer]
    warnings: list[WarningAnswer]

    @classmethod
    def of(cls, found: ImportPlan, warnings: Iterable[Oddity | UnknownLabel], *, done: bool) -> "ImportAnswer":
        changes = [
            ChangeAnswer(
                where=change.where,
                sku=change.product.sku,
                is_new=change.is_new,
                differences=[DifferenceAnswer.model_validate(d) for d in change.differences],
            )
            for change in found.changes
        ]
        bad = [
            BadRowAnswer(where=row.where, column=row.problem.column, value=row.problem.value, reason=row.problem.reason)
            for row in found.bad
        ]
        counts = {"new": found.new, "changed": found.changed, "unchanged": found.unchanged}
        told = [WarningAnswer.model_validate(warning) for warning in warnings]
        return cls(done=done, changes=changes, bad=bad, warnings=told, **counts)


@router.get("")
def products(site: TheSite, q: Annotated[str, Query(max_length=100)] = "", sold_only: bool = False) -> CatalogueAnswer:
    """The catalogue in force; ``q`` is looked for in names, codes and labels."""
    shop, found = site.catalogue.shop, search(site.catalogue.products, q)
    return CatalogueAnswer(
        version=shop.version,
        currency=shop.currency,
        prices_include_tax=shop.prices_include_tax,
        products=[ProductAnswer.model_validate(p) for p in found if p.active or not sold_only],
    )


@router.get("/product", responses=_NOT_THERE)
def product(site: TheSite, sku: Sku) -> ProductAnswer:
    """One product, sold or not."""
    return ProductAnswer.model_validate(_find(site, sku))


@router.put("/product", responses={201: {"model": ProductAnswer}, **_NOT_NOW})
def put_product(site: TheSite, visitor: Shopkeeper, body: ProductBody, response: Response) -> ProductAnswer:
    """Makes a product (201), or changes the one of this SKU; another price is a new version of the price."""
    wanted = body.product(site.catalogue.currency)
    is_new = site.products.find(wanted.sku) is None
    try:
        site.products.save(wanted, visitor.actor, new=is_new)
    except ProductError as error:
        raise HTTPException(409, str(error)) from None
    response.status_code = 201 if is_new else 200
    return ProductAnswer.model_validate(_find(site, wanted.sku))


@router.get("/prices", responses=_NOT_THERE)
def prices(site: TheSite, sku: Sku) -> list[PriceAnswer]:
    """What a product has cost, the newest first, with who set it and when."""
    _find(site, sku)
    return [PriceAnswer.model_validate(version) for version in site.products.prices(sku)]


@router.put("/picture", status_code=204, responses=_NOT_THERE)
def put_picture(site: TheSite, visitor: Shopkeeper, sku: Sku, data: Upload) -> Response:
    """Gives a product a picture: JPEG, PNG or WebP, made small; it is served at ``/pictures/{picture}``."""
    _find(site, sku)
    try:
        site.products.set_picture(sku, site.pictures.keep(data), visitor.actor)
    except PictureError as error:
        raise _not_taken(("picture", str(error))) from None
    return Response(status_code=204)


@router.delete("/picture", status_code=204, responses=_NOT_THERE)
def delete_picture(site: TheSite, visitor: Shopkeeper, sku: Sku) -> Response:
    """Takes a product's picture away."""
    _find(site, sku)
    site.products.set_picture(sku, None, visitor.actor)
    return Response(status_code=204)


@router.get("/export", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def export(site: TheSite) -> Response:
    """All products as CSV, in the form that an import takes."""
    headers = {"Content-Disposition": 'attachment; filename="smartcart-catalogue.csv"'}
    return Response(to_csv(site.catalogue.products), media_type=CSV_TYPE, headers=headers)


@router.post("/import", responses=_NOT_NOW)
def import_file(
    site: TheSite,
    visitor: Shopkeeper,
    data: CsvFile,
    dry_run: bool = True,
    prices: Prices = Prices.MINOR,
    encoding: Encoding | None = None,
) -> ImportAnswer:
    """Says what a CSV file would change and every bad row; with ``dry_run=false`` does it, if no row is bad.

    ``prices=units``: its prices are as people write them, 1.29 or 1,29. A file that is not UTF-8 needs its
    ``encoding``; without it the refusal shows how some of it reads in each.
    """
    shop, now = site.products.catalogue()
    try:
        found = plan(csv_rows(data, shop.currency, encoding=encoding, prices=prices), now.products)
    except CatalogueError as error:
        raise _not_taken(("file", str(error))) from None
    done = not dry_run and not found.bad
    if done and found.changes:
        try:
            site.products.apply(found, shop.version, visitor.actor)
        except (StaleError, ProductError) as error:
            raise HTTPException(409, str(error)) from None
    warnings: list[Oddity | UnknownLabel] = [
        *oddities(found.changes),
        *unknown_labels(found.changes, site.known_labels()),
    ]
    return ImportAnswer.of(found, warnings, done=done)


def _find(site: Site, sku: str) -> Product:
    found = site.products.find(sku)
    if found is None:
        raise HTTPException(404, "there is no product of this SKU")
    return found


def _not_taken(*wrong: tuple[str, str]) -> RequestValidationError:
    faults = [{"loc": ("body", column), "msg": why, "type": "value_error"} for column, why in wrong]
    return RequestValidationError(faults)

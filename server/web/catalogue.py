"""``/catalogue``: products and prices, which staff can see and admins change; and their pictures for everybody."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from smartcart.server.catalogue.labels import nearest_label
from smartcart.server.catalogue.money import decimal, minor_from
from smartcart.server.catalogue.pictures import MEDIA_TYPE, PictureError
from smartcart.server.catalogue.product import FIELDS, Problem, Product, ProductError, Unit, product_from
from smartcart.server.catalogue.search import search
from smartcart.server.site.permissions import Admin, Staff, Visitor
from smartcart.server.site.site import Site, TheSite

router = APIRouter(prefix="/catalogue", include_in_schema=False)
pictures = APIRouter(include_in_schema=False)

MOST_SHOWN: Final = 100
Sku = Annotated[str, Query(max_length=64)]
Text = Annotated[str, Form(max_length=2000)]
_EMPTY: Final = dict.fromkeys(FIELDS, "") | {"unit": str(Unit.PIECE), "active": "yes"}


@router.get("")
def catalogue(
    request: Request, site: TheSite, visitor: Staff, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    found = search(site.catalogue.products, q)
    context: dict[str, Any] = {
        "words": q,
        "products": found[:MOST_SHOWN],
        "found": len(found),
        "all": len(site.catalogue.products),
        "may_change": visitor.role == "admin",
    }
    if "hx-request" in request.headers:
        return Response(site.templates.part("catalogue_list.html", **context), media_type="text/html")
    return site.templates.page(request, "catalogue.html", visitor=visitor, **context)


@router.get("/product")
def product(request: Request, site: TheSite, visitor: Admin, sku: Sku = "") -> Response:
    found = _find(site, sku) if sku else None
    return _form(request, site, visitor, _typed(found) if found else _EMPTY, found)


@router.post("/product")
def save(
    request: Request,
    site: TheSite,
    visitor: Admin,
    old: Text = "",
    sku: Text = "",
    gtin: Text = "",
    plu: Text = "",
    label: Text = "",
    name: Text = "",
    price: Text = "",
    unit: Text = "",
    tax: Text = "",
    active: Text = "no",
) -> Response:
    """Saves a form; ``old`` is the SKU of the changed product, empty for a new one."""
    typed = {"sku": old or sku, "gtin": gtin, "plu": plu, "label": label, "name": name, "price": price}
    typed |= {"unit": unit, "tax": tax, "active": active, "currency": site.catalogue.currency}
    before = _find(site, old) if old else None
    try:
        site.products.save(_from_typed(typed), visitor.actor, new=before is None)
    except ProductError as error:
        return _form(request, site, visitor, typed, before, error.problems)
    return RedirectResponse("/catalogue", 303)


@router.post("/picture")
def put_picture(request: Request, site: TheSite, visitor: Admin, sku: Text, file: UploadFile) -> Response:
    found = _find(site, sku)
    try:
        site.products.set_picture(sku, site.pictures.keep(file.file.read()), visitor.actor)
    except PictureError as error:
        trouble = Problem(column="picture", value="", reason=str(error))
        return _form(request, site, visitor, _typed(found), found, (trouble,))
    return _back_to(sku)


@router.post("/picture/remove")
def remove_picture(site: TheSite, visitor: Admin, sku: Text) -> Response:
    _find(site, sku)
    site.products.set_picture(sku, None, visitor.actor)
    return _back_to(sku)


@router.get("/shop")
def shop(request: Request, site: TheSite, visitor: Admin) -> Response:
    return site.templates.page(request, "shop.html", visitor=visitor, shop=site.catalogue.shop)


@router.post("/shop")
def save_shop(
    site: TheSite,
    visitor: Admin,
    seller: Annotated[str, Form(max_length=500)] = "",
    included: Annotated[bool, Form()] = True,
) -> Response:
    lines = [line.strip() for line in seller.splitlines()]
    text = "\n".join("".join(letter for letter in line if letter.isprintable()) for line in lines).strip()
    site.products.set_shop(text, included, visitor.actor)
    return RedirectResponse("/catalogue", 303)


@pictures.get("/pictures/{name}")
def picture(site: TheSite, name: str) -> Response:
    """A picture of a product, under an address that always means the same one."""
    data = site.pictures.find(name)
    if data is None:
        raise HTTPException(404, "there is no such picture")
    return Response(data, media_type=MEDIA_TYPE, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def _find(site: Site, sku: str) -> Product:
    found = site.products.find(sku)
    if found is None:
        raise HTTPException(404, "there is no product of this SKU")
    return found


def _typed(product: Product) -> dict[str, str]:
    """A product as its form shows it: the price as people write it."""
    price = "" if product.price is None else decimal(product.price, product.currency)
    return product.to_fields() | {"price": price}


def _from_typed(typed: dict[str, str]) -> Product:
    """The reverse; all errors are reported at once.

    Raises:
        ProductError: with all of them.
    """
    fields, problems = dict(typed), []
    if typed["price"].strip():
        try:
            fields["price"] = str(minor_from(typed["price"], typed["currency"]))
        except ValueError as error:
            problems.append(Problem(column="price", value=typed["price"], reason=str(error)))
            fields["price"] = ""
    try:
        product = product_from(fields, typed["currency"])
    except ProductError as error:
        raise ProductError(*problems, *error.problems) from None
    if problems:
        raise ProductError(*problems)
    return product


def _form(
    request: Request,
    site: Site,
    visitor: Visitor,
    typed: dict[str, str],
    product: Product | None,
    problems: tuple[Problem, ...] = (),
) -> Response:
    known = site.known_labels()
    unknown = {label: nearest_label(label, known) for label in product.labels if label not in known} if product else {}
    context: dict[str, Any] = {"typed": typed, "product": product, "problems": problems}
    context |= {"unknown": unknown if known else {}, "currency": site.catalogue.currency}
    prices = site.products.prices(product.sku) if product else []
    context["taught"] = site.galleries.product(product.sku) if product else None
    status = 422 if problems else 200
    return site.templates.page(request, "product.html", status=status, visitor=visitor, prices=prices, **context)


def product_place(sku: str) -> str:
    """The address of a product's form."""
    return f"/catalogue/product?{urlencode({'sku': sku})}"


def _back_to(sku: str) -> Response:
    return RedirectResponse(product_place(sku), 303)

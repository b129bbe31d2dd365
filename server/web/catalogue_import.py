"""``/catalogue/import``: the changes of a CSV file are shown, and then made as a whole or not at all."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from smartcart.server.api.catalogue import CSV_TYPE
from smartcart.server.catalogue.file import CatalogueError, Prices, csv_rows, to_csv
from smartcart.server.catalogue.import_plan import plan
from smartcart.server.catalogue.labels import unknown_labels
from smartcart.server.catalogue.oddities import has_jump, oddities
from smartcart.server.catalogue.product import FIELDS, ProductError
from smartcart.server.catalogue.store import StaleError
from smartcart.server.catalogue.text import Encoding, TextError, UnknownEncodingError, decoded
from smartcart.server.site.permissions import Admin, Staff, Visitor
from smartcart.server.site.site import Site, TheSite

router = APIRouter(prefix="/catalogue", include_in_schema=False)

_MOST_SHOWN: Final = 200
_MOST_BYTES: Final = 900_000  # it comes back as a field of a form, which has at most 1 MiB
_TOO_LARGE: Final = "This file is larger than 900 KB: import it in parts, or by the API."
_BYTES: Final = "latin-1"
"""How a file of unknown encoding goes through a form: each byte as one letter."""
HowPrices = Annotated[Prices, Form()]


@router.get("/export.csv")
def export(site: TheSite, visitor: Staff) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="smartcart-catalogue.csv"'}
    return Response(to_csv(site.catalogue.products), media_type=CSV_TYPE, headers=headers)


@router.get("/import")
def choose(request: Request, site: TheSite, visitor: Admin) -> Response:
    return _page(request, site, visitor)


@router.post("/import")
def look(
    request: Request, site: TheSite, visitor: Admin, file: UploadFile, prices: HowPrices = Prices.MINOR
) -> Response:
    """Shows the file's changes, or asks for its encoding."""
    return _read(request, site, visitor, file.file.read(_MOST_BYTES + 1), prices)


@router.post("/import/encoding")
def look_again(
    request: Request,
    site: TheSite,
    visitor: Admin,
    raw: Annotated[str, Form()],
    encoding: Annotated[Encoding, Form()],
    prices: HowPrices = Prices.MINOR,
) -> Response:
    """The same, once the encoding was given."""
    return _read(request, site, visitor, raw.encode(_BYTES, "replace"), prices, encoding)


@router.post("/import/apply")
def apply(
    request: Request,
    site: TheSite,
    visitor: Admin,
    text: Annotated[str, Form()],
    version: Annotated[int, Form(ge=0, le=2**62)],
    prices: HowPrices = Prices.MINOR,
) -> Response:
    """Makes the changes shown, unless the catalogue has changed since."""
    shop, now = site.products.catalogue()
    try:
        found = plan(csv_rows(text.encode(), shop.currency, prices=prices), now.products)
        if found.bad:
            return _planned(request, site, visitor, text, prices)
        site.products.apply(found, version, visitor.actor)
    except CatalogueError as error:
        return _page(request, site, visitor, f"This file {_as_clause(error)}.")
    except (StaleError, ProductError) as error:
        return _planned(request, site, visitor, text, prices, f"Nothing was changed: {error}.")
    return RedirectResponse("/catalogue", 303)


def _read(
    request: Request, site: Site, visitor: Visitor, data: bytes, prices: Prices, encoding: Encoding | None = None
) -> Response:
    try:
        text = decoded(data, encoding)
        if max(len(data), len(text.encode())) > _MOST_BYTES:
            return _page(request, site, visitor, _TOO_LARGE)
        return _planned(request, site, visitor, text, prices)
    except UnknownEncodingError as error:
        raw = data.decode(_BYTES)
        if len(raw.encode()) > _MOST_BYTES:
            return _page(request, site, visitor, _TOO_LARGE)
        return _page(request, site, visitor, None, 422, samples=error.samples, raw=raw, prices=prices)
    except (CatalogueError, TextError) as error:
        return _page(request, site, visitor, f"This file {_as_clause(error)}.")


def _planned(
    request: Request, site: Site, visitor: Visitor, text: str, prices: Prices, trouble: str | None = None
) -> Response:
    shop, now = site.products.catalogue()
    found = plan(csv_rows(text.encode(), shop.currency, prices=prices), now.products)
    more: dict[str, Any] = {"plan": found, "text": text, "version": shop.version, "prices": prices}
    more["odd"] = [*oddities(found.changes), *unknown_labels(found.changes, site.known_labels())]
    return _page(request, site, visitor, trouble, 422 if trouble or found.bad else 200, **more)


def _page(
    request: Request, site: Site, visitor: Visitor, trouble: str | None = None, status: int | None = None, **more: Any
) -> Response:
    context: dict[str, Any] = {"plan": None, "samples": None, "trouble": trouble, "prices": Prices.MINOR}
    context |= {"fields": FIELDS, "currency": site.catalogue.currency, "most": _MOST_SHOWN, "has_jump": has_jump}
    status = status or (422 if trouble else 200)
    return site.templates.page(request, "catalogue_import.html", status=status, visitor=visitor, **(context | more))


def _as_clause(error: Exception) -> str:
    said = str(error)
    return said if said.startswith("is ") else f"cannot be taken: {said}"

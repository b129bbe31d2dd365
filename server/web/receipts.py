"""``/receipt/{code}``: for its holder, as page and PDF; and ``/door``, where staff check it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from markupsafe import Markup

from smartcart.server.checkout.receipt import Receipt, qr_svg
from smartcart.server.checkout.receipt_pdf import receipt_pdf
from smartcart.server.http.address import split_address
from smartcart.server.site.permissions import MaybeVisitor, Staff
from smartcart.server.site.site import Site, TheSite

for_holders = APIRouter(prefix="/receipt", include_in_schema=False)
router = APIRouter(prefix="/door", include_in_schema=False)


@for_holders.get("/{code}.pdf")
def pdf(request: Request, site: TheSite, code: str) -> Response:
    found = _find(site, code)
    headers = {"Content-Disposition": f'inline; filename="receipt-{found.title}.pdf"'}
    paper = receipt_pdf(found, receipt_address(request, found), site.zone)
    return Response(paper, media_type="application/pdf", headers=headers)


@for_holders.get("/{code}")
def receipt(request: Request, site: TheSite, visitor: MaybeVisitor, code: str) -> Response:
    """The target of the QR code; a staff member who scans it can let its holder out."""
    found = _find(site, code)
    code_picture = Markup(qr_svg(receipt_address(request, found)))  # our own, made of nothing but squares
    known = site.till.known_beside(found) if visitor else ()
    return site.templates.page(request, "receipt.html", visitor=visitor, receipt=found, known=known, qr=code_picture)


@router.get("")
def door(request: Request, site: TheSite, visitor: Staff) -> Response:
    return site.templates.page(request, "door.html", visitor=visitor, shown=None, known=(), trouble=None)


@router.post("")
def show(request: Request, site: TheSite, visitor: Staff, code: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Takes the input of a scanner: the code itself, or the address that contains it. It is valid once."""
    address = split_address(code.strip())
    typed = address.path.rpartition("/")[2] if address else ""
    found = site.till.payments.show(typed, visitor.actor) if typed else None
    told: dict[str, Any] = {
        "shown": found,
        "known": site.till.known_beside(found[0]) if found else (),
        "trouble": None if found else "This is no receipt of this store.",
    }
    return site.templates.page(request, "door.html", status=200 if found else 404, visitor=visitor, **told)


def _find(site: Site, code: str) -> Receipt:
    found = site.till.payments.receipt(code)
    if found is None:
        raise HTTPException(404, "there is no such receipt")
    return found


def receipt_address(request: Request, receipt: Receipt) -> str:
    """The content of a receipt's QR code."""
    return str(request.base_url.replace(path=f"/receipt/{receipt.code}", query=""))

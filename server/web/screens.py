"""``/screens``: staff issue pairing codes, and see and end pairings."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from smartcart.server.access.screens import ScreenError
from smartcart.server.site.permissions import Staff, Visitor
from smartcart.server.site.site import Site, TheSite

router = APIRouter(prefix="/screens", include_in_schema=False)


@router.get("")
def screens(request: Request, site: TheSite, visitor: Staff) -> Response:
    return _page(request, site, visitor)


@router.post("/{store}/{cart}/code")
def give_code(request: Request, site: TheSite, visitor: Staff, store: str, cart: str) -> Response:
    """Shows the code on the page that answers, and never again."""
    site.view(store, cart)
    code = site.doors.screens.code(store, cart, visitor.actor)
    return _page(request, site, visitor, {"store": store, "cart": cart, "code": f"{code[:3]}-{code[3:]}"})


@router.post("/{key}/remove")
def remove(site: TheSite, visitor: Staff, key: str) -> Response:
    try:
        site.doors.screens.remove(key, visitor.actor)
    except ScreenError as error:
        raise HTTPException(404, str(error)) from None
    return RedirectResponse("/screens", 303)


def _page(request: Request, site: Site, visitor: Visitor, given: dict[str, str] | None = None) -> Response:
    context: dict[str, Any] = {"carts": site.carts.views(), "screens": site.doors.screens.everything(), "given": given}
    return site.templates.page(request, "screens.html", visitor=visitor, **context)

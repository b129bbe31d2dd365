"""Pairing of cart screens."""

from datetime import datetime

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from smartcart.server.access.screens import CODE_LIFE, ScreenError
from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import NO_CART, refused
from smartcart.server.site.permissions import Staff
from smartcart.server.site.site import TheSite

router = APIRouter(tags=["screens"])


class CodeAnswer(BaseModel):
    """A pairing code, valid once."""

    code: str
    expires_at: datetime


class ScreenAnswer(Answer):
    """A paired screen."""

    id: str
    store: str
    cart: str
    paired_by: str
    paired_at: datetime
    expires_at: datetime


@router.post("/carts/{store}/{cart}/pairing", status_code=201, responses=NO_CART)
def give_code(site: TheSite, visitor: Staff, store: str, cart: str) -> CodeAnswer:
    """A code that pairs one screen with this cart within ten minutes, at ``/cart/{store}/{cart}``."""
    site.view(store, cart)
    code = site.doors.screens.code(store, cart, visitor.actor)
    return CodeAnswer(code=code, expires_at=site.doors.office.now() + CODE_LIFE)


@router.get("/screens")
def screens(site: TheSite) -> list[ScreenAnswer]:
    """Every paired screen."""
    return [ScreenAnswer.model_validate(screen) for screen in site.doors.screens.everything()]


@router.delete("/screens/{key}", status_code=204, responses=refused(404, "There is no such screen."))
def remove(site: TheSite, visitor: Staff, key: str) -> Response:
    """Ends a pairing."""
    try:
        site.doors.screens.remove(key, visitor.actor)
    except ScreenError as error:
        raise HTTPException(404, str(error)) from None
    return Response(status_code=204)

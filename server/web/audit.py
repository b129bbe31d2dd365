"""``/audit``: who changed what, to read and to download."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from smartcart.server.site.permissions import Admin
from smartcart.server.site.site import TheSite

router = APIRouter(include_in_schema=False)

_LINES = 100


@router.get("/audit")
def audit(
    request: Request, site: TheSite, visitor: Admin, before: Annotated[int | None, Query(ge=1, le=2**62)] = None
) -> Response:
    entries = site.doors.audit.entries(_LINES + 1, before)
    older = entries[_LINES - 1].position if len(entries) > _LINES else None
    context: dict[str, Any] = {"visitor": visitor, "entries": entries[:_LINES], "older": older, "before": before}
    return site.templates.page(request, "audit.html", **context)

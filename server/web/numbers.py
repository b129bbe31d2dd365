"""``/numbers``: the shift in numbers, as charts and as CSV."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from smartcart.server.shift_book import as_csv
from smartcart.server.site import TheSite
from smartcart.server.web.visitor import Staff

router = APIRouter(include_in_schema=False)

Hours = Annotated[int, Query(ge=1, le=168)]


@router.get("/numbers")
def page(request: Request, site: TheSite, visitor: Staff, hours: Hours = 12) -> Response:
    shift = site.shifts.read(datetime.now(UTC), hours)
    return site.templates.page(request, "numbers.html", visitor=visitor, shift=shift, hours=hours)


@router.get("/numbers.csv")
def download(site: TheSite, visitor: Staff, hours: Hours = 12) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="smartcart-{hours}-hours.csv"'}
    return Response(as_csv(site.shifts.read(datetime.now(UTC), hours)), media_type="text/csv", headers=headers)

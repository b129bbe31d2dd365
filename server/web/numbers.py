"""``/numbers``: the shift in numbers, live, as charts and as CSV."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from smartcart.server.carts.shift_book import as_csv
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, still_in
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import Sections, live_page

router = APIRouter(include_in_schema=False)

LOOK_SECONDS: Final = 10.0
"""How long the page may lag when no cart reports anything: the hours pass all the same."""
_SECTIONS: Final = ("numbers-tiles", "numbers-top", "numbers-hours")
Hours = Annotated[int, Query(ge=1, le=168)]


@router.get("/numbers")
def page(request: Request, site: TheSite, visitor: Staff, hours: Hours = 12) -> Response:
    sections = _sections(site, hours)
    return site.templates.page(request, "numbers.html", visitor=visitor, sections=sections, hours=hours)


@router.get("/numbers/live")
async def live(site: TheSite, visitor: Staff, hours: Hours = 12) -> StreamingResponse:
    async def render() -> Sections:
        return {**await run_in_threadpool(_sections, site, hours), **site.queue_pages.badge()}

    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), render, longest=LOOK_SECONDS))


@router.get("/numbers.csv")
def download(site: TheSite, visitor: Staff, hours: Hours = 12) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="smartcart-{hours}-hours.csv"'}
    return Response(as_csv(site.shifts.read(datetime.now(UTC), hours)), media_type="text/csv", headers=headers)


def _sections(site: Site, hours: int) -> Sections:
    shift = site.shifts.read(datetime.now(UTC), hours)
    return {name: site.templates.part(f"{name.replace('-', '_')}.html", shift=shift) for name in _SECTIONS}

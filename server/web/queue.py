"""``/queue``: the carts' open questions, each settled by a person in one press."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, still_in
from smartcart.server.site.site import TheSite
from smartcart.server.views.live_page import live_page

router = APIRouter(include_in_schema=False)


@router.get("/queue")
async def page(request: Request, site: TheSite, visitor: Staff) -> Response:
    return site.templates.page(request, "queue.html", visitor=visitor, **await site.queue_pages.context())


@router.get("/queue/live")
async def live(site: TheSite, visitor: Staff) -> StreamingResponse:
    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), site.queue_pages.sections))

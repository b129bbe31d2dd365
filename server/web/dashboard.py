"""``/``: all carts on one page that keeps itself up to date."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from smartcart.server.commands import Action
from smartcart.server.site import TheSite
from smartcart.server.web.event_stream import event_stream
from smartcart.server.web.visitor import Staff, still_in

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request, site: TheSite, visitor: Staff) -> Response:
    return site.templates.page(request, "page.html", visitor=visitor, **site.cards.context())


@router.get("/live")
async def live(site: TheSite, visitor: Staff) -> StreamingResponse:
    return event_stream(site.cards.stream(site.feed.changes(still_in(site, visitor))))


@router.post("/carts/{store}/{cart}/{action}")
def press(site: TheSite, visitor: Staff, store: str, cart: str, action: Action) -> Response:
    site.ask(store, cart, action, visitor.actor)
    return Response(status_code=204)

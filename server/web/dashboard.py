"""``/``: all carts on one page that updates itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from smartcart.server.carts.commands import Action
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, still_in
from smartcart.server.site.site import TheSite

router = APIRouter(include_in_schema=False)

Words = Annotated[str, Query(max_length=130)]


@router.get("/")
async def page(request: Request, site: TheSite, visitor: Staff, q: Words = "") -> Response:
    return site.templates.page(request, "page.html", visitor=visitor, **site.cards.context(q))


@router.get("/live")
async def live(site: TheSite, visitor: Staff, q: Words = "") -> StreamingResponse:
    return event_stream(site.cards.stream(site.feed.changes(still_in(site, visitor)), q))


@router.post("/carts/{store}/{cart}/help")
def answer_call(site: TheSite, visitor: Staff, store: str, cart: str) -> Response:
    """Answers the shopper who asked for help."""
    site.answer_call(store, cart, visitor.actor)
    return Response(status_code=204)


@router.post("/carts/{store}/{cart}/helped")
def finish_call(site: TheSite, visitor: Staff, store: str, cart: str) -> Response:
    """The shopper was helped."""
    site.finish_call(store, cart, visitor.actor)
    return Response(status_code=204)


@router.post("/carts/{store}/{cart}/{action}")
def press(site: TheSite, visitor: Staff, store: str, cart: str, action: Action) -> Response:
    site.ask(store, cart, action, visitor.actor)
    return Response(status_code=204)

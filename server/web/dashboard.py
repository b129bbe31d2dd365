"""``/``: all carts on one page that keeps itself up to date."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from smartcart.server.commands import Action
from smartcart.server.site import TheSite

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def page(site: TheSite) -> str:
    return site.pages.page()


@router.get("/live")
async def live(site: TheSite) -> StreamingResponse:
    return StreamingResponse(site.pages.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.post("/carts/{store}/{cart}/{action}")
def press(site: TheSite, store: str, cart: str, action: Action) -> Response:
    site.ask(store, cart, action)
    return Response(status_code=204)

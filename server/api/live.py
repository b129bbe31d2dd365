"""``/live``: every change as it comes, as server-sent events."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from smartcart.server.api.answers import CartAnswer
from smartcart.server.api.examples import CART
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Staff, still_in
from smartcart.server.site.site import TheSite
from smartcart.server.views.feed import Notice, notice

router = APIRouter(tags=["carts"])

_EXAMPLE: Final = f"event: cart\ndata: {json.dumps(CART, separators=(',', ':'))}\n\nevent: beat\ndata: \n\n"
_TOLD: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A stream of server-sent events.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@router.get("/live", response_class=StreamingResponse, responses=_TOLD)
async def live(site: TheSite, visitor: Staff) -> StreamingResponse:
    """Carts as they change, as server-sent events; first all of them.

    Each event `cart` has a CartAnswer as its data. Several changes before an update are sent as one: at once after a
    quiet moment, at most ten times a second otherwise. `beat` comes every ten seconds without a change, `over` when the
    token or login is no longer valid; then, and when the server stops, the stream ends. After a lost connection,
    connect again: the stream begins with all carts, so nothing is missed.
    """

    async def messages() -> AsyncIterator[str]:
        is_first = True
        async with aclosing(site.feed.changes(still_in(site, visitor))) as changes:
            async for changed in changes:
                if isinstance(changed, Notice):
                    yield notice(changed)
                    continue
                views = site.carts.views() if is_first else [site.carts.view(key) for key in sorted(changed)]
                is_first = False
                for view in views:
                    if view is not None:
                        told = CartAnswer.of(view, site.cards.reasons(view)).model_dump(mode="json")
                        yield f"event: cart\ndata: {json.dumps(told, separators=(',', ':'))}\n\n"

    return event_stream(messages())

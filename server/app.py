"""The web side put together: REST under ``/api/v1`` with OpenAPI, the pages, and what every request passes."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from smartcart.server.api import carts, catalogue, condition
from smartcart.server.site import Site
from smartcart.server.web import dashboard
from smartcart.server.web.guard import Guard
from smartcart.server.web.pages import STATIC

API: Final = "/api/v1"


def create_app(site: Site, *, allowed_hosts: Sequence[str], live_view_url: str | None = None) -> FastAPI:
    """The application; see ``/openapi.json`` for what it answers.

    Args:
        allowed_hosts: names under which a browser may ask, beside plain addresses and ``localhost``.
        live_view_url: the one further origin that the page may show a picture from.
    """
    app = FastAPI(title="smartcart", summary="Baskets of smart carts, live.", docs_url=None, redoc_url=None)
    app.state.site = site
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, picture_url=live_view_url)
    app.mount("/static", StaticFiles(directory=STATIC))
    api = APIRouter(prefix=API)
    for room in (carts, catalogue, condition):
        api.include_router(room.router)
    app.include_router(api)
    app.include_router(dashboard.router)
    return app

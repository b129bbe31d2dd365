"""The assembled web application: REST under ``/api/v1`` with OpenAPI, the pages, and the middleware."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from smartcart.server.api import accounts as accounts_api
from smartcart.server.api import audit as audit_api
from smartcart.server.api import carts
from smartcart.server.api import catalogue as catalogue_api
from smartcart.server.api import checkout as checkout_api
from smartcart.server.api import gallery as gallery_api
from smartcart.server.api import health as health_api
from smartcart.server.api import live as live_api
from smartcart.server.api import numbers as numbers_api
from smartcart.server.api import review as review_api
from smartcart.server.api import screens as screens_api
from smartcart.server.api.errors import OF_EVERY_ROUTE
from smartcart.server.api.examples import add_examples
from smartcart.server.http.form_token import OurOwnForm
from smartcart.server.http.middleware import RequestGuard
from smartcart.server.site.permissions import FOR_STAFF
from smartcart.server.site.site import Site
from smartcart.server.views.templating import STATIC
from smartcart.server.web import (
    accounts,
    audit,
    cart,
    cart_checkout,
    cart_products,
    cart_screen,
    catalogue,
    catalogue_import,
    checkout,
    dashboard,
    health,
    history,
    login,
    numbers,
    queue,
    receipts,
    screens,
    teach,
)
from smartcart.server.web.errors import add_refusals

API: Final = "/api/v1"
_API_ROUTERS: Final = (
    *(carts, live_api, review_api, numbers_api, catalogue_api, gallery_api, checkout_api),
    *(health_api, screens_api, accounts_api, audit_api),
)
_SHOP_PAGES: Final = (catalogue_import, catalogue, teach, checkout, receipts)
_PAGES: Final = (cart, queue, numbers, dashboard, history, *_SHOP_PAGES, screens, accounts, audit)
_FOR_EVERYBODY: Final = (login, cart_checkout, cart_products, cart_screen, health)
_ABOUT: Final = """
Baskets of smart carts, live. Sign in with an API token (`Authorization: Bearer smartcart_…`), which an admin creates on
the page *Tokens* or with `smartcart admin token`; one of scope `read` may only GET. Money is in minor units of
`currency`, times are RFC 3339 in UTC.
"""


class DocumentedApp(FastAPI):
    """With examples in its ``/openapi.json``."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            add_examples(super().openapi())
        return super().openapi()


def create_app(site: Site, *, allowed_hosts: Sequence[str], live_view_url: str | None = None) -> FastAPI:
    """The application; ``/openapi.json`` describes its answers.

    Args:
        allowed_hosts: names under which a browser may address the server, besides plain addresses and ``localhost``.
        live_view_url: the only other origin from which a page may show a picture.
    """
    app = DocumentedApp(
        title="smartcart",
        version="1",
        summary="Baskets of smart carts, live.",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        dependencies=[OurOwnForm],
    )
    app.state.site = site
    app.add_middleware(RequestGuard, allowed_hosts=allowed_hosts, picture_url=live_view_url)
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC)))  # no page: those carry what a guess could find
    add_refusals(app)
    api = APIRouter(prefix=API, dependencies=[FOR_STAFF], responses=OF_EVERY_ROUTE)
    for room in _API_ROUTERS:
        api.include_router(room.router)
    app.include_router(api)
    for room in _PAGES:
        app.include_router(room.router, dependencies=[FOR_STAFF])
    for room in _FOR_EVERYBODY:
        app.include_router(room.router)
    app.include_router(catalogue.pictures)
    app.include_router(receipts.for_holders)
    return app

"""``/catalogue/teach``: a cart learns a product by its looks, while somebody turns it before the cart's camera."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from smartcart.edge.gallery.gallery_file import GalleryError
from smartcart.server.catalogue.product import Product
from smartcart.server.gallery.lessons import LessonError
from smartcart.server.http.event_stream import event_stream
from smartcart.server.site.permissions import Admin, still_in
from smartcart.server.site.site import Site, TheSite
from smartcart.server.views.live_page import Sections, live_page
from smartcart.server.web.catalogue import product_place

router = APIRouter(prefix="/catalogue/teach", include_in_schema=False)

LOOK_SECONDS: Final = 5.0
"""How long the page may lag behind another server."""
Asked = Annotated[str, Query(max_length=64)]
Sku = Annotated[str, Form(max_length=64)]


@router.get("")
def page(request: Request, site: TheSite, visitor: Admin, sku: Asked) -> Response:
    return site.templates.page(request, "teach.html", visitor=visitor, **site.teach_pages.context(_find(site, sku)))


@router.get("/live")
async def live(site: TheSite, visitor: Admin, sku: Asked) -> StreamingResponse:
    product = _find(site, sku)

    async def render() -> Sections:
        now = site.catalogue.now.find(sku) or product
        return {**await run_in_threadpool(site.teach_pages.sections, now), **site.queue_pages.badge()}

    return event_stream(live_page(site.feed.changes(still_in(site, visitor)), render, longest=LOOK_SECONDS))


@router.post("/start")
def start(site: TheSite, visitor: Admin, sku: Sku, cart: Annotated[str, Form(max_length=130)] = "") -> Response:
    """``cart`` is its store and its name, separated by a slash."""
    store, _, name = cart.partition("/")
    try:
        site.lessons.start((store, name), _find(site, sku), visitor.actor)
    except LessonError as error:
        raise HTTPException(409, str(error)) from None
    return Response(status_code=204)


@router.post("/end")
def end(site: TheSite, visitor: Admin, sku: Sku, ending: Annotated[Literal["keep", "drop"], Form()]) -> Response:
    try:
        site.lessons.end(sku, ending)
    except LessonError as error:
        raise HTTPException(409, str(error)) from None
    return Response(status_code=204)


@router.post("/save")
def save(site: TheSite, visitor: Admin, sku: Sku) -> Response:
    try:
        site.lessons.save(sku)
    except LessonError as error:
        raise HTTPException(409, str(error)) from None
    return Response(status_code=204)


@router.post("/remove")
def remove(request: Request, site: TheSite, visitor: Admin, sku: Sku) -> Response:
    """Nothing of it stays in the gallery."""
    try:
        site.galleries.remove(sku, visitor.actor)
    except GalleryError as error:
        raise HTTPException(409, str(error)) from None
    site.lessons.forget(sku)
    return Response(status_code=204) if "hx-request" in request.headers else RedirectResponse(product_place(sku), 303)


def _find(site: Site, sku: str) -> Product:
    found = site.catalogue.now.find(sku)
    if found is None:
        raise HTTPException(404, "there is no product of this SKU")
    return found

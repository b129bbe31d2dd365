"""The gallery over REST: what products look like, for machines that enrol them and for a look at it."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, HTTPException, Query, Response

from smartcart.edge.gallery.gallery_file import Gallery, GalleryError
from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import refused
from smartcart.server.site.shopkeeper import Shopkeeper
from smartcart.server.site.site import TheSite

router = APIRouter(prefix="/gallery", tags=["gallery"])

Sku = Annotated[str, Query(min_length=1, max_length=64)]
File = Annotated[bytes, Body(media_type="application/octet-stream")]
MEDIA_TYPE: Final = "application/octet-stream"
_NOTHING: Final = refused(404, "Nothing is enrolled, or there is no such product.")
_NOT_TAKEN: Final = refused(409, "What was sent is no gallery of that product, or of another embedding.")


class GalleryVersion(Answer):
    """What came of a change; ``version`` is that of the gallery which carts fetch now."""

    version: int


@router.get("", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}, **_NOTHING})
def gallery(site: TheSite) -> Response:
    """The gallery in force, as a file."""
    kept = site.galleries.now
    if kept is None:
        raise HTTPException(404, "nothing is enrolled yet")
    return Response(kept.payload, media_type=MEDIA_TYPE)


@router.put("/product", responses={**_NOTHING, **_NOT_TAKEN})
def enrol(site: TheSite, visitor: Shopkeeper, sku: Sku, data: File) -> GalleryVersion:
    """Enrols a product of the catalogue: the file is a gallery with it alone, as `smartcart products` makes it."""
    if site.catalogue.now.find(sku) is None:
        raise HTTPException(404, f"the catalogue has no product {sku!r}: make it there first")
    try:
        version = site.galleries.enrol(sku, Gallery.from_bytes(data), visitor.actor)
    except GalleryError as error:
        raise HTTPException(409, str(error)) from None
    return GalleryVersion(version=version)


@router.delete("/product", responses=_NOTHING)
def remove(site: TheSite, visitor: Shopkeeper, sku: Sku) -> GalleryVersion:
    """Removes a product; nothing of it stays in the gallery."""
    try:
        return GalleryVersion(version=site.galleries.remove(sku, visitor.actor))
    except GalleryError as error:
        raise HTTPException(404, str(error)) from None

"""The gallery over REST: the looks of products, for machines that enrol them and for inspection."""

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
_NOTHING: Final = refused(404, "The gallery is empty, or there is no such product.")
_NOT_TAKEN: Final = refused(409, "The file is not a gallery of that product, or was made with another embedding.")


class GalleryVersion(Answer):
    """The result of a change; ``version`` is that of the gallery which carts fetch now."""

    version: int


@router.get("", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}, **_NOTHING})
def gallery(site: TheSite) -> Response:
    """The gallery in force, as a file."""
    kept = site.galleries.now
    if kept is None:
        raise HTTPException(404, "the gallery is empty")
    return Response(kept.payload, media_type=MEDIA_TYPE)


@router.put("/product", responses={**_NOTHING, **_NOT_TAKEN})
def enrol(site: TheSite, visitor: Shopkeeper, sku: Sku, data: File) -> GalleryVersion:
    """Enrols a product of the catalogue from a gallery file of it alone, as `smartcart products` makes one."""
    if site.catalogue.now.find(sku) is None:
        raise HTTPException(404, f"the catalogue has no product {sku!r}: create it there first")
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

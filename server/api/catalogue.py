"""``/catalogue``: products and prices."""

from fastapi import APIRouter

from smartcart.server.api.answers import CatalogueAnswer
from smartcart.server.site import TheSite

router = APIRouter(prefix="/catalogue", tags=["catalogue"])


@router.get("")
def products(site: TheSite) -> CatalogueAnswer:
    """The catalogue in force."""
    return CatalogueAnswer.of(site.catalogue)

"""The picture of an item on a page: the camera's, otherwise the catalogue's, otherwise a drawing."""

from collections.abc import Callable, Sequence

from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Product
from smartcart.server.mqtt.evidence import EvidenceBox
from smartcart.server.views.templating import Templates


def add_item_pictures(templates: Templates, evidence: EvidenceBox, catalogue: Callable[[], Catalogue]) -> None:
    """Gives templates ``seen(store, cart, events)``, an event with a picture, ``picture_parts(store, cart, event)``,
    what that shows, and ``product_of(sku)``."""

    def seen(store: str, cart: str, events: Sequence[str]) -> str | None:
        return evidence.newest((store, cart), events)

    def picture_parts(store: str, cart: str, event: str) -> tuple[str, ...]:
        return evidence.parts((store, cart), event)

    def product_of(sku: str | None) -> Product | None:
        return catalogue().find(sku) if sku else None

    templates.environment.globals.update(seen=seen, picture_parts=picture_parts, product_of=product_of)

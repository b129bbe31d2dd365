"""The page on which a cart is taught a product, and how it follows the cart."""

from dataclasses import dataclass
from typing import Any

from smartcart.server.carts.carts import Carts
from smartcart.server.catalogue.product import Product
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.gallery.lessons import Lessons
from smartcart.server.views.live_page import Sections
from smartcart.server.views.templating import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A cart that could be used for teaching; ``hindrance`` says why not now."""

    store: str
    cart: str
    hindrance: str | None


class TeachPages:
    """Renders the page of each product, whole and in sections.

    Args:
        live_view_url: a cart's picture stream on this machine; None where the page has none to show.
    """

    def __init__(
        self, carts: Carts, lessons: Lessons, galleries: Galleries, templates: Templates, live_view_url: str | None
    ) -> None:
        self._carts = carts
        self._lessons = lessons
        self._galleries = galleries
        self._templates = templates
        self._live_view_url = live_view_url

    def context(self, product: Product) -> dict[str, Any]:
        """The context of the whole page.

        Raises:
            DatabaseError: the tables cannot be read.
        """
        return {"product": product, "sections": self.sections(product), "live_view_url": self._live_view_url}

    def sections(self, product: Product) -> Sections:
        """The ring with the current advice, and how well the product can be told apart; raises as ``context`` does."""
        lesson = self._lessons.find(product.sku)
        is_open = lesson is not None and lesson.is_open
        shown: dict[str, Any] = {"product": product, "lesson": lesson}
        shown["choices"] = [] if is_open else self._choices()
        shown["taught"] = None if is_open else self._galleries.product(product.sku)
        names = ("teach-now", "teach-near")
        return {name: self._templates.part(f"{name.replace('-', '_')}.html", **shown) for name in names}

    def _choices(self) -> list[Choice]:
        """The carts that are online, those that can be taught now first."""
        views = [view for view in self._carts.views() if view.online]
        found = [Choice(store=view.store, cart=view.cart, hindrance=self._lessons.hindrance(view)) for view in views]
        return sorted(found, key=lambda choice: (choice.hindrance is not None, choice.store, choice.cart))

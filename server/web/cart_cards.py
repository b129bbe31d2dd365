"""The dashboard's HTML: every cart as a card, and what is told of all of them together.

Rendering belongs to the web server's event loop, and everything is rendered once for all open pages.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any, Final

from markupsafe import Markup

from smartcart.edge.events import CameraHealth, EventType
from smartcart.server.basket import StoredEvent
from smartcart.server.carts import Carts, CartView
from smartcart.server.commands import CartKey
from smartcart.server.subscriber import Health
from smartcart.server.web.feed import Change, Notice, message, notice
from smartcart.server.web.templating import Templates, element_id

_CAMERA: Final = {
    CameraHealth.COVERED: "Camera covered",
    CameraHealth.DARK: "Camera sees only dark",
    CameraHealth.BLURRED: "Camera blurred",
    CameraHealth.FROZEN: "Camera frozen",
    CameraHealth.MOVED: "Camera moved",
    CameraHealth.GONE: "No camera",
}


class CartCards:
    """Renders what the dashboard shows, first whole and then what changed."""

    def __init__(
        self,
        *,
        carts: Carts,
        health: Callable[[], Health],
        templates: Templates,
        live_view_url: str | None = None,
        clip_name: str | None = None,
    ) -> None:
        self._carts = carts
        self._health = health
        self._templates = templates
        templates.environment.globals.update(
            camera_words=_CAMERA, needs_a_person=needs_a_person, sentence=sentence, card=self._card, card_id=card_id
        )
        self._picture = {"live_view_url": live_view_url, "clip_name": clip_name}
        self._cards: dict[CartKey, tuple[CartView, Markup]] = {}
        self._summary: tuple[int, dict[str, object]] = (-1, {})

    def context(self) -> dict[str, Any]:
        """What the whole page shows."""
        return {"views": self._carts.views(), **self._told(), **self._picture}

    async def stream(self, changes: AsyncGenerator[Change]) -> AsyncIterator[str]:
        """Server-sent events for one open page, everything first."""
        shown = -1
        async with aclosing(changes):
            async for changed in changes:
                if isinstance(changed, Notice):
                    yield notice(changed)
                elif len(self._carts) != shown:
                    shown = len(self._carts)
                    yield message(self._templates.part("all.html", **self.context()))
                else:
                    views = [view for key in sorted(changed) if (view := self._carts.view(key))]
                    yield message(self._templates.part("part.html", views=views, **self._told()))

    def _told(self) -> dict[str, object]:
        """What is told of all carts together, put together once a change for all open pages."""
        version = self._carts.version
        if self._summary[0] != version:
            views = self._carts.views()
            self._summary = (
                version,
                {
                    "health": self._health(),
                    "carts": len(views),
                    "online": sum(view.online for view in views),
                    "concern": sum(needs_a_person(view) for view in views),
                    "dead_letters": self._carts.dead_letters,
                    "latest": _latest(views),
                },
            )
        return self._summary[1]

    def _card(self, view: CartView) -> Markup:
        """A cart's card, rendered once for all open pages."""
        key = (view.store, view.cart)
        known = self._cards.get(key)
        if known is not None and known[0] is view:
            return known[1]
        card = Markup(self._templates.part("cart.html", view=view))
        self._cards[key] = (view, card)
        return card


def card_id(view: CartView) -> str:
    """The id of a cart's card."""
    return element_id("cart", f"{view.store}/{view.cart}")


def needs_a_person(view: CartView) -> bool:
    """Whether somebody should look at this cart."""
    basket, status = view.basket, view.status
    if status is not None and (status.outbox_full or status.camera in _CAMERA):
        return True
    return basket is not None and bool(
        basket.incomplete
        or basket.needs_attention
        or basket.discrepancies
        or basket.uncertain
        or any(line.ambiguous for line in basket.lines)
    )


def _latest(views: Iterable[CartView]) -> str:
    """The last event of all, as a sentence for those who listen to the page."""
    lasts = [(view.last[0], view.cart) for view in views if view.last]
    if not lasts:
        return ""
    last, cart = max(lasts, key=lambda pair: pair[0].stored_at)
    return f"{cart}: {sentence(last)}"


def sentence(stored: StoredEvent) -> str:
    """An event in words."""
    event = stored.event
    name = stored.match.name or event.label or "something"
    item = f"{event.quantity} \N{MULTIPLICATION SIGN} {name}" if (event.quantity or 1) > 1 else name
    match event.type:
        case EventType.ITEM_ADDED:
            return f"{item} added"
        case EventType.ITEM_REMOVED:
            return f"{item} removed"
        case EventType.ITEM_UNCERTAIN:
            return f"{item}: for a person to settle"
        case EventType.SESSION_STARTED:
            return "Session started"
        case EventType.SESSION_ENDED:
            return "Session ended"

"""The dashboard's HTML: every cart as a card, the most urgent first, and the totals.

Rendering belongs to the web server's event loop, and everything is rendered once for all open pages.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from smartcart.server.carts.attention import CAMERA_WORDS, Reason, reasons
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import CartKey
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.mqtt.subscriber import Health
from smartcart.server.views.feed import Change, Notice, message, notice
from smartcart.server.views.templating import Templates, element_id
from smartcart.server.views.words import length, sentence, session_length

MOST_CARDS: Final = 60
"""Maximum number of carts on one page, the most urgent first; a search finds the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """All carts at one moment."""

    order: tuple[CartKey, ...]
    told: dict[str, Any]


class CartCards:
    """Renders the dashboard, first the whole and then the changes."""

    def __init__(
        self,
        *,
        carts: Carts,
        calls: HelpRequests,
        health: Callable[[], Health],
        templates: Templates,
        live_view_url: str | None = None,
        clip_name: str | None = None,
    ) -> None:
        self._carts = carts
        self._calls = calls
        self._health = health
        self._templates = templates
        templates.environment.globals.update(
            camera_words=CAMERA_WORDS,
            reasons=self.reasons,
            sentence=sentence,
            session_length=session_length,
            length=length,
            card=self._card,
            card_id=card_id,
        )
        self._picture = {"live_view_url": live_view_url, "clip_name": clip_name}
        self._cards: dict[CartKey, tuple[CartView, Markup]] = {}
        self._floor: tuple[int, Floor] | None = None

    def reasons(self, view: CartView) -> tuple[Reason, ...]:
        """Why somebody should look at this cart."""
        return reasons(view, self._calls.of((view.store, view.cart)))

    def context(self, words: str = "") -> dict[str, Any]:
        """The context of the whole page, with the carts whose name contains ``words``."""
        floor = self._now()
        keys = _named(floor.order, words)
        views = [view for key in keys[:MOST_CARDS] if (view := self._carts.view(key))]
        return {"views": views, "left_out": len(keys) - len(views), "words": words, **floor.told, **self._picture}

    async def stream(self, changes: AsyncGenerator[Change], words: str = "") -> AsyncIterator[str]:
        """Server-sent events for one open page, everything first, and again when the order of the carts changes."""
        shown: tuple[CartKey, ...] | None = None
        async with aclosing(changes):
            async for changed in changes:
                if isinstance(changed, Notice):
                    yield notice(changed)
                    continue
                floor = self._now()
                keys = _named(floor.order, words)
                if keys != shown:
                    shown = keys
                    yield message(self._templates.part("all.html", **self.context(words)))
                else:
                    here = sorted(changed.intersection(keys[:MOST_CARDS]))
                    views = [view for key in here if (view := self._carts.view(key))]
                    yield message(self._templates.part("part.html", views=views, **floor.told))

    def _now(self) -> Floor:
        """All carts in order, arranged once a change for all open pages."""
        version = self._carts.version
        if self._floor is None or self._floor[0] != version:
            self._floor = version, self._look()
        return self._floor[1]

    def _look(self) -> Floor:
        views = self._carts.views()
        ranked = sorted((*self._rank(view), view.store, view.cart) for view in views)
        self._cards = {key: card for key, card in self._cards.items() if self._carts.view(key) is card[0]}
        told = {
            "health": self._health(),
            "carts": len(views),
            "online": sum(view.online for view in views),
            "shopping": sum(view.basket is not None and view.basket.state == "open" for view in views),
            "concern": sum(rank < _WELL for rank, *_ in ranked),
            "callers": [(store, cart) for rank, _, store, cart in ranked if rank == _CALLED],
            "dead_letters": self._carts.dead_letters,
            "latest": _latest(views),
        }
        return Floor(order=tuple((store, cart) for _, _, store, cart in ranked), told=told)

    def _rank(self, view: CartView) -> tuple[int, str]:
        """Who waits for help comes first, and of these who has waited longest."""
        call = self._calls.of((view.store, view.cart))
        if call is not None and call.taken_by is None:
            return _CALLED, call.since.isoformat()
        return _rank(view, self.reasons(view)), ""

    def _card(self, view: CartView) -> Markup:
        """A cart's card, rendered once for all open pages."""
        key = (view.store, view.cart)
        known = self._cards.get(key)
        if known is not None and known[0] is view:
            return known[1]
        whole = self._picture["live_view_url"] is not None
        told = {"view": view, "reasons": self.reasons(view), "call": self._calls.of(key)}
        card = Markup(self._templates.part("cart_card.html", **told, whole=whole))
        self._cards[key] = (view, card)
        return card


_CALLED: Final = -1
_WELL: Final = 2


def _rank(view: CartView, found: tuple[Reason, ...]) -> int:
    """0 where something is wrong, 1 where something is open or was left behind by a trip that is over, then those that
    shop, and those that do not."""
    if found:
        is_over = not view.online and view.basket is not None and view.basket.state == "ended"
        return 0 if any(reason.is_bad for reason in found) and not is_over else 1
    in_use = view.basket is not None and view.basket.state == "open"
    return _WELL if in_use and view.online else _WELL + 1 if in_use or view.online else _WELL + 2


def card_id(view: CartView) -> str:
    """The id of a cart's card."""
    return element_id("cart", f"{view.store}/{view.cart}")


def _named(order: tuple[CartKey, ...], words: str) -> tuple[CartKey, ...]:
    wanted = words.lower().split()
    return tuple(key for key in order if all(word in f"{key[0]}/{key[1]}".lower() for word in wanted))


def _latest(views: Iterable[CartView]) -> str:
    """The last event of all, as a sentence for screen readers."""
    lasts = [(view.last[0], view.cart) for view in views if view.last]
    if not lasts:
        return ""
    last, cart = max(lasts, key=lambda pair: pair[0].stored_at)
    return f"{cart}: {sentence(last)}"

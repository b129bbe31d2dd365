"""What a cart's screen shows, read once for all that look at it."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from smartcart.server.basket import Basket
from smartcart.server.carts import Carts, CartView
from smartcart.server.catalogue import Catalogue
from smartcart.server.ledger import Ledger, SessionKey
from smartcart.server.office.calls import Calls
from smartcart.server.settling import Settling
from smartcart.server.timeline import Moment, timeline
from smartcart.server.web.live_page import Sections
from smartcart.server.web.templating import Templates

_KEPT: Final = 1000
_TAKEN_OUT: Final = 3
NAMES: Final = ("screen-question", "screen-lines", "screen-sum")


class ScreenPages:
    """Belongs to the web server's event loop."""

    def __init__(
        self,
        *,
        carts: Carts,
        ledger: Ledger,
        settling: Settling,
        calls: Calls,
        catalogue: Callable[[], Catalogue],
        templates: Templates,
    ) -> None:
        self._carts = carts
        self._ledger = ledger
        self._settling = settling
        self._calls = calls
        self._catalogue = catalogue
        self._templates = templates
        self._known: dict[tuple[str, str], tuple[CartView, Sections]] = {}
        self._lock = asyncio.Lock()

    async def sections(self, store: str, cart: str) -> Sections:
        """The screen's sections now, also of a cart that has told nothing yet.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        view = self._carts.view((store, cart))
        if view is None:
            return self._render({"basket": None, "place": f"/cart/{store}/{cart}"})
        async with self._lock:
            known = self._known.pop((store, cart), None)
            if known is None or known[0] is not view:
                known = view, self._render(await run_in_threadpool(self._gather, view))
            self._known[(store, cart)] = known
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return known[1]

    def _render(self, context: dict[str, Any]) -> Sections:
        nothing: dict[str, Any] = {"question": None, "lines": [], "taken_out": [], "called": None}
        return {name: self._templates.part(f"{name.replace('-', '_')}.html", **(nothing | context)) for name in NAMES}

    def _gather(self, view: CartView) -> dict[str, Any]:
        basket = view.basket
        doubts = [doubt for doubt in self._settling.of_cart(view) if doubt.kind == "uncertain"]
        asks = basket is not None and basket.closed_at is None and bool(doubts)
        return {
            "basket": basket,
            "place": f"/cart/{view.store}/{view.cart}",
            "question": doubts[0] if asks else None,
            "lines": self._lines(basket) if basket else [],
            "taken_out": self._taken_out(basket) if basket and basket.state == "open" else [],
            "called": self._calls.since((view.store, view.cart)),
        }

    def _lines(self, basket: Basket) -> list[tuple[Any, Any]]:
        """Each line with its product, the newest first."""
        catalogue = self._catalogue()
        return [(line, catalogue.find(line.sku) if line.sku else None) for line in reversed(basket.lines)]

    def _taken_out(self, basket: Basket) -> list[Moment]:
        """What was put in and taken out again, the newest first."""
        key = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
        events, corrections = self._ledger.session_events(key), self._ledger.session_corrections(key)
        told = [moment for moment in timeline(events, (), corrections) if _is_removal(moment)]
        return told[::-1][:_TAKEN_OUT]


def _is_removal(moment: Moment) -> bool:
    if moment.said:
        return moment.said[-1].action == "removed" and not moment.late
    return moment.kind == "removed" and not moment.late

"""The contents of a cart's screen, read once for all viewers."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from smartcart.edge.contract.events import EventType
from smartcart.server.basket.basket import Basket, Line
from smartcart.server.basket.effective_corrections import SHOPPER, effective_corrections
from smartcart.server.basket.records import SessionKey, StoredCorrection
from smartcart.server.carts.attention import CAMERA_WORDS
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.carts.review_queue import ReviewQueue
from smartcart.server.carts.same_item import same_items
from smartcart.server.carts.timeline import TimelineStep, timeline
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Product
from smartcart.server.ledger.port import Ledger
from smartcart.server.mqtt.evidence import EvidenceBox
from smartcart.server.views.live_page import Sections
from smartcart.server.views.templating import Templates

_KEPT: Final = 1000
_TAKEN_OUT: Final = 3
_OWN_WORDS: Final = {"scan": "scanned by you", "find": "chosen by you"}
NAMES: Final = ("screen-notice", "screen-question", "screen-lines", "screen-told", "screen-sum")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenLine:
    """A line as a shopper sees it; ``word`` says what a person did about it, None if nobody did."""

    line: Line
    product: Product | None
    word: str | None

    @property
    def is_own(self) -> bool:
        """True if it was the shopper."""
        return self.word in _OWN_WORDS.values()


class ScreenPages:
    """Belongs to the web server's event loop."""

    def __init__(
        self,
        *,
        carts: Carts,
        ledger: Ledger,
        settling: ReviewQueue,
        calls: HelpRequests,
        catalogue: Callable[[], Catalogue],
        evidence: EvidenceBox,
        templates: Templates,
    ) -> None:
        self._carts = carts
        self._ledger = ledger
        self._settling = settling
        self._calls = calls
        self._catalogue = catalogue
        self._evidence = evidence
        self._templates = templates
        self._known: dict[tuple[str, str], tuple[CartView, Sections]] = {}
        self._lock = asyncio.Lock()

    async def sections(self, store: str, cart: str) -> Sections:
        """The screen's current sections, even for a cart that has not reported yet.

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
        nothing: dict[str, Any] = {"question": None, "saw": (), "lines": [], "taken_out": [], "call": None}
        nothing |= {"trouble": None, "last": None, "twice": None, "scanned": None}
        return {name: self._templates.part(f"{name.replace('-', '_')}.html", **(nothing | context)) for name in NAMES}

    def _gather(self, view: CartView) -> dict[str, Any]:
        basket = view.basket
        doubts = [doubt for doubt in self._settling.of_cart(view) if doubt.kind == "uncertain"]
        asks = basket is not None and basket.closed_at is None and bool(doubts)
        records = self._ledger.session(_key(basket)) if basket else None
        words = effective_corrections(records.corrections) if records else []
        gone = [moment for moment in timeline(records) if _is_gone(moment)] if records else []
        same = same_items(records) if records and basket and basket.state == "open" else []
        return {
            "basket": basket,
            "last": view.last[0] if basket and view.last else None,
            "trouble": _trouble(view),
            "place": f"/cart/{view.store}/{view.cart}",
            "question": doubts[0] if asks else None,
            "saw": self._evidence.parts((view.store, view.cart), doubts[0].id) if asks else (),
            "lines": self._lines(basket, words) if basket else [],
            "twice": next((one for one in same if one.stored.event.type is EventType.ITEM_ADDED), None),
            "scanned": next((one for one in same if asks and one.stored.event.id == doubts[0].id), None),
            "taken_out": gone[::-1][:_TAKEN_OUT] if basket and basket.state == "open" else [],
            "call": self._calls.of((view.store, view.cart)),
        }

    def _lines(self, basket: Basket, words: Iterable[StoredCorrection]) -> list[ScreenLine]:
        """The newest first."""
        catalogue, by_store = self._catalogue(), _by_store(words)
        return [
            ScreenLine(
                line=line,
                product=catalogue.find(line.sku) if line.sku else None,
                word=next((by_store[source] for source in reversed(line.sources) if source in by_store), None),
            )
            for line in reversed(basket.lines)
        ]


def _key(basket: Basket) -> SessionKey:
    return SessionKey(store=basket.store, cart=basket.cart, session=basket.session)


def _trouble(view: CartView) -> str | None:
    """Why new items may not show up, in words for the shopper; None while they do."""
    if view.basket is None or view.basket.state != "open" or view.status is None:
        return None
    if not view.status.online:
        return "This cart is offline: what goes in now shows up when it is back."
    if view.status.camera in CAMERA_WORDS:
        what = CAMERA_WORDS[view.status.camera]
        return f"{what}: what goes in now may not be counted. Free its view, or press Help."
    return None


def _by_store(words: Iterable[StoredCorrection]) -> dict[str, str]:
    """The corrections of each source of a line, in words for the shopper; the staff's count most."""
    said = [stored.correction for stored in words]
    named = {word.corrects or word.id: _OWN_WORDS[word.source] for word in said if word.by == SHOPPER and word.source}
    of_store = [word for word in said if word.by != SHOPPER]
    return named | {
        word.corrects or word.id: f"{'checked' if word.corrects else 'added'} by the store" for word in of_store
    }


def _is_gone(moment: TimelineStep) -> bool:
    """True if it took something out, or was corrected to nothing."""
    reading = moment.reading
    if moment.late or reading is None:
        return moment.kind == "removed" and not moment.late
    if reading.action == "none":
        return moment.kind == "added" or (moment.kind == "by_hand" and moment.said[0].action == "added")
    return reading.action == "removed"

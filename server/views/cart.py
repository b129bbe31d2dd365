"""The page of one cart: one session, read once for all viewers."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import SessionKey
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.carts.review_queue import ReviewQueue
from smartcart.server.carts.timeline import TimelineStep, timeline
from smartcart.server.checkout.payments import Payments
from smartcart.server.ledger.port import Ledger
from smartcart.server.mqtt.evidence import EvidenceBox
from smartcart.server.views.live_page import Sections
from smartcart.server.views.templating import Templates

_KEPT: Final = 200
MOST_MOMENTS: Final = 200
"""Maximum number of steps of a session on the page, the newest; the API returns all of them."""
NAMES: Final = ("cart-head", "cart-basket", "cart-doubts", "cart-timeline")
"""The sections, each an element of this id and a template of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    view: CartView
    context: dict[str, Any]
    sections: Sections


class CartPages:
    """Belongs to the web server's event loop."""

    def __init__(
        self,
        carts: Carts,
        ledger: Ledger,
        settling: ReviewQueue,
        calls: HelpRequests,
        payments: Payments,
        evidence: EvidenceBox,
        templates: Templates,
    ) -> None:
        self._carts = carts
        self._ledger = ledger
        self._settling = settling
        self._calls = calls
        self._payments = payments
        self._evidence = evidence
        self._templates = templates
        self._known: dict[tuple[str, str, str | None], _Read] = {}
        self._lock = asyncio.Lock()

    async def sections(self, store: str, cart: str, session: str | None) -> Sections:
        """The page's current sections.

        Raises:
            HTTPException: 404 if there is no such cart or session.
            LedgerError, DatabaseError: the database cannot be read.
        """
        return (await self._read(store, cart, session)).sections

    async def context(self, store: str, cart: str, session: str | None) -> dict[str, Any]:
        """The context that the whole page is rendered from; raises as ``sections`` does."""
        read = await self._read(store, cart, session)
        return read.context | {"sections": read.sections}

    async def _read(self, store: str, cart: str, session: str | None) -> _Read:
        async with self._lock:
            view = self._carts.view((store, cart))
            if view is None:
                raise HTTPException(404, f"nothing was ever heard of cart {store}/{cart}")
            at = (store, cart, session)
            known = self._known.pop(at, None)
            if known is None or known.view is not view:
                context = await run_in_threadpool(self._gather, view, session)
                sections = {name: self._templates.part(f"{name.replace('-', '_')}.html", **context) for name in NAMES}
                known = _Read(view=view, context=context, sections=sections)
            self._known[at] = known
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
            return known

    def _gather(self, view: CartView, session: str | None) -> dict[str, Any]:
        is_newest = session is None or (view.basket is not None and session == view.basket.session)
        basket, moments = view.basket, list[TimelineStep]()
        named = session or (basket.session if basket else None)
        if named is not None:
            basket, moments = self._replayed(SessionKey(store=view.store, cart=view.cart, session=named))
            if basket is None:
                raise HTTPException(404, f"cart {view.store}/{view.cart} has no such session")
        return {
            "view": view,
            "basket": basket,
            "is_newest": is_newest,
            "call": self._calls.of((view.store, view.cart)) if is_newest else None,
            "receipt": self._payments.receipt_of(_key(basket)) if basket else None,
            "doubts": self._settling.of_cart(view) if is_newest else [],
            "moments": moments[::-1][:MOST_MOMENTS],
            "origins": {moment.id: moment.origin for moment in moments[-MOST_MOMENTS:]},
            "left_out": max(0, len(moments) - MOST_MOMENTS),
            "pictured": self._evidence.events_of((view.store, view.cart)),
            "has_earlier": len(self._ledger.sessions(view.store, view.cart, 2)) > 1,
        }

    def _replayed(self, key: SessionKey) -> tuple[Basket | None, list[TimelineStep]]:
        records = self._ledger.session(key)
        return (None, []) if records.is_empty else (fold(records), timeline(records))


def _key(basket: Basket) -> SessionKey:
    return SessionKey(store=basket.store, cart=basket.cart, session=basket.session)

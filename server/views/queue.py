"""The queue's page, and the number of open questions that every page shows."""

from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from smartcart.server.carts.carts import Carts
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.carts.review_items import ReviewItem
from smartcart.server.carts.review_queue import ReviewQueue
from smartcart.server.views.live_page import Sections
from smartcart.server.views.templating import Templates

MOST_SHOWN: Final = 50


class QueuePages:
    """The queue for all its pages, read once a change. Belongs to the web server's event loop."""

    def __init__(self, carts: Carts, settling: ReviewQueue, calls: HelpRequests, templates: Templates) -> None:
        self._carts = carts
        self._calls = calls
        self._settling = settling
        self._templates = templates
        self._known: tuple[int, list[ReviewItem], str] | None = None
        templates.environment.globals.update(waiting=self.waiting, calling=calls.waiting)

    async def context(self) -> dict[str, Any]:
        """The context of the whole page.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        doubts, _ = await self._now()
        return {"doubts": doubts[:MOST_SHOWN], "left_out": max(0, len(doubts) - MOST_SHOWN)}

    async def sections(self) -> Sections:
        """The list, how long it is, and the numbers in the navigation; raises as ``context`` does."""
        doubts, html = await self._now()
        return {"queue": html, "queue-count": str(len(doubts) or ""), **self.badge()}

    def waiting(self) -> int:
        """How much of all carts waits for a person, as the queue lists it."""
        return sum(view.basket.to_settle for view in self._carts.views() if view.basket)

    def badge(self) -> Sections:
        """The numbers in the navigation of a page that keeps itself up to date: to settle, and calls for help."""
        return {"waiting": str(self.waiting() or ""), "calling": str(self._calls.waiting() or "")}

    async def _now(self) -> tuple[list[ReviewItem], str]:
        version = self._carts.version
        if self._known is None or self._known[0] != version:
            doubts = await run_in_threadpool(self._settling.queue)
            left_out = max(0, len(doubts) - MOST_SHOWN)
            html = self._templates.part("queue_list.html", doubts=doubts[:MOST_SHOWN], left_out=left_out)
            self._known = version, doubts, html
        return self._known[1], self._known[2]

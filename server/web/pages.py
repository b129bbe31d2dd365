"""The pages: HTML of every cart, and the stream that keeps an open page up to date.

A page gets at once what changed while it was quiet, and then at most ten updates a second. What waits for it is the
set of carts that changed, never a queue of messages, so a slow page costs no memory and always gets the latest state.
"""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from smartcart.edge.events import CameraHealth, EventType
from smartcart.server.basket import StoredEvent
from smartcart.server.carts import Carts, CartView
from smartcart.server.commands import CartKey
from smartcart.server.money import money
from smartcart.server.subscriber import Health

_HERE: Final = Path(__file__).parents[1]
STATIC: Final = _HERE / "static"
PAUSE_SECONDS: Final = 0.1
BEAT_SECONDS: Final = 10.0

_CAMERA: Final = {
    CameraHealth.COVERED: "Camera covered",
    CameraHealth.DARK: "Camera sees only dark",
    CameraHealth.BLURRED: "Camera blurred",
    CameraHealth.FROZEN: "Camera frozen",
    CameraHealth.MOVED: "Camera moved",
    CameraHealth.GONE: "No camera",
}


class Pages:
    """Renders carts, and feeds the open pages. Rendering and streams belong to the web server's event loop."""

    def __init__(
        self,
        *,
        carts: Carts,
        currency: str | None,
        health: Callable[[], Health],
        live_view_url: str | None = None,
        clip_name: str | None = None,
    ) -> None:
        self._carts = carts
        self._health = health
        self._currency = currency or "EUR"
        self._environment = _environment()
        self._environment.globals.update(card=self._card, price=self._price)
        self._environment.globals.update(live_view_url=live_view_url, clip_name=clip_name)
        self._cards: dict[CartKey, tuple[CartView, Markup]] = {}
        self._summary: tuple[int, dict[str, object]] = (-1, {})
        self._streams: set[_Stream] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._unlisten = carts.listen(self._mark)

    def page(self) -> str:
        """The whole page."""
        return self._render("page.html", self._carts.views())

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events for one open page, everything first; ends when the server stops."""
        stream = _Stream(asyncio.get_running_loop())
        with self._lock:
            self._streams.add(stream)
        changed: set[CartKey] | None = set()
        shown = -1
        try:
            while not self._closed:
                if len(self._carts) != shown:
                    shown = len(self._carts)
                    yield _message(self._render("all.html", self._carts.views()))
                elif changed is None:
                    yield "event: beat\ndata: \n\n"
                else:
                    views = [view for key in sorted(changed) if (view := self._carts.view(key))]
                    yield _message(self._render("part.html", views))
                await asyncio.sleep(PAUSE_SECONDS)
                changed = await stream.changed()
        finally:
            with self._lock:
                self._streams.discard(stream)

    def close(self) -> None:
        """Ends all streams."""
        self._closed = True
        self._unlisten()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.mark(set())

    # --- what changed ---------------------------------------------------------------------------------------------

    def _mark(self, carts: set[CartKey]) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.mark(carts)

    # --- HTML -----------------------------------------------------------------------------------------------------

    def _render(self, template: str, views: list[CartView]) -> str:
        return self._environment.get_template(template).render(views=views, **self._told())

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
        card = Markup(self._environment.get_template("cart.html").render(view=view))
        self._cards[key] = (view, card)
        return card

    def _price(self, minor: int, currency: str | None) -> str:
        return money(minor, currency or self._currency)


class _Stream:
    """What has changed since one open page was last served."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()
        self._changed: set[CartKey] = set()
        self._scheduled = False
        self._lock = threading.Lock()

    def mark(self, carts: set[CartKey]) -> None:
        """Called from any thread."""
        with self._lock:
            self._changed |= carts
            if self._scheduled:
                return
            self._scheduled = True
        with contextlib.suppress(RuntimeError):  # the web server has stopped
            self._loop.call_soon_threadsafe(self._event.set)

    async def changed(self) -> set[CartKey] | None:
        """Waits for a change; None when there was none for a while."""
        try:
            await asyncio.wait_for(self._event.wait(), BEAT_SECONDS)
        except TimeoutError:
            return None
        with self._lock:
            self._event.clear()
            self._scheduled = False
            changed, self._changed = self._changed, set()
        return changed


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


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = _clock
    environment.filters["percent"] = lambda fraction: f"{fraction:.0%}"
    environment.globals.update(
        camera_words=_CAMERA, element_id=_element_id, needs_a_person=needs_a_person, sentence=sentence
    )
    return environment


def _clock(time: str) -> str:
    """The time of day of an RFC 3339 time, on the server's own clock."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return time  # of the right form, but no date that exists


def _element_id(view: CartView) -> str:
    """An id for HTML that no cart's name can break."""
    return "cart-" + hashlib.blake2s(f"{view.store}/{view.cart}".encode(), digest_size=8).hexdigest()


def _message(html: str) -> str:
    """One unnamed server-sent event."""
    return "".join(f"data: {line}\n" for line in html.splitlines() if line.strip()) + "\n"

"""The changes for each open page.

A quiet page gets a change at once, and then at most ten updates a second. The set of changed carts waits for it, never
a queue of messages, so a slow page costs no memory and always gets the latest state.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from typing import Final

from starlette.concurrency import run_in_threadpool

from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import CartKey

PAUSE_SECONDS: Final = 0.1
BEAT_SECONDS: Final = 10.0


class Notice(StrEnum):
    """Notices besides changes: nothing has changed for a while; the visitor's login is over."""

    BEAT = "beat"
    OVER = "over"


Change = set[CartKey] | Notice


class Feed:
    """Belongs to the web server's event loop."""

    def __init__(self, carts: Carts) -> None:
        self._streams: set[_Stream] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._unlisten = carts.listen(self._mark)

    @property
    def open_pages(self) -> int:
        """The number of open pages."""
        return len(self._streams)

    async def changes(self, still_allowed: Callable[[], bool]) -> AsyncGenerator[Change]:
        """The carts that changed, at first none, and notices.

        It ends when the server stops, or when ``still_allowed``, called every ten seconds or so, returns False.
        """
        stream = _Stream(asyncio.get_running_loop())
        with self._lock:
            self._streams.add(stream)
        changed: Change = set()
        asked = time.monotonic()
        try:
            while not self._closed:
                yield changed
                await asyncio.sleep(PAUSE_SECONDS)
                changed = await stream.changed()
                if time.monotonic() - asked >= BEAT_SECONDS:
                    asked = time.monotonic()
                    if not await run_in_threadpool(still_allowed):
                        yield Notice.OVER
                        return
        finally:
            with self._lock:
                self._streams.discard(stream)

    def close(self) -> None:
        """Ends all streams."""
        self._closed = True
        self._unlisten()
        self._mark(set())

    def _mark(self, carts: set[CartKey]) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.mark(carts)


def message(html: str) -> str:
    """One unnamed server-sent event."""
    return "".join(f"data: {line}\n" for line in html.splitlines() if line.strip()) + "\n"


def notice(what: Notice) -> str:
    """One server-sent event of that name, for a page's script."""
    return f"event: {what}\ndata: \n\n"


class _Stream:
    """What has changed since one open page was last updated."""

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

    async def changed(self) -> Change:
        """Waits for a change, or until a notice that there is none is due."""
        try:
            await asyncio.wait_for(self._event.wait(), BEAT_SECONDS)
        except TimeoutError:
            return Notice.BEAT
        with self._lock:
            self._event.clear()
            self._scheduled = False
            changed, self._changed = self._changed, set()
        return changed

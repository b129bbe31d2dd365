"""A page in named sections that updates itself: sections that differ from those last sent go out."""

import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing

from smartcart.server.carts.commands import CartKey
from smartcart.server.views.feed import Change, Notice, message, notice

Sections = Mapping[str, str]
"""The id of an element, and the HTML inside it."""


async def live_page(
    changes: AsyncGenerator[Change],
    render: Callable[[], Awaitable[Sections]],
    cart: CartKey | None = None,
    longest: float = math.inf,
) -> AsyncIterator[str]:
    """Server-sent events for one open page, everything first.

    Args:
        cart: the cart that the page is about; None for all of them.
        longest: seconds without a change after which it is checked all the same, for a page that shows other servers'
            changes; it may take ten seconds more.
    """
    shown: Sections = {}
    looked = 0.0
    async with aclosing(changes):
        async for changed in changes:
            if isinstance(changed, Notice):
                yield notice(changed)
            concerns = not isinstance(changed, Notice) and (not changed or cart is None or cart in changed)
            if shown and not concerns and time.monotonic() - looked < longest:
                continue
            looked, now = time.monotonic(), await render()
            different = {name: html for name, html in now.items() if shown.get(name) != html}
            shown = now
            if different:
                yield message("\n".join(partial(name, html) for name, html in different.items()))


def partial(name: str, html: str, swap: str = "innerMorph") -> str:
    """The HTML with which htmx replaces the contents of the element of this id."""
    return f'<hx-partial hx-target="#{name}" hx-swap="{swap}">{html}</hx-partial>'

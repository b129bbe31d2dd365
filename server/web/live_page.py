"""A page in named sections that keeps itself up to date: what differs from what was last sent goes out."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing

from smartcart.server.commands import CartKey
from smartcart.server.web.feed import Change, Notice, message, notice

Sections = Mapping[str, str]
"""The id of an element, and the HTML inside it."""


async def live_page(
    changes: AsyncGenerator[Change],
    render: Callable[[], Awaitable[Sections]],
    cart: CartKey | None = None,
) -> AsyncIterator[str]:
    """Server-sent events for one open page, everything first.

    Args:
        cart: the one cart that the page is about; None for one about all of them.
    """
    shown: Sections = {}
    async with aclosing(changes):
        async for changed in changes:
            if isinstance(changed, Notice):
                yield notice(changed)
                continue
            if shown and changed and cart is not None and cart not in changed:
                continue
            now = await render()
            different = {name: html for name, html in now.items() if shown.get(name) != html}
            shown = now
            if different:
                yield message("\n".join(partial(name, html) for name, html in different.items()))


def partial(name: str, html: str, swap: str = "innerMorph") -> str:
    """What htmx puts in the place of what is in the element of this id."""
    return f'<hx-partial hx-target="#{name}" hx-swap="{swap}">{html}</hx-partial>'

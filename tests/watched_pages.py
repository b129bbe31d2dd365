"""Pages in a real browser that must neither complain nor ask anybody but their own server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect


@contextmanager
def watched_pages(browser: Browser, url: str, *, timeout: int, refusal: int) -> Iterator[Callable[..., Page]]:
    """Makes blank pages, each of a person apart from the others; looks at the end at what they said.

    Args:
        url: of the one server that they may ask.
        timeout: of each step and expectation, in ms.
        refusal: the HTTP status of which a browser's console may speak, since the tests provoke it.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    asked: list[str] = []

    def make(**options: Any) -> Page:
        contexts.append(browser.new_context(base_url=url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(timeout)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        return page

    expect.set_options(timeout=timeout)
    yield make
    for context in contexts:
        context.close()
    complaints = [line for line in complaints if f"status of {refusal}" not in line]
    assert not complaints, complaints
    others = [address for address in asked if not address.startswith(url)]
    assert not others, others

"""An open page in a real browser: when each event appears on the screen."""

from types import TracebackType
from typing import Any, Final, Self

from smartcart.scripts.bench.first_page import FLAGS, LIVE, TIMEOUT_MS, WATCH

_DRAWN: Final = """
window.drawn = {};
new MutationObserver(() => requestAnimationFrame(() => {
  for (const item of document.querySelectorAll('[id^="e-"]')) drawn[item.id.slice(2)] ??= Date.now();
})).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["id"] });
"""  # the frame after the change is the one that shows it


class DrawnPage:
    """All carts on one page, open throughout; a context manager."""

    def __init__(self, browser: str, url: str, secret: str) -> None:
        self._browser = browser
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._playwright: Any = None
        self._page: Any = None

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        running = self._playwright.chromium.launch(executable_path=self._browser, args=list(FLAGS), timeout=TIMEOUT_MS)
        self._page = running.new_context(extra_http_headers=self._headers).new_page()
        self._page.set_default_timeout(TIMEOUT_MS)
        self._page.add_init_script(WATCH + _DRAWN)
        self._page.goto(self._url, wait_until="load")
        self._page.evaluate(LIVE, TIMEOUT_MS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.context.browser.close()
        self._playwright.stop()

    def drawn(self) -> dict[str, float]:
        """When each event was first shown (s since 1970)."""
        told: dict[str, float] = self._page.evaluate("drawn")
        return {event: at / 1000 for event, at in told.items()}

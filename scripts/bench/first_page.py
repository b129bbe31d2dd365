"""How soon the first page is usable: a real browser with an empty cache, from navigation to live."""

import shutil
from dataclasses import dataclass
from typing import Any, Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
TIMEOUT_MS: Final = 60_000
WATCH: Final = """
new MutationObserver(() => {
  if (document.body?.classList.contains("moving")) window.liveAt ??= performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
"""  # page.js marks the body at the first message of the stream, in the next frame
LIVE: Final = """limit => new Promise((live, late) => {
  const look = () => (window.liveAt ? live() : requestAnimationFrame(look));
  setTimeout(() => late(new Error("the page did not become live")), limit);
  look();
})"""  # Playwright's own wait_for_function evaluates a string, which the page's content security policy forbids
_READ: Final = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const size = performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0);
  return [page.domContentLoadedEventEnd, window.liveAt, size];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPage:
    """One cold load: milliseconds since the navigation, and transferred bytes."""

    usable_ms: float
    live_ms: float
    transferred: int


def browser_path() -> str | None:
    """Chromium on this machine; None without it, or without Playwright."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return None
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def first_pages(browser: str, url: str, secret: str, runs: int) -> list[FirstPage]:
    """Loads a page repeatedly, each time with a fresh browser profile.

    Usable means that all scripts have run: buttons and keys work. Live means that the stream's first message is shown.
    """
    from playwright.sync_api import sync_playwright

    loads = []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=list(FLAGS), timeout=TIMEOUT_MS)
        for _ in range(runs + 1):
            context = running.new_context(extra_http_headers={"Authorization": f"Bearer {secret}"})
            loads.append(_load(context, url))
            context.close()
        running.close()
    return loads[1:]  # the first one warms the browser, not its cache


def _load(context: Any, url: str) -> FirstPage:
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(WATCH)
    page.goto(url, wait_until="load")
    page.evaluate(LIVE, TIMEOUT_MS)
    usable, live, size = page.evaluate(_READ)
    return FirstPage(usable_ms=usable, live_ms=live, transferred=size)

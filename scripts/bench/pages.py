"""``smartcart bench pages``: from an event to every open page, and how soon the first page is usable."""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartcart.scripts.bench.page_load import PageLoad, Seen


def add_parser(subjects: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.scripts.require import add_figures_options

    parser = subjects.add_parser(
        "pages",
        help="from a stored event to the changed page, with many open pages",
        description=(
            "Runs Mosquitto, the basket server, carts and a number of open pages of all carts, and measures the "
            "time from the server's stamp on an event (before its commit) until the change reaches each page. With "
            "Chromium and Playwright, one more page is a real browser's: until it has drawn the change (drawn). "
            "Before that, the carts' page is loaded with an empty cache: from the navigation until buttons work "
            "(usable) and until the stream is shown (live)."
        ),
        epilog="Example:  smartcart bench pages --pages 50 --require 'drawn_ms.p95 <= 150'\n"
        "          smartcart bench pages --require 'first_page.usable_ms.p95 <= 1000'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", type=int, default=50, help="open pages (default: %(default)s)")
    parser.add_argument("--carts", type=int, default=20, help="carts that shop (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2.0, help="events a second of all carts (default: %(default)s)")
    parser.add_argument("--loads", type=int, default=10, help="cold loads of the first page (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long (default: %(default)s)")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report
    from smartcart.scripts.signals import stop_on_sigterm

    stop_on_sigterm()
    if args.pages < 1 or args.carts < 1 or args.loads < 1 or args.rate <= 0 or args.seconds <= 0:
        raise CommandError("give a number of pages, carts and loads, a rate and a time above 0")
    with tempfile.TemporaryDirectory(prefix="smartcart-bench-") as folder:
        figures = _measure(args, Path(folder))
    return report(figures, args, "\n".join(f"{name}: {value}" for name, value in figures.items()))


def _measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    import getpass

    from smartcart.scripts.bench.load import percentiles
    from smartcart.scripts.bench.page_load import PageLoad
    from smartcart.scripts.bench.server import CONFIG
    from smartcart.scripts.chaos.world import SMARTCART, free_port, mosquitto
    from smartcart.scripts.supervised import Supervised

    port, web, config, log = free_port(), free_port(), folder / "mosquitto.conf", folder / "log"
    config.write_text(CONFIG.format(port=port, user=getpass.getuser()))
    ledger = f"sqlite:///{folder / 'ledger.sqlite'}"
    secret = _token(ledger)
    running = [Supervised("broker", [mosquitto(), "-c", config], log=log)]
    try:
        time.sleep(1)
        words = [SMARTCART, "server", "--broker", f"mqtt://127.0.0.1:{port}", "--ledger", ledger, "--port", str(web)]
        running.append(Supervised("server", words, log=log, environment={"HOME": str(folder)}, folder=folder))
        load = PageLoad(pages=args.pages, carts=args.carts, broker_port=port, web_port=web, secret=secret)
        page = f"http://127.0.0.1:{web}/"
        first = _first_page(page, secret, args.loads, load)
        seen, drawn = _seen_and_drawn(load, args, page, secret)
    finally:
        for process in reversed(running):
            process.stop()
    lags, events = [lag for shown in seen.pages for lag in seen.lags(shown)], len(seen.stored)
    return {
        "pages": args.pages,
        "carts": args.carts,
        "events": events,
        "seen": len(lags),
        "missed": events * args.pages - len(lags),
        "latency_ms": percentiles(lags),
        "drawn": len(seen.lags(drawn)) if drawn is not None else None,
        "drawn_ms": percentiles(seen.lags(drawn)) if drawn is not None else None,
        "first_page": first,
        "cores": os.cpu_count(),
        "load_average": [round(x, 1) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _seen_and_drawn(
    load: "PageLoad", args: argparse.Namespace, url: str, secret: str
) -> tuple["Seen", dict[str, float] | None]:
    """The results for the events, and when a real browser had drawn them; None without a browser."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from smartcart.scripts.bench.drawn_page import DrawnPage
    from smartcart.scripts.bench.first_page import browser_path

    browser = browser_path()
    if browser is None:
        return asyncio.run(load.run(rate=args.rate, seconds=args.seconds)), None
    with DrawnPage(browser, url, secret) as page, ThreadPoolExecutor(1) as thread:
        # the browser's driver already has an event loop in this thread
        seen = thread.submit(asyncio.run, load.run(rate=args.rate, seconds=args.seconds)).result()
        return seen, page.drawn()


def _first_page(url: str, secret: str, loads: int, load: "PageLoad") -> dict[str, Any] | None:
    """Figures of cold loads in a real browser, of a page that shows all carts; None without a browser."""
    from smartcart.scripts.bench.first_page import browser_path, first_pages
    from smartcart.scripts.bench.load import percentiles

    browser = browser_path()
    if browser is None:
        return None
    load.begin()
    told = first_pages(browser, url, secret, loads)
    return {
        "loads": len(told),
        "usable_ms": percentiles([page.usable_ms for page in told]),
        "live_ms": percentiles([page.live_ms for page in told]),
        "transferred_bytes": max(page.transferred for page in told),
    }


def _token(ledger: str) -> str:
    """An API token for pages without a browser; opening the ledger first makes its file."""
    from smartcart.server.access.access import Access
    from smartcart.server.access.audit import Actor
    from smartcart.server.access.tokens import Scope
    from smartcart.server.database.database import open_database
    from smartcart.server.ledger.address import open_ledger

    open_ledger(ledger).close()
    office = open_database(ledger)
    _, secret = Access(office).tokens.create("bench", Scope.READ, 1, Actor(name="bench", via="command"))
    office.close()
    return secret

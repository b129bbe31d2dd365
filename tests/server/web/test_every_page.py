"""Every page there is, at every width, in light and dark: nothing cut off, nobody kept out, no complaint."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from wire_events import CATALOGUE, Trip

from smartcart.edge.contract.events import CameraHealth, Candidate
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.records import SessionKey
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

WIDTHS = (360, 768, 1440)
GRAVE = ("serious", "critical")
LONG = "c" * 64
COULD_BE = (
    Candidate(outcome="added", label="can", probability=0.5),
    Candidate(outcome="none", label=None, probability=0.5),
)
PAGES = (
    *(
        "",
        "queue",
        "numbers",
        "history",
        "history?q=nothing",
        "checkout",
        "door",
        "catalogue",
        "catalogue/product",
        "catalogue/product?sku=JAM",
    ),
    "catalogue/teach?sku=JAM",
    *("catalogue/import", "catalogue/shop", "screens", "accounts", "tokens", "audit", "password", "login"),
    *("carts/store-1/{cart}", "cart/store-1/{cart}", "cart/store-1/{cart}/checkout", "carts/store-1/nobody"),
    *("checkout/store-1/{cart}/{session}", "checkout/store-1/paid/{paid}", "receipt/{code}"),
)
WAYS_ON = {"/checkout/{store}/{cart}"}
"""Those that lead on to another page."""
NO_PAGES = ("/api/", "/static", "/openapi.json", "/healthz", "/readyz", "/metrics", "/pictures/", "/products/search")


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    options: dict[str, Any] = {"catalogue": CATALOGUE, "entrance": Entrance(is_open=True), "labels": ("can",)}
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, **options) as running,
    ):
        yield running


@pytest.fixture
def places(server: BasketServer, fake_carts: Any) -> list[str]:
    """The pages of a store with one of everything, under the longest names."""
    trip, missing, paid = Trip(cart=LONG), Trip(), Trip(cart="paid")
    cart = fake_carts(str(server._address), cart=LONG)
    cart.status(camera=CameraHealth.COVERED, outbox=7, outbox_nearly_full=True)
    cart.send_until_answered(
        *(trip.start(cup=1), trip.add("bottle", 1000), trip.add("W" * 64), trip.remove("can"), trip.add("jar")),
        *(trip.doubt("can", candidates=COULD_BE, evidence={"W" * 60: "M" * 60}), trip.doubt(None, candidates=())),
    )
    missing.start()  # never arrives
    fake_carts(str(server._address)).send_until_answered(missing.add("can"), missing.end())
    fake_carts(str(server._address), cart="paid").send_until_answered(paid.start(), paid.add("bottle", 2))
    code = pay(server, SessionKey(store="store-1", cart="paid", session=paid.session))
    found = {"cart": LONG, "session": trip.session, "paid": paid.session, "code": code}
    return [page.format(**found) for page in PAGES]


def pay(server: BasketServer, key: SessionKey) -> str:
    by = Actor(name="tester", via="command")
    server._till.close(key, by)
    receipt = server._till.pay(key, "pays", by).receipt
    assert receipt
    return receipt.code


@pytest.mark.parametrize(("scheme", "axe_width"), [("light", WIDTHS[0]), ("dark", WIDTHS[-1])])
def test_every_page_fits_and_is_open_to_everybody(
    browser: Browser, server: BasketServer, places: list[str], scheme: Any, axe_width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(base_url=server.url, color_scheme=scheme, reduced_motion="reduce")
    page, complaints = context.new_page(), list[str]()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for place in places:
        page.goto(place, wait_until="load")
        if page.locator("[data-live]").count():
            page.wait_for_selector("body.moving")
        assert page.get_by_text(f"Times of {server._zone.key}").count() == 1, place
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (place, width)
            if width == axe_width:
                assert findings(axe, page) == [], place
        refused = ["status of 404"] if place.endswith("nobody") else []
        assert [line for line in complaints if not any(words in line for words in refused)] == [], place
        complaints.clear()
    context.close()


def findings(axe: Any, page: Page) -> list[Any]:
    search = page.get_by_role("button", name=re.compile("Another product|Scan"))
    if search.count():
        search.first.click()  # with the dialog that is used most there
    found = axe.run(page).response["violations"]
    if search.count():
        page.keyboard.press("Escape")
    return [(v["id"], [n["target"] for n in v["nodes"]][:4]) for v in found if v["impact"] in GRAVE]


def test_no_page_was_left_out(server: BasketServer) -> None:
    known = [page.partition("?")[0] for page in PAGES]
    there = pages_of(server._web._server.config.app.routes)
    assert len(there) > 20
    for path in sorted(there - WAYS_ON):
        pattern = re.compile(re.sub(r"\{\w+\}", r"[^/]+", path.strip("/")))
        assert any(pattern.fullmatch(place) for place in known), path


def pages_of(routes: Iterable[Any]) -> set[str]:
    """The paths that a person can open, but files and streams."""
    found: set[str] = set()
    for route in routes:
        inner = getattr(route, "effective_route_contexts", None)
        for told in inner() if inner else [route]:
            path, methods = getattr(told, "path", ""), getattr(told, "methods", None) or ()
            if (
                "GET" in methods
                and not path.startswith(NO_PAGES)
                and not re.search(r"/live$|\.csv$|\.pdf$|/saw/|^/cart/.*/(scan|find|product)$", path)
            ):
                found.add(path)
    return found

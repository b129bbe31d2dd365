"""The dashboard in a real browser."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from wire_events import CATALOGUE, Trip

from smartcart.edge.events import CameraHealth
from smartcart.server.broker import EmbeddedBroker
from smartcart.server.service import BasketServer
from smartcart.server.web.entrance import Entrance

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT = 30_000
EVIL = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=60_000)
        yield running
        running.close()


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0) as running:
        yield running


@pytest.fixture
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    options: dict[str, Any] = {"ledger_url": "memory:", "catalogue": CATALOGUE, "entrance": Entrance(is_open=True)}
    with BasketServer(broker_url=broker.url, port=0, **options) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: BasketServer) -> Iterator[Page]:
    """An open dashboard that is connected, and that must not complain or ask anybody else."""
    opened = browser.new_page()
    opened.set_default_timeout(TIMEOUT)
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(server.url)
    opened.wait_for_selector("body.moving")
    yield opened
    opened.close()
    assert complaints == []
    assert all(url.startswith(server.url) for url in asked)


def test_an_event_appears_without_a_reload(page: Page, broker: EmbeddedBroker, fake_carts: Any) -> None:
    expect(page.get_by_text("No cart has told anything yet")).to_be_visible(timeout=TIMEOUT)
    page.evaluate("window.stillHere = true")
    cart, trip = fake_carts(broker.url), Trip()
    cart.status()
    cart.send_until_answered(trip.start(), trip.add("bottle", 2))
    card = page.get_by_role("article")
    expect(card.get_by_role("row")).to_contain_text(["Quantity", "The bottle"], timeout=TIMEOUT)
    expect(card.locator(".total strong")).to_have_text("€3.98", timeout=TIMEOUT)
    expect(card.get_by_text("Online", exact=True)).to_be_visible(timeout=TIMEOUT)
    cart.send_until_answered(trip.remove("bottle"))
    expect(card.locator(".total strong")).to_have_text("€1.99", timeout=TIMEOUT)
    expect(page.locator("#latest")).to_have_text("cart-1: The bottle removed", timeout=TIMEOUT)
    assert page.evaluate("window.stillHere")


def test_everything_that_needs_a_person_is_said(page: Page, broker: EmbeddedBroker, fake_carts: Any) -> None:
    cart, trip = fake_carts(broker.url), Trip()
    cart.status(camera=CameraHealth.COVERED, outbox=7)
    first = [trip.start(cup=1), trip.remove("can"), trip.doubt("bottle"), trip.add("jar")]
    lost = trip.add("can")
    cart.send_until_answered(*first, trip.add("no-such-thing"))
    cart.raw(b"\x00\xff")
    card = page.get_by_role("article")
    for words in (
        "Discrepancy 1 \N{MULTIPLICATION SIGN} The can",
        "To settle",
        "Incomplete",
        "Camera covered",
        "7 waiting on the cart",
        "Which one? HONEY, JAM",
        "was there at the start",
        "unpriced",
    ):
        expect(card).to_contain_text(words, timeout=TIMEOUT)
    expect(page.locator("#summary")).to_contain_text("1 needs a person", timeout=TIMEOUT)
    expect(page.locator("#summary")).to_contain_text("1 dead letter", timeout=TIMEOUT)
    cart.send_until_answered(lost)
    expect(card).not_to_contain_text("Incomplete", timeout=TIMEOUT)
    cart.vanish()
    expect(card.get_by_text("Offline")).to_be_visible(timeout=TIMEOUT)


def test_what_comes_over_the_wire_is_text(page: Page, broker: EmbeddedBroker, fake_carts: Any) -> None:
    cart, trip = fake_carts(broker.url), Trip()
    cart.send_until_answered(trip.start(**{EVIL: 1}), trip.add(EVIL), trip.doubt(EVIL), trip.remove(f"</b>{EVIL}"))
    refused = trip.add("can").to_json() | {"type": EVIL}
    cart.raw(str(refused).replace("'", '"').replace("None", "null").encode())
    cart.send_until_answered(trip.add("</article><hx-partial hx-target='body'>x</hx-partial>"))
    expect(page.get_by_role("article").locator("tbody")).to_contain_text(EVIL, timeout=TIMEOUT)
    expect(page.get_by_role("article").locator("tbody")).to_contain_text("<hx-partial", timeout=TIMEOUT)
    assert page.title() == "smartcart"
    assert page.locator("article img").count() == 0
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_role("article").locator("tbody")).to_contain_text(EVIL, timeout=TIMEOUT)
    assert page.title() == "smartcart"


def test_a_session_is_ended_by_a_button(page: Page, broker: EmbeddedBroker, fake_carts: Any) -> None:
    cart, trip = fake_carts(broker.url), Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page.get_by_role("button", name="End session of cart-1").click()
    expect(page.get_by_text("Asked the cart to end the session")).to_be_visible(timeout=TIMEOUT)
    cart.send_until_answered(trip.end())
    expect(page.get_by_role("button", name="Start session of cart-1")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("Session ended").first).to_be_visible(timeout=TIMEOUT)


def test_a_lost_server_is_said_and_found_again(browser: Browser, broker: EmbeddedBroker, fake_carts: Any) -> None:
    options: dict[str, Any] = {
        "broker_url": broker.url,
        "ledger_url": "memory:",
        "catalogue": CATALOGUE,
        "entrance": Entrance(is_open=True),
    }
    with BasketServer(**options, port=0) as first:
        url = first.url
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector("body.moving", timeout=TIMEOUT)
    expect(page.get_by_role("alert")).to_be_visible(timeout=TIMEOUT)
    with BasketServer(**options, port=int(url.rstrip("/").rpartition(":")[2])):
        cart, trip = fake_carts(broker.url), Trip()
        cart.send_until_answered(trip.start(), trip.add("can"))
        expect(page.locator(".total strong")).to_have_text("€0.89", timeout=TIMEOUT)
        expect(page.locator("#lost")).to_be_hidden(timeout=TIMEOUT)
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1920])
def test_nothing_is_cut_off_at_any_width(page: Page, broker: EmbeddedBroker, fake_carts: Any, width: int) -> None:
    name = "c" * 64
    cart, trip = fake_carts(broker.url, cart=name), Trip(cart=name)
    cart.status(camera=CameraHealth.COVERED, outbox=7)
    cart.send_until_answered(trip.start(), trip.add("bottle", 1000), trip.add("W" * 64))
    page.set_viewport_size({"width": width, "height": 800})
    expect(page.locator(".total strong")).to_have_text("€1,990.00", timeout=TIMEOUT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

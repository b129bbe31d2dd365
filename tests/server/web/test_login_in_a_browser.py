"""The doors in a real browser: no page complains, and everything works by keyboard."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from people import PASSWORD, TESTER, add_person, doors_of
from playwright.sync_api import Browser, Page, expect
from watched_pages import watched_pages
from wire_events import CATALOGUE, Trip

from smartcart.server.access.accounts import Role
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.views import feed

TIMEOUT = 30_000

NewPage = Callable[[], Page]


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, catalogue=CATALOGUE) as running,
    ):
        add_person(running, "boss", Role.ADMIN)
        add_person(running, "anna")
        yield running


@pytest.fixture
def new_page(browser: Browser, server: BasketServer) -> Iterator[NewPage]:
    """Pages of people apart from each other, which must not complain or ask anybody else."""
    with watched_pages(browser, server.url, timeout=TIMEOUT, refusal=401) as make:
        yield make


def sign_in(page: Page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.moving")


@pytest.fixture
def trip(server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest) -> Trip:
    trip = Trip(cart=request.node.name[:40].strip("[]").replace("[", "-"))
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(trip.start(), trip.add("bottle"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 2, timeout=20)
    return trip


def test_in_and_out_by_keyboard_alone(new_page: NewPage, trip: Trip) -> None:
    page = new_page()
    page.goto("/screens")
    expect(page).to_have_url(f"{page.url.split('/login')[0]}/login?next=/screens")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("anna")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cart screens")).to_be_visible()
    for _ in range(30):
        if page.evaluate("document.activeElement.textContent") == "Sign out":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_every_page_obeys_its_policy(new_page: NewPage, trip: Trip) -> None:
    page = new_page()
    sign_in(page, "boss")
    for name in ("Screens", "Accounts", "Tokens", "Audit", "boss", "Carts"):
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        expect(page.locator("nav [aria-current]")).to_have_text(name)
    page.goto("/tokens")
    page.get_by_label("Purpose").fill("a till")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator("#secret")).to_contain_text("smartcart_")
    page.get_by_role("button", name="Revoke a till").first.click()
    expect(page.get_by_role("row").filter(has_text="a till").first).to_contain_text("revoked")
    page.goto("/accounts")
    page.get_by_label("Name").fill("gina")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("rowheader", name="gina")).to_be_visible()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=x>x</p>')")
    broken = "() => { try { return new Function('return 1')() } catch (error) { return error.name } }"
    assert page.evaluate(broken) in (1, "EvalError")


def test_a_script_of_somebody_else_does_not_run(browser: Browser, server: BasketServer) -> None:
    page = browser.new_page()
    page.goto(server.url + "login")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'document.title = 1'; "
        "document.body.append(s); const b = document.createElement('button'); b.setAttribute('onclick', "
        "'document.title = 2'); b.id = 'b'; document.body.append(b); b.click() }"
    )
    assert page.title() == "Sign in · smartcart"
    page.close()


def test_an_open_page_leads_to_the_login_when_it_is_over(
    new_page: NewPage, server: BasketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.5)
    page = new_page()
    sign_in(page, "anna")
    doors = doors_of(server)
    doors.accounts.disable("anna", by=TESTER)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=TIMEOUT)
    doors.accounts.enable("anna", by=TESTER)


def test_a_screen_is_paired_by_hand_and_follows_its_cart(
    new_page: NewPage, server: BasketServer, trip: Trip, fake_carts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.5)
    staff, screen = new_page(), new_page()
    sign_in(staff, "anna")
    staff.goto("/screens")
    staff.get_by_role("button", name=f"Give a code for {trip.cart}").click()
    code = staff.locator("#code").inner_text()
    screen.goto(f"/cart/store-1/{trip.cart}")
    expect(screen.get_by_label("Code")).to_be_focused()
    screen.keyboard.type(code)
    expect(screen.get_by_label("Code")).to_have_value(code)
    screen.keyboard.press("Enter")
    expect(screen.locator(".total strong")).to_have_text("€1.99")
    screen.wait_for_selector("body.moving")
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.add("can"))
    expect(screen.locator(".total strong")).to_have_text("€2.88")
    staff.reload()
    staff.get_by_role("button", name=f"Remove the screen of {trip.cart}").click()
    expect(screen.get_by_label("Code")).to_be_visible(timeout=TIMEOUT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_at_the_doors(new_page: NewPage, trip: Trip, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = new_page()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in ("/login", "/cart/store-1/some-cart", "signed in", "/", "/accounts", "/tokens", "/password"):
        if path == "signed in":
            sign_in(page, "boss")
            continue
        page.goto(path)
        for width in (360, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        found = axe.run(page).response["violations"]
        assert [(v["id"], path) for v in found if v["impact"] in ("serious", "critical")] == []

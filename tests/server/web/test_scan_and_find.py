"""*Scan* and *Find* in a real browser: the shopper names a product by its number or its name, and it is added once."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from open_server import Open, open_server
from playwright.sync_api import Page, expect
from wire_events import CATALOGUE, COULD_BE, Trip, product

from smartcart.server.app.service import BasketServer
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

WATER, WRONG, NOBODYS = "4006381333931", "4006381333932", "96385074"
SHELF = Catalogue(
    [
        *CATALOGUE.products,
        product("water", 149, name="Mineral water 1 l", gtin=WATER),
        product("apple", 45, name="Apple, red", plu="4131"),
        product("green apple", 50, name="Apple, green", plu="4131"),
        product("cheese", 399, name="Käse, jung"),
        product("grapes", None, name="Crème de cassis"),
    ]
)
READS_CODES = f"""
window.BarcodeDetector = class {{
  static async getSupportedFormats() {{ return ["ean_13", "qr_code"]; }}
  async detect(video) {{ return video.videoWidth ? [{{ rawValue: "{WATER}" }}] : []; }}
}};
"""
"""What a tablet's browser has and Debian's Chromium lacks; the camera and its picture are the browser's own."""
CANNOT = "delete window.BarcodeDetector;"


@pytest.fixture
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    with open_server(broker, catalogue=SHELF) as running:
        yield running


def lines(server: BasketServer) -> list[tuple[str, int]]:
    basket = server.basket("store-1", "cart-1")
    assert basket
    return [(line.name, line.quantity) for line in basket.lines]


def dialog(screen: Page) -> Any:
    return screen.locator("#add")


def test_a_scanner_names_what_the_camera_could_not(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    doubt = trip.doubt(None, candidates=COULD_BE)
    cart.send_until_answered(trip.start(), doubt)
    screen, staff = open_page("cart/store-1/cart-1"), open_page("queue")
    screen.keyboard.type(WATER)  # with no field in sight
    screen.keyboard.press("Enter")
    add = dialog(screen)
    expect(add).to_contain_text("Mineral water 1 l")
    expect(add).to_contain_text("Is it what was just put in?")
    expect(add.get_by_role("button", name="Yes, it is that")).to_be_focused()
    screen.keyboard.press("Enter")
    expect(screen.locator("#said")).to_contain_text("That was 1 \N{MULTIPLICATION SIGN} Mineral water 1 l.")
    expect(screen.locator(".things li")).to_have_count(1)
    expect(screen.locator(".things li")).to_contain_text("scanned by you")
    expect(screen.locator(".question")).to_have_count(0)
    assert lines(server) == [("Mineral water 1 l", 1)]
    seen = staff.locator(".doubt.shopper")
    expect(seen).to_contain_text("The shopper has scanned")
    expect(seen).to_contain_text("€1.49")
    seen.get_by_role("button", name=re.compile("Right")).click()
    expect(staff.get_by_text("Nothing waits for you")).to_be_visible()
    expect(screen.locator(".things li")).to_contain_text("checked by the store")
    staff.goto("carts/store-1/cart-1")
    expect(staff.locator(f"#m-{doubt.id} .word").first).to_contain_text("the shopper scanned: 1")


def test_a_product_is_found_by_a_few_letters_and_added_by_hand(
    open_page: Open, cart: Any, server: BasketServer
) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start())
    screen, staff = open_page("cart/store-1/cart-1"), open_page("queue")
    screen.get_by_role("button", name="Find").click()
    add = dialog(screen)
    screen.keyboard.type("KAS")
    expect(add.locator(".choice")).to_have_count(1)
    expect(add.locator(".choice")).to_contain_text("€3.99")
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("Enter")
    expect(add.get_by_role("spinbutton")).to_have_value("1")
    add.get_by_role("button", name="One less").click()
    for _ in range(2):
        add.get_by_role("button", name="One more").click()
    expect(add.get_by_role("spinbutton")).to_have_value("3")
    add.get_by_role("button", name="Add", exact=True).click()
    expect(screen.locator(".things li")).to_contain_text("chosen by you")
    expect(screen.locator(".total strong")).to_have_text("€11.97")
    expect(staff.locator(".doubt.shopper")).to_contain_text("The shopper has chosen by name")
    expect(staff.locator(".doubt.shopper")).to_contain_text("The cart has told nothing of it")
    screen.get_by_role("button", name="Undo").click()
    expect(screen.locator("#said")).to_contain_text("Taken back")
    expect(screen.locator(".things:not(.out) li")).to_have_count(0)
    expect(staff.get_by_text("Nothing waits for you")).to_be_visible()
    assert lines(server) == []


def test_a_number_that_nobody_has_says_so_and_one_that_several_have_asks(
    open_page: Open, cart: Any, server: BasketServer
) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start())
    screen = open_page("cart/store-1/cart-1")
    screen.add_init_script(CANNOT)
    screen.reload()
    screen.get_by_role("button", name="Scan").click()
    add = dialog(screen)
    expect(add).to_contain_text("This browser cannot read codes by its camera")
    for number, why in (
        (WRONG, "its last digit does not fit the others"),
        (NOBODYS, f"No product here has the number {NOBODYS}"),
        ("40063813339", "has 11 digits"),
    ):
        add.get_by_label("Number under the bars").fill(number)
        screen.keyboard.press("Enter")
        expect(add.get_by_role("alert")).to_contain_text(why)
    add.get_by_label("Number under the bars").fill("4131")
    screen.keyboard.press("Enter")
    expect(add.locator(".choice")).to_have_count(2)
    add.locator(".choice").filter(has_text="green").click()
    expect(add.get_by_role("button", name="Add", exact=True)).to_be_focused()
    screen.keyboard.press("Enter")
    expect(add).to_be_hidden()
    expect(screen.locator(".things li")).to_contain_text("Apple, green")
    assert lines(server) == [("Apple, green", 1)]


def test_what_was_scanned_and_then_seen_is_asked_about(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start())
    screen = open_page("cart/store-1/cart-1")
    screen.get_by_role("button", name="Scan").click()
    add = dialog(screen)
    add.get_by_label("Number under the bars").fill("HONEY")
    screen.keyboard.press("Enter")
    add.get_by_role("button", name="Add", exact=True).click()
    expect(screen.locator(".things li")).to_have_count(1)
    cart.send_until_answered(trip.add("jar"))
    question = screen.locator(".question")
    expect(question).to_contain_text("You scanned The jar, and the cart saw something go in.")
    question.get_by_role("button", name="Yes: it is one").click()
    expect(question).to_have_count(0)
    assert lines(server) == [("The jar", 1)]
    cart.send_until_answered(trip.doubt("can", candidates=COULD_BE))
    expect(question.get_by_role("heading")).to_have_text("Is this right?")
    screen.keyboard.type(WATER)
    screen.keyboard.press("Enter")
    add.get_by_role("button", name="No, another one").click()
    question.get_by_role("button", name=re.compile("the one you scanned")).click()
    expect(question).to_have_count(0)
    assert lines(server) == [("The jar", 1), ("Mineral water 1 l", 1)]


def test_the_tablets_own_camera_reads_a_code(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start())
    screen = open_page("cart/store-1/cart-1", permissions=["camera"])
    screen.add_init_script(READS_CODES)
    screen.reload()
    screen.get_by_role("button", name="Scan").click()
    add = dialog(screen)
    expect(add).to_contain_text("Mineral water 1 l")
    add.get_by_role("button", name="Add", exact=True).click()
    expect(screen.locator(".things li")).to_contain_text("scanned by you")
    expect(screen.locator("#scan-view")).to_have_js_property("srcObject", None)  # the camera is let go
    assert lines(server) == [("Mineral water 1 l", 1)]


def test_a_double_press_and_a_second_try_add_once(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start())
    screen = open_page("cart/store-1/cart-1")
    screen.keyboard.type(WATER)
    screen.keyboard.press("Enter")
    card = dialog(screen).locator("[data-card]")
    body = card.evaluate("f => Object.fromEntries(new FormData(f))")
    headers = screen.evaluate("JSON.parse(document.body.getAttribute('hx-headers:inherited'))")
    headers |= {"Origin": server.url.rstrip("/"), "HX-Request": "true"}
    answers = [screen.request.post("cart/store-1/cart-1/add", form=body, headers=headers) for _ in range(2)]
    assert [answer.json() for answer in answers] == [answers[0].json()] * 2
    dialog(screen).get_by_role("button", name="Add", exact=True).dblclick()
    expect(screen.locator(".things li")).to_have_count(1)
    assert lines(server) == [("Mineral water 1 l", 1)]
    cart.send_until_answered(trip.end())
    refused = screen.request.post("cart/store-1/cart-1/add", form=body | {"key": "another-key"}, headers=headers)
    assert (refused.status, refused.text()) == (409, "your trip has ended: ask the staff to add something")
    expect(screen.get_by_role("button", name="Scan")).to_have_count(0)

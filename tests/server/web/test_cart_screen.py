"""The cart's screen in a real browser: what the shopper sees, is asked and may say."""

import io
import re
from typing import Any

import httpx
import pytest
from open_server import PRESSED_TWICE, Open
from PIL import Image
from playwright.sync_api import expect
from wire_events import COULD_BE, Trip

from smartcart.edge.contract.events import CameraHealth, Candidate
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

HEARD = """() => {
  const make = BaseAudioContext.prototype.createOscillator;
  BaseAudioContext.prototype.createOscillator = function () { window.rung = true; return make.call(this); };
}"""
"""Has a page remember that it rang."""


def test_a_shopper_sees_each_item_and_answers(open_page: Open, cart: Any) -> None:
    trip = Trip()
    screen, staff = open_page("cart/store-1/cart-1"), open_page("queue")
    expect(screen.get_by_text("Your basket is empty")).to_be_visible()
    cart.send_until_answered(trip.start(), trip.add("bottle", 2), trip.add("can"))
    expect(screen.locator(".things:not(.out) li")).to_have_count(2)
    cart.send_until_answered(trip.remove("can"))
    expect(screen.locator(".things.out")).to_contain_text("The can")
    expect(screen.locator(".total strong")).to_have_text("€3.98")
    doubt = trip.doubt("can", candidates=COULD_BE)
    cart.send_until_answered(doubt)
    expect(staff.locator(".doubt.uncertain")).to_have_count(1)
    question = screen.locator(".question")
    expect(question.get_by_role("heading")).to_have_text("Is this right?")
    question.get_by_role("button", name=re.compile("The can")).click()
    expect(question).to_have_count(0)
    expect(screen.locator(".total strong")).to_have_text("€4.87")
    expect(screen.get_by_role("link", name="Checkout")).to_have_attribute("href", "/cart/store-1/cart-1/checkout")
    seen = staff.locator(".doubt.shopper")
    expect(seen).to_contain_text("“1 \N{MULTIPLICATION SIGN} The can put in”")
    seen.get_by_role("button", name=re.compile("Right")).click()
    expect(staff.get_by_text("Nothing waits for you")).to_be_visible()
    staff.goto("carts/store-1/cart-1")
    expect(staff.locator(f"#m-{doubt.id} .word")).to_have_text(
        [
            re.compile("the shopper: 1 \N{MULTIPLICATION SIGN} The can put in"),
            re.compile("anybody here: 1 \N{MULTIPLICATION SIGN} The can put in"),
        ]
    )


def test_what_the_store_corrects_is_said_on_the_screen(open_page: Open, cart: Any) -> None:
    trip = Trip()
    wrong = trip.add("can")
    cart.send_until_answered(trip.start(), wrong, trip.add("jar"))
    screen, staff = open_page("cart/store-1/cart-1"), open_page("carts/store-1/cart-1")
    staff.locator(".choice").filter(has_text="€3.20").click()
    line = screen.locator(".things:not(.out) li").filter(has_text="€3.20")
    expect(line).to_contain_text("checked by the store")
    assert line.evaluate("e => getComputedStyle(e).animationName") == "pop"
    staff.keyboard.press("a")
    staff.keyboard.type("bottle")
    expect(staff.locator("#found button")).to_have_count(1)
    staff.keyboard.press("Enter")
    expect(screen.locator(".things:not(.out) li").first).to_contain_text("added by the store")
    staff.locator(f"#m-{wrong.id} summary").click()
    staff.locator(f"#m-{wrong.id}").get_by_role("button", name="It was something else").click()
    staff.get_by_role("button", name="Nothing happened").click()
    expect(screen.locator(".things.out li")).to_contain_text("taken off by the store")
    expect(screen.locator(".total strong")).to_have_text("€5.19")


def test_who_taps_twice_answers_once(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), *(trip.doubt("can", candidates=COULD_BE) for _ in range(2)))
    screen = open_page("cart/store-1/cart-1")
    screen.evaluate(PRESSED_TWICE)
    first = screen.locator(".question").get_attribute("id")
    screen.locator(".choice").first.click()
    expect(screen.locator(".question")).not_to_have_id(first or "")
    screen.wait_for_timeout(500)
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert (basket.corrections, len(basket.uncertain)) == (1, 1)


def test_help_reaches_the_store_first_of_all_and_ends_with_the_trip(
    open_page: Open, broker: EmbeddedBroker, cart: Any, server: BasketServer, fake_carts: Any
) -> None:
    trip, worse = Trip(), Trip(cart="a-cart")
    cart.send_until_answered(trip.start(), trip.add("can"))
    fake_carts(broker.url, cart="a-cart").send_until_answered(worse.start(), worse.remove("can"))
    screen, staff = open_page("cart/store-1/cart-1"), open_page(permissions=["notifications"])
    expect(staff.get_by_role("article").first).to_contain_text("a-cart")
    bell = staff.get_by_role("button", name="Alerts")
    expect(bell).to_have_attribute("aria-pressed", "false")
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "true")
    staff.evaluate(HEARD)
    screen.get_by_role("button", name="Help").click()
    expect(screen.get_by_text("Help is called")).to_be_visible()
    assert httpx.get(f"{server.url}api/v1/carts").json()[1]["attention"] == ["Asks for help"]
    first = staff.get_by_role("article").first
    expect(first).to_contain_text("Asks for help")
    expect(staff.get_by_role("link", name="cart-1 asks for help")).to_be_visible()
    expect(staff.locator("#calling")).to_have_text("1")
    expect(staff).to_have_title("(1) smartcart")
    staff.wait_for_function("window.rung")
    screen.get_by_role("button", name="Paying").click()
    expect(first).to_contain_text("Asks for help: paying")
    first.get_by_role("button", name="I am on my way").click()
    expect(screen.get_by_text("Somebody is on the way")).to_be_visible()
    expect(staff.locator("#calling")).to_be_empty()
    expect(staff).to_have_title("smartcart")
    staff.get_by_role("link", name="cart-1").click()
    staff.get_by_role("button", name="Helped").click()
    screen.get_by_role("button", name="Help").click()
    expect(staff.get_by_text("Called at")).to_be_visible()
    cart.send_until_answered(trip.end())
    expect(staff.get_by_text("Called at")).to_have_count(0)
    expect(screen.get_by_role("button", name="Help")).to_be_visible()


def test_a_shopper_cannot_say_what_was_not_offered(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    start, doubt, added = trip.start(), trip.doubt("can", candidates=COULD_BE), trip.add("bottle")
    cart.send_until_answered(start, doubt, added)
    screen = open_page("cart/store-1/cart-1")
    token = screen.evaluate("JSON.parse(document.body.getAttribute('hx-headers:inherited'))")
    headers = token | {"Origin": server.url.rstrip("/")}
    for corrects, action, label, sku in (
        (doubt.id, "added", "jar", "HONEY"),
        (doubt.id, "removed", "can", "CAN"),
        (added.id, "none", "", ""),
    ):
        form = {"corrects": corrects, "action": action, "label": label, "sku": sku}
        assert screen.request.post("cart/store-1/cart-1/answer", form=form, headers=headers).status == 409, form
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert basket.corrections == 0


def test_the_candidates_are_shown_by_their_pictures_in_the_catalogue(
    open_page: Open, cart: Any, server: BasketServer
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "green").save(picture, "PNG")
    place = f"{server.url}api/v1/catalogue/picture"
    assert httpx.put(place, params={"sku": "CAN"}, content=picture.getvalue()).status_code == 204
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE))
    screen = open_page("cart/store-1/cart-1")
    choices = screen.locator(".question .choice")
    expect(choices).to_have_text([re.compile("The can"), re.compile("The bottle")])
    expect(choices.nth(0).locator("img")).to_have_js_property("naturalWidth", 40)
    expect(choices.nth(1).locator("svg")).to_be_visible()


def test_a_cart_that_cannot_tell_says_so(open_page: Open, cart: Any, broker: EmbeddedBroker, fake_carts: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    screen = open_page("cart/store-1/cart-1")
    notice = screen.locator("#screen-notice")
    expect(notice).to_be_empty()
    cart.vanish()
    expect(notice).to_contain_text("This cart is offline")
    again = fake_carts(broker.url)
    again.status(camera=CameraHealth.COVERED)
    expect(notice).to_contain_text("Camera covered")
    again.status()
    expect(notice).to_be_empty()
    again.send_until_answered(trip.add("bottle"))
    expect(screen.locator("#screen-told")).to_have_text("The bottle added. Total €2.88.")


@pytest.mark.parametrize("size", [(360, 740), (768, 1024), (1280, 800), (1024, 600), (800, 480)])
def test_total_and_checkout_stay_in_sight(open_page: Open, cart: Any, size: tuple[int, int]) -> None:
    trip = Trip()
    labels = [f"thing {n}" for n in range(14)]
    cart.send_until_answered(trip.start(), *(trip.add(label) for label in ["can", *labels]))
    screen = open_page("cart/store-1/cart-1", viewport={"width": size[0], "height": size[1]})
    before = screen.get_by_role("link", name="Checkout").bounding_box()
    jar = Candidate(outcome="added", label="jar", probability=0.1)  # which is one of two
    cart.send_until_answered(trip.doubt("can", candidates=(*COULD_BE, jar)))
    for seen in (screen.locator(".total strong"), screen.get_by_role("link", name="Checkout")):
        expect(seen).to_be_in_viewport(ratio=1)
    answers = screen.locator(".question button")
    for answer in answers.all() if size[0] > size[1] else answers.all()[:1]:  # what stands upright may be moved up
        expect(answer).to_be_in_viewport(ratio=1)
    assert screen.get_by_role("link", name="Checkout").bounding_box() == before  # nothing moves under the finger

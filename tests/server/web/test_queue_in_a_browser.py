"""The queue in a real browser: what the carts could not decide is settled by a press or by keys, and undone."""

import re
from dataclasses import replace
from typing import Any

from open_server import PRESSED_TWICE, Open
from playwright.sync_api import Page, expect
from processes import wait_until
from wire_events import COULD_BE, Trip

from smartcart.edge.contract.events import Candidate
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer


def steady(page: Page) -> None:
    """What has just moved is not pressed."""
    page.wait_for_timeout(450)


def test_an_uncertain_event_is_settled_by_one_press(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE), trip.add("jar"))
    page = open_page("queue")
    expect(page.locator(".doubt")).to_have_count(2)
    steady(page)
    page.get_by_role("button", name=re.compile("The bottle")).click()
    expect(page.locator(".doubt")).to_have_count(1)  # a locator that fits two is refused at once, not waited for
    expect(page.locator(".doubt h3")).to_have_text("Which jar is it?")
    steady(page)
    page.locator(".choice").filter(has_text="€3.20").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    expect(page.locator("#waiting")).to_be_empty()
    page.goto("carts/store-1/cart-1")
    expect(page.locator("#cart-basket .total strong")).to_have_text("€5.19")
    expect(page.locator("#cart-timeline .word").first).to_contain_text("anybody here")


def test_the_queue_is_worked_by_keyboard_alone(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), *(trip.doubt("can", candidates=COULD_BE) for _ in range(4)))
    page = open_page("")
    page.keyboard.press("q")
    expect(page.locator(".doubt")).to_have_count(4)
    page.wait_for_selector("body.moving")
    page.keyboard.press("j")
    page.keyboard.press("2")
    focused = page.locator(":focus")
    expect(focused).to_contain_text("The bottle")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".doubt")).to_have_count(3)
    expect(page.locator(".doubt").first).to_be_focused()  # the next one takes over
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator(".doubt")).to_have_count(2)
    page.keyboard.press("s")
    page.keyboard.type("honey")
    expect(page.locator("#found button")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".doubt")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert sorted(line.sku or "" for line in basket.lines) == ["BOTTLE", "CAN", "HONEY"]


def test_what_was_settled_is_undone_by_a_key_or_a_press(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    doubt = trip.doubt("can", candidates=COULD_BE)
    cart.send_until_answered(trip.start(), doubt, trip.add("jar", 2))
    page = open_page("queue")
    expect(page.locator(".doubt")).to_have_count(2)
    steady(page)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("1 \N{MULTIPLICATION SIGN} The bottle put in.")
    expect(page.locator(".doubt")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator("#said")).to_contain_text("Taken back")
    expect(page.locator(".doubt")).to_have_count(2)
    steady(page)
    page.locator(".doubt.which .choice").first.click()
    expect(page.locator(".doubt")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".doubt")).to_have_count(2)
    page.goto("carts/store-1/cart-1")
    expect(page.locator(f"#m-{doubt.id} .word")).to_contain_text("taken back by anybody here")
    page.keyboard.press("a")
    page.keyboard.type("honey")
    expect(page.locator("#found button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#cart-basket .total strong")).to_have_text("€3.20")
    by_hand = page.locator("#cart-timeline li.by_hand")
    by_hand.locator("summary").click()
    by_hand.get_by_role("button", name=re.compile("Take back")).click()
    expect(page.locator("#cart-basket .total strong")).to_have_text("unpriced")
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert (len(basket.uncertain), basket.counts) == (1, {"jar": 2})


def test_what_somebody_else_has_settled_is_not_settled_again(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE))
    page = open_page("queue")
    page.route("**/queue/live", lambda route: route.abort())
    form = page.locator(".choices form").first
    body = form.evaluate("f => Object.fromEntries(new FormData(f))")
    token = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers:inherited'))")
    where = form.get_attribute("action") or ""
    origin = {"Origin": server.url.rstrip("/")}
    assert page.request.post(where, form=body, headers=token | origin).status == 200
    answer = page.request.post(where, form=body, headers=token | origin | {"HX-Request": "true"})
    assert (answer.status, answer.text()) == (409, "anybody here has settled this already")


def test_what_moves_up_under_the_finger_is_not_pressed(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), *(trip.doubt("can", candidates=COULD_BE) for _ in range(3)))
    page = open_page("queue")
    expect(page.locator("#queue-count")).to_have_text("3")
    page.evaluate(PRESSED_TWICE)
    page.locator(".doubt .choice").first.click()
    expect(page.locator(".doubt")).to_have_count(2)
    expect(page.locator("#queue-count")).to_have_text("2")
    steady(page)
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert basket.corrections == 1
    page.locator(".doubt .choice").first.click()
    expect(page.locator(".doubt")).to_have_count(1)


def test_a_scanner_is_quicker_than_the_answer(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE))
    page = open_page("queue")
    page.keyboard.press("s")
    page.keyboard.type("JAM")
    expect(page.locator("#found button")).to_have_count(1)  # the jam
    page.keyboard.press("Control+A")
    page.keyboard.type("HONEY")
    page.keyboard.press("Enter")  # while the jam is shown still
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert [line.sku for line in basket.lines] == ["HONEY"]


def test_a_key_counts_from_the_moment_a_dialog_is_closed(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE))
    page = open_page("queue")
    page.keyboard.press("s")
    expect(page.locator("#find-words")).to_be_focused()
    page.evaluate(
        """() => {
            document.getElementById("find").close();
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "s", bubbles: true }));
        }"""
    )  # no frame is drawn between the two
    expect(page.locator("#find-words")).to_be_focused()
    expect(page.locator("#find")).to_be_visible()


def test_another_product_that_was_taken_out_goes_out(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    could_be = (Candidate(outcome="removed", label="can", probability=0.6),)
    cart.send_until_answered(trip.start(), trip.add("can"), trip.add("bottle"), trip.doubt("can", candidates=could_be))
    page = open_page("queue")
    expect(page.locator(".doubt h3")).to_have_text("What was taken out?")
    page.keyboard.press("s")
    expect(page.get_by_label("taken out")).to_be_checked()
    page.keyboard.type("BOTTLE")
    expect(page.locator("#found button")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_hidden()  # at once, also with something typed
    page.keyboard.press("s")
    page.keyboard.type("BOTTLE")  # the same words again are looked for again
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert basket.counts == {"can": 1}


def test_every_page_counts_the_same_and_offers_the_price_that_the_basket_takes(
    open_page: Open, cart: Any, server: BasketServer
) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), *(trip.doubt("can", candidates=COULD_BE) for _ in range(2)), trip.add("jar"))
    can = server._products.find("CAN")
    assert can
    server._products.save(replace(can, price=149), Actor(name="anna", via="login"), new=False)
    screen, page, numbers = open_page("cart/store-1/cart-1"), open_page("queue"), open_page("numbers")
    wait_until(lambda: server._catalogue.match("can", None).price == 149)
    screen.locator(".choice").first.click()
    expect(page.locator(".doubt.shopper")).to_have_count(1)
    for place in ("#waiting", "#queue-count"):
        expect(page.locator(place)).to_have_text("3")
    expect(numbers.locator("#numbers-tiles div").filter(has_text="Still to settle").locator("dd")).to_have_text("3")
    page.goto("")
    expect(page.get_by_role("article")).to_contain_text("3 to settle")
    for shown in (screen, open_page("queue")):
        expect(shown.locator(".choice").filter(has_text="The can").first).to_contain_text("€0.89")
    expect(screen.locator(".total strong")).to_have_text("€0.89")

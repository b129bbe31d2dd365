"""The carts' page, one cart's page, the queue and the cart's screen in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from wire_events import CATALOGUE, Trip

from smartcart.edge.events import CameraHealth, Candidate
from smartcart.server.broker import EmbeddedBroker
from smartcart.server.service import BasketServer
from smartcart.server.web.entrance import Entrance

TIMEOUT = 60_000
EVIL = '<img src=x onerror="document.title=1">'
COULD_BE = (
    Candidate(outcome="added", label="can", probability=0.5),
    Candidate(outcome="added", label="bottle", probability=0.3),
    Candidate(outcome="none", label=None, probability=0.2),
)

Open = Callable[..., Page]


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0) as running:
        yield running


def make_server(broker: EmbeddedBroker, ledger_url: str = "memory:", port: int = 0) -> BasketServer:
    options: dict[str, Any] = {"catalogue": CATALOGUE, "entrance": Entrance(is_open=True)}
    return BasketServer(broker_url=broker.url, ledger_url=ledger_url, port=port, **options)


@pytest.fixture
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    with make_server(broker) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, server: BasketServer) -> Iterator[Open]:
    """Opens pages that are connected, and that must not complain or ask anybody else."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    asked: list[str] = []

    def make(path: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(base_url=server.url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path, wait_until="commit")
        page.wait_for_selector("body.moving")
        return page

    expect.set_options(timeout=TIMEOUT)
    yield make
    for context in contexts:
        context.close()
    assert [line for line in complaints if "status of 409" not in line] == []
    assert all(url.startswith(server.url) for url in asked)


@pytest.fixture
def cart(broker: EmbeddedBroker, server: BasketServer, fake_carts: Any) -> Any:
    cart = fake_carts(broker.url)
    cart.status()
    return cart


# --- all carts ------------------------------------------------------------------------------------------------------


def test_an_event_appears_without_a_reload(open_page: Open, broker: EmbeddedBroker, fake_carts: Any) -> None:
    page = open_page()
    expect(page.get_by_text("No cart has told anything yet")).to_be_visible()
    page.evaluate("window.stillHere = true")
    cart, trip = fake_carts(broker.url), Trip()
    cart.status()
    cart.send_until_answered(trip.start(), trip.add("bottle", 2))
    card = page.get_by_role("article")
    expect(card.locator(".total strong")).to_have_text("€3.98")
    expect(card.locator(".total")).to_contain_text("2 items")
    expect(card.get_by_text("Online", exact=True)).to_be_visible()
    cart.send_until_answered(trip.remove("bottle"))
    expect(card.locator(".total strong")).to_have_text("€1.99")
    expect(page.locator("#latest")).to_have_text("cart-1: The bottle removed")
    cart.vanish()
    expect(card.get_by_text("Offline")).to_be_visible()
    again = fake_carts(broker.url)
    again.status()
    expect(card.get_by_text("Online", exact=True)).to_be_visible()
    assert page.evaluate("window.stillHere")


def test_carts_that_need_somebody_come_first(open_page: Open, broker: EmbeddedBroker, fake_carts: Any) -> None:
    page = open_page()
    trips = [Trip(cart=f"cart-{n}") for n in range(4)]
    carts = [fake_carts(broker.url, cart=trip.cart) for trip in trips]
    for cart, trip in zip(carts, trips, strict=True):
        cart.status()
        cart.send_until_answered(trip.start(), trip.add("can"))
    cards = page.get_by_role("article")
    expect(cards.locator("h3 a")).to_have_text(["cart-0", "cart-1", "cart-2", "cart-3"])
    carts[2].send_until_answered(trips[2].doubt("can", candidates=COULD_BE))
    carts[3].send_until_answered(trips[3].remove("bottle"))
    carts[3].status(camera=CameraHealth.COVERED, outbox=7)
    expect(cards.locator("h3 a")).to_have_text(["cart-3", "cart-2", "cart-0", "cart-1"])
    for words in ("1 discrepancy", "Camera covered", "7 waiting on the cart"):
        expect(cards.first).to_contain_text(words)
    expect(cards.nth(1)).to_contain_text("1 to settle")
    expect(page.locator("#summary")).to_contain_text("2 need a person")
    expect(page.locator("#waiting")).to_have_text("1")
    carts[1].status(outbox=900, outbox_nearly_full=True)
    expect(cards.filter(has_text="Outbox nearly full").locator("h3 a")).to_have_text("cart-1")
    expect(page.locator("#summary")).to_contain_text("3 need a person")
    carts[1].status(outbox=1000, outbox_nearly_full=True, outbox_full=True)
    expect(cards.filter(has_text="Outbox full: takes no more events")).to_have_count(1)
    carts[1].status()
    carts[0].raw(b"\x00\xff")
    expect(page.locator("#summary")).to_contain_text("1 dead letter")
    page.keyboard.press("/")
    page.keyboard.type("art-1")
    page.keyboard.press("Enter")
    expect(cards.locator("h3 a")).to_have_text(["cart-1"])


def test_what_comes_over_the_wire_is_text(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(**{EVIL: 1}), trip.add(EVIL), trip.doubt(EVIL), trip.remove(f"</b>{EVIL}"))
    refused = trip.add("can").to_json() | {"type": EVIL}
    cart.raw(str(refused).replace("'", '"').replace("None", "null").encode())
    evil_facts = {EVIL: EVIL, "n": 1.5}
    cart.send_until_answered(trip.add("</section><hx-partial hx-target='body'>x</hx-partial>", evidence=evil_facts))
    for path in ("", "carts/store-1/cart-1", "queue", "cart/store-1/cart-1"):
        page = open_page(path)
        title = page.title()
        expect(page.locator("main")).to_contain_text("<img src=x" if path else "<hx-partial")
        cart.send_until_answered(trip.add("can"))
        page.wait_for_timeout(500)
        assert page.title() == title
        assert page.locator("main img[src=x]").count() == 0


# --- one cart -------------------------------------------------------------------------------------------------------


def test_a_cart_is_told_from_beginning_to_end(open_page: Open, cart: Any) -> None:
    trip = Trip()
    first = [trip.start(cup=1), trip.add("bottle", confidence=0.91, evidence={"carried": True, "seen": 0.8})]
    cart.send_until_answered(*first, trip.remove("can"), trip.add("jar"))
    page = open_page("carts/store-1/cart-1")
    expect(page.locator("#cart-timeline li[id]")).to_have_count(4)
    lost = trip.add("can")
    cart.send_until_answered(trip.add("bottle"))
    expect(page.locator("#cart-timeline")).to_contain_text("Event 5 is missing")
    expect(page.locator("#cart-basket")).to_contain_text("Incomplete event 5 is still on the way")
    expect(page.locator("#cart-basket")).to_contain_text("Discrepancy 1 \N{MULTIPLICATION SIGN} The can")
    expect(page.locator("#cart-basket")).to_contain_text("was there at the start")
    expect(page.locator("#cart-basket")).to_contain_text("Which one? HONEY, JAM")
    told = page.locator(f"#m-{first[1].id}")
    expect(told).to_contain_text("91%")
    told.locator("summary").click()
    expect(told.locator(".facts")).to_contain_text("carried")
    cart.send_until_answered(lost)
    expect(page.locator("#cart-timeline")).not_to_contain_text("missing")
    expect(told.locator(".facts")).to_be_visible()  # what was opened stays open
    cart.send_until_answered(trip.end())
    again = Trip()
    cart.send_until_answered(again.start(), again.add("can"))
    expect(page.locator("#cart-basket .total strong")).to_have_text("€0.89")
    page.reload()
    page.get_by_text("Earlier sessions (1)").click()
    page.get_by_role("link", name=trip.session).click()
    expect(page.locator("#cart-head")).to_contain_text("An earlier session")
    expect(page.locator("#cart-basket")).to_contain_text("The bottle")


def test_a_cart_leads_to_its_checkout_and_its_receipt(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page = open_page("carts/store-1/cart-1")
    page.locator("#cart-head").get_by_role("link", name="Checkout").click()
    page.get_by_role("button", name="Close the basket").click()
    page.get_by_role("button", name="Pay €0.89").click()
    expect(page.get_by_role("link", name="Show the receipt")).to_be_visible()
    page.get_by_role("link", name="The cart", exact=True).click()
    expect(page.locator("#cart-head")).to_contain_text("Paid")
    page.get_by_role("link", name="Receipt store-1-000001").click()
    expect(page.get_by_role("heading", name="Receipt store-1-000001")).to_be_visible()


def test_a_session_is_ended_by_a_button(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page = open_page("carts/store-1/cart-1")
    page.get_by_role("button", name="End session of cart-1").click()
    expect(page.get_by_text("Asked the cart to end the session")).to_be_visible()
    cart.send_until_answered(trip.end())
    expect(page.get_by_role("button", name="Start session of cart-1")).to_be_visible()


def test_a_basket_is_corrected_by_hand(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    first, taken = [trip.start(), trip.add("bottle", 2)], trip.add("can")
    cart.send_until_answered(*first, taken)
    page = open_page("carts/store-1/cart-1")
    total = page.locator("#cart-basket .total strong")
    expect(total).to_have_text("€4.87")
    page.get_by_role("button", name="Change The bottle").click()
    page.locator("#change input[type=number]").fill("5")
    page.get_by_role("button", name="Set it").click()
    expect(total).to_have_text("€10.84")
    page.keyboard.press("a")
    page.keyboard.type("hon")
    expect(page.locator("#found button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(total).to_have_text("€14.04")
    page.locator(f"#m-{taken.id} summary").click()
    page.locator(f"#m-{taken.id}").get_by_role("button", name="It was something else").click()
    page.get_by_role("button", name="Nothing happened").click()
    expect(total).to_have_text("€13.15")
    page.get_by_role("button", name="Change The bottle").click()
    page.get_by_role("button", name="Remove it").click()
    expect(total).to_have_text("€3.20")
    expect(page.locator("#find, #change").filter(visible=True)).to_have_count(0)
    expect(page.locator("#cart-timeline .word")).to_have_count(4)
    expect(page.locator("#cart-timeline")).to_contain_text("anybody here: nothing happened")
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert basket.corrections == 4


def test_what_stood_in_the_basket_is_confirmed(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(bottle=2, can=1), trip.add("can"))
    page = open_page("carts/store-1/cart-1")
    expect(page.locator("#cart-basket .total strong")).to_have_text("€0.89")
    page.get_by_role("button", name="To be paid: bottle").click()
    expect(page.locator("#cart-basket .total strong")).to_have_text("€4.87")
    page.get_by_role("button", name="Not the shopper's: can").click()
    expect(page.locator("#cart-basket")).not_to_contain_text("was there at the start")
    expect(page.locator("#cart-basket .total strong")).to_have_text("€4.87")


def test_a_line_that_changed_meanwhile_is_not_changed_blindly(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page = open_page("carts/store-1/cart-1")
    page.get_by_role("button", name="Change The can").click()
    cart.send_until_answered(trip.add("can"))
    expect(page.locator("#cart-basket td.count")).to_have_text("2")
    page.locator("#change input[type=number]").fill("3")
    page.get_by_role("button", name="Set it").click()
    expect(page.locator("#said")).to_contain_text("changed meanwhile")


# --- the queue ------------------------------------------------------------------------------------------------------


def test_an_uncertain_event_is_settled_by_one_press(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.doubt("can", candidates=COULD_BE), trip.add("jar"))
    page = open_page("queue")
    expect(page.locator(".doubt")).to_have_count(2)
    page.get_by_role("button", name=re.compile("The bottle")).click()
    expect(page.locator(".doubt")).to_have_count(1)  # a locator that fits two is refused at once, not waited for
    expect(page.locator(".doubt h3")).to_have_text("Which jar is it?")
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
    cart.send_until_answered(trip.start(), doubt, trip.add("jar", 2, time="2026-01-02T03:05:05.678Z"))
    page = open_page("queue")
    expect(page.locator(".doubt")).to_have_count(2)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("1 \N{MULTIPLICATION SIGN} The bottle put in.")
    expect(page.locator(".doubt")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator("#said")).to_contain_text("Taken back")
    expect(page.locator(".doubt")).to_have_count(2)
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


# --- the cart's screen ----------------------------------------------------------------------------------------------


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


def test_help_reaches_the_store(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    screen, staff = open_page("cart/store-1/cart-1"), open_page()
    screen.get_by_role("button", name="Help").click()
    expect(screen.get_by_text("Help is called")).to_be_visible()
    assert httpx.get(f"{server.url}api/v1/carts").json()[0]["attention"] == ["Asks for help"]
    expect(staff.get_by_role("article")).to_contain_text("Asks for help")
    staff.get_by_role("link", name="cart-1").click()
    staff.get_by_role("button", name="I am on my way").click()
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


# --- what may go wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "carts/store-1/cart-1", "queue", "cart/store-1/cart-1"])
def test_a_lost_server_is_said_and_found_again(
    browser: Browser, broker: EmbeddedBroker, fake_carts: Any, tmp_path: Path, path: str
) -> None:
    ledger = f"sqlite:///{tmp_path / 'l.sqlite'}"
    trip = Trip()
    with make_server(broker, ledger) as first:
        cart = fake_carts(broker.url)
        cart.send_until_answered(trip.start(), trip.add("bottle"))
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(first.url + path)
        page.wait_for_selector("body.moving")
        port = int(first.url.rstrip("/").rpartition(":")[2])
    expect(page.locator("#lost")).to_be_visible(timeout=TIMEOUT)
    page.evaluate("window.stillHere = true")
    with make_server(broker, ledger, port):
        cart.send_until_answered(trip.doubt("can", candidates=COULD_BE))
        words = "to settle" if path in ("", "carts/store-1/cart-1") else "The can"
        expect(page.locator("#content")).to_contain_text(words, timeout=TIMEOUT)
        expect(page.locator("#lost")).to_be_hidden(timeout=TIMEOUT)
    assert page.evaluate("window.stillHere")
    page.close()


# --- how much it is --------------------------------------------------------------------------------------------------


def transferred(page: Page) -> int:
    script = "performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)"
    return int(page.evaluate(script))


@pytest.mark.parametrize("path", ["", "cart/store-1/cart-1"])
def test_a_first_page_is_light(open_page: Open, cart: Any, path: str) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page = open_page(path)
    assert 10_000 < transferred(page) < 100_000

"""The carts' page and one cart's page in a real browser, and what may go wrong with an open page."""

from pathlib import Path
from typing import Any

import pytest
from open_server import TIMEOUT, Open, open_server
from playwright.sync_api import Browser, Page, expect
from wire_events import COULD_BE, Trip

from smartcart.edge.contract.events import CameraHealth
from smartcart.server.app.service import BasketServer
from smartcart.server.carts import shift_book
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

EVIL = '<img src=x onerror="document.title=1">'


# --- all carts ------------------------------------------------------------------------------------------------------


def test_an_event_appears_without_a_reload(open_page: Open, broker: EmbeddedBroker, fake_carts: Any) -> None:
    page = open_page()
    expect(page.get_by_text("No cart has reported yet")).to_be_visible()
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
    expect(card).to_contain_text("Connection lost while shopping")
    again = fake_carts(broker.url)
    again.status()
    expect(card.get_by_text("Online", exact=True)).to_be_visible()
    expect(card).not_to_contain_text("Connection lost")
    again.send_until_answered(trip.add("can"))
    expect(card.locator(".total strong")).to_have_text("€2.88")
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
    expect(cards.filter(has_text="Outbox full: accepts no more events")).to_have_count(1)
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
    page.get_by_role("link", name="Earlier sessions").click()
    page.locator("tbody a").last.click()
    expect(page.locator("#cart-head")).to_contain_text("An earlier session")
    expect(page.locator("#cart-basket")).to_contain_text("The bottle")


def test_a_discrepancy_leaves_the_list_by_one_press(
    open_page: Open, broker: EmbeddedBroker, cart: Any, fake_carts: Any
) -> None:
    trip, ended = Trip(), Trip(cart="cart-0")
    gone = fake_carts(broker.url, cart="cart-0")
    gone.status()
    gone.send_until_answered(ended.start(), ended.remove("can"), ended.end())
    cart.send_until_answered(trip.start(), trip.remove("can"))
    cards = open_page("").get_by_role("article")
    expect(cards.first).to_contain_text("cart-0")
    gone.vanish()
    expect(cards.first).to_contain_text("cart-1")  # an ended trip does not go before one that goes on
    page = open_page("carts/store-1/cart-1")
    expect(page.get_by_role("button", name="Another product was taken out")).to_be_visible()
    page.get_by_role("button", name="Nothing to take off").click()
    expect(page.locator("#cart-basket")).not_to_contain_text("Discrepancy")
    expect(cards.filter(has_text="cart-1")).not_to_contain_text("discrepancy")


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
    source = page.locator("#cart-basket .lines tr").filter(has_text="The can").get_by_role("link")
    expect(source).to_have_text("the camera, 90%")
    source.click()
    expect(page.locator(":target")).to_have_id(f"m-{taken.id}")
    expect(page.locator("#cart-basket .lines tr").last).to_contain_text("from anybody here")
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


# --- what may go wrong ----------------------------------------------------------------------------------------------


def test_a_lost_server_is_said_and_found_again_by_every_page(
    browser: Browser, broker: EmbeddedBroker, fake_carts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_book, "KEPT_SECONDS", 0.0)
    ledger = f"sqlite:///{tmp_path / 'l.sqlite'}"
    trip = Trip()
    changes = {
        "": "1 to settle",
        "carts/store-1/cart-1": "What was put in?",
        "queue": "What was put in?",
        "numbers": "Uncertain33.3 %",
        "checkout": "and 1 without a price",
        f"checkout/store-1/cart-1/{trip.session}": "The camera was not sure about",
        "cart/store-1/cart-1": "Is this right?",
        "cart/store-1/cart-1/checkout": "A member of staff must help first",
    }
    with open_server(broker, ledger) as first:
        cart = fake_carts(broker.url)
        cart.send_until_answered(trip.start(), trip.add("bottle"))
        pages = {path: browser.new_context().new_page() for path in changes}
        for path, page in pages.items():
            page.set_default_timeout(TIMEOUT)
            page.goto(first.url + path)
            page.wait_for_selector("body.moving")
        port = int(first.url.rstrip("/").rpartition(":")[2])
    for page in pages.values():
        expect(page.locator("#lost")).to_be_visible(timeout=TIMEOUT)
        page.evaluate("window.stillHere = true")
    with open_server(broker, ledger, port):
        cart.send_until_answered(trip.add("bread"), trip.doubt("can", candidates=COULD_BE))
        for path, page in pages.items():
            expect(page.locator("#content")).to_contain_text(changes[path], timeout=TIMEOUT)
            expect(page.locator("#lost")).to_be_hidden(timeout=TIMEOUT)
            assert page.evaluate("window.stillHere"), path
    for page in pages.values():
        page.context.close()


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
    names = page.evaluate("performance.getEntries().map(entry => entry.name)")
    assert not any("uPlot" in name for name in names)  # charts only where they are shown

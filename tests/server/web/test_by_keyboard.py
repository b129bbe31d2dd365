"""What a shift and a shopper do, in a real browser, by keyboard alone: no mouse, and nothing that a page is told."""

import re
from typing import Any

from open_server import Open
from playwright.sync_api import Page, expect
from wire_events import COULD_BE, Trip

from smartcart.server.app.service import BasketServer

WHERE = """() => {
  const here = document.activeElement;
  return here.labels?.[0]?.textContent.trim() ?? here.getAttribute("aria-label") ?? here.textContent.trim();
}"""

IS_SHOWN = """() => [null, "::after"].some(part => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement, part);
  return outlineStyle === "solid" && outlineWidth === "3px";
})"""


def tab_to(page: Page, words: str) -> None:
    """Goes on by Tab to what is called so, and sees that it shows where one is."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if re.match(words, page.evaluate(WHERE)):
            assert page.evaluate(IS_SHOWN), words
            return
    raise AssertionError(f"no way by Tab to {words!r}")


def enter(page: Page, words: str) -> None:
    tab_to(page, words)
    page.keyboard.press("Enter")


def follow(page: Page, words: str) -> None:
    """To another page, or to this one as it is afterwards."""
    tab_to(page, words)
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")


def test_a_basket_is_corrected_and_paid(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("can"))
    page = open_page("")
    enter(page, "To the content")
    follow(page, "cart-1$")
    page.wait_for_selector("body.moving")
    enter(page, "Change The can")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.locator("#cart-basket .total strong")).to_have_text("€2.67")
    page.reload()
    enter(page, "To the content")
    follow(page, "Checkout")
    follow(page, "Close the basket")
    tab_to(page, "Test card that pays")
    page.keyboard.press("ArrowDown")
    follow(page, "Pay €2.67")
    expect(page.locator("#declined")).to_be_visible()
    tab_to(page, "Test card that pays")
    follow(page, "Pay €2.67")
    follow(page, "Show the receipt")
    follow(page, "Let through")
    expect(page.locator(".verdict b")).to_have_text("Good")


def test_a_product_is_added(open_page: Open, server: BasketServer) -> None:
    page = open_page("")
    follow(page, "Catalogue")
    follow(page, "Add a product")
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("Rye bread")
    tab_to(page, "Code")
    page.keyboard.type("RYE")
    tab_to(page, "Price")
    page.keyboard.type("2.49")
    tab_to(page, "Camera labels")
    page.keyboard.type("loaf")
    follow(page, "Add the product")
    expect(page.get_by_role("link", name="Rye bread")).to_be_visible()
    assert server._catalogue.match("loaf", None).price == 249


def test_a_shopper_answers_and_calls_for_help(open_page: Open, cart: Any) -> None:
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("bottle"), trip.doubt("can", candidates=COULD_BE))
    screen = open_page("cart/store-1/cart-1")
    enter(screen, "The can")
    expect(screen.locator(".question")).to_have_count(0)
    expect(screen.locator(".total strong")).to_have_text("€2.88")
    enter(screen, "Help")
    expect(screen.get_by_text("Help is called")).to_be_visible()

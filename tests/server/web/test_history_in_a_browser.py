"""History in a real browser: a session of any day is found by what a person remembers of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from open_server import Open
from playwright.sync_api import expect
from wire_events import Trip, key_of, stored

from smartcart.edge.contract.times import rfc3339
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer

ANNA = Actor(name="anna", via="login")


def test_a_session_is_found_by_day_cart_product_amount_receipt_and_person(
    open_page: Open, cart: Any, server: BasketServer
) -> None:
    yesterday = rfc3339(datetime.now(UTC) - timedelta(days=1))
    old, older, now = Trip(), Trip(cart="cart-4"), Trip()
    for trip, label, day in (
        (older, "jar", rfc3339(datetime.now(UTC) - timedelta(days=9))),
        (old, "bottle", yesterday),
    ):
        told = [trip.start(), trip.add(label, 3), trip.end()]
        server._ledger.commit([replace(stored(event), stored_at=day) for event in told])
    cart.send_until_answered(now.start(), now.add("can"))
    server._till.close(key_of(now), ANNA)
    receipt = server._till.pay(key_of(now), "pays", ANNA).receipt
    assert receipt
    page = open_page("")
    page.get_by_role("link", name="History").click()
    rows = page.locator("tbody tr")
    for words, count in (("", 3), ("bottle", 1), ("5,97", 1), ("anna", 1), (receipt.title, 1), ("bottle anna", 0)):
        page.get_by_label("Product, amount, receipt or person").fill(words)
        page.get_by_role("button", name="Find").click()
        expect(rows).to_have_count(count)
    page.goto("history?cart=CART-4")
    expect(rows).to_have_text([re.compile("cart-4")])
    page.goto("history")
    page.get_by_role("link", name="Yesterday").click()
    expect(rows).to_have_count(1)
    expect(rows.first.get_by_role("link")).to_contain_text(yesterday[:10])
    rows.first.get_by_role("link").click()
    expect(page.locator("#cart-head")).to_contain_text("An earlier session, of")
    expect(page.locator("#cart-timeline time").first).to_contain_text(yesterday[:10])

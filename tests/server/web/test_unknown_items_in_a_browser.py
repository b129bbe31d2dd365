"""An item that the cart saw come or go and has no word for: staff see its picture, and name it or dismiss it."""

import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from open_server import Open, open_server
from playwright.sync_api import expect
from wire_events import Trip

from smartcart.edge.contract.events import Candidate, Channel, Picture
from smartcart.edge.contract.picture_parts import PARTS, with_parts
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker


@pytest.fixture
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    with open_server(broker, evidence=True) as running:
        yield running


def unknown(*outcomes: Any) -> tuple[Candidate, ...]:
    return tuple(Candidate(outcome=outcome, label=None, probability=0.4) for outcome in (*outcomes, "none"))


def test_an_unknown_item_is_named_or_dismissed_by_its_picture(open_page: Open, cart: Any, server: BasketServer) -> None:
    trip = Trip()
    put_in, taken_out, either = (
        trip.doubt(None, candidates=unknown(*way)) for way in (("added",), ("removed",), ("added", "removed"))
    )
    jpeg = cv2.imencode(".jpg", np.full((30, 40, 3), 90, np.uint8))[1].tobytes()
    cart.send_until_answered(trip.start(can=1), put_in, taken_out, either)
    row = with_parts(cv2.imencode(".jpg", np.full((320, 976, 3), 90, np.uint8))[1].tobytes(), PARTS)
    for event, shown in ((put_in, jpeg), (either, row)):
        cart.raw(Picture(event_id=event.id, jpeg=shown).to_bytes(), cart.topic(Channel.EVIDENCE))
    page = open_page("queue")
    first = page.locator(f"#d-{put_in.id}")
    expect(first.get_by_role("heading")).to_have_text("Unknown item put in?")
    expect(first.get_by_alt_text("What the camera saw")).to_be_visible()
    expect(page.locator(f"#d-{taken_out.id} h3")).to_have_text("Unknown item taken out?")
    expect(page.locator(f"#d-{either.id} h3")).to_have_text("Unknown item put in or taken out?")
    expect(first.locator("figcaption")).to_have_text("the camera saw")
    in_doubt = page.locator(f"#d-{either.id}")
    expect(in_doubt.get_by_alt_text("What the camera saw: before, item, after")).to_be_visible()
    expect(in_doubt.locator("figcaption span")).to_have_text(["before", "the item", "after"])
    page.locator(f"#d-{taken_out.id}").get_by_role("button", name="Name it").click()
    expect(page.get_by_label("taken out")).to_be_checked()
    page.get_by_role("button", name="Cancel").click()
    first.get_by_role("button", name="Name it").click()
    page.keyboard.type("honey")
    page.locator("#found button").click()
    expect(first).to_have_count(0)
    page.wait_for_timeout(450)  # what has just moved is not pressed
    page.locator(f"#d-{taken_out.id}").get_by_role("button", name=re.compile("Nothing happened")).click()
    expect(page.locator(".doubt")).to_have_count(1)
    basket = server.basket("store-1", "cart-1")
    assert basket
    assert "HONEY" in {line.sku for line in basket.lines}
    assert [doubt.event_id for doubt in basket.uncertain] == [either.id]
    page.goto("carts/store-1/cart-1")
    expect(page.locator(f"#m-{either.id}")).to_contain_text("unknown item")
    page.goto("cart/store-1/cart-1")
    expect(page.locator("#screen-question")).to_contain_text("went in or out")
    expect(page.locator("#screen-question figcaption span")).to_have_text(["before", "the item", "after"])
    page.set_viewport_size({"width": 800, "height": 480})
    for answer in page.locator(".question button").all():
        expect(answer).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("queue")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

"""The store's side of pictures: what is taken, how much of it, and when it is forgotten."""

from collections.abc import Iterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from processes import wait_until
from wire_events import CATALOGUE, Trip, new_id

from smartcart.edge.contract.events import Channel, ContractError, Picture, Topic
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.records import SessionKey
from smartcart.server.ledger.port import Erasure
from smartcart.server.mqtt import evidence as evidence_module
from smartcart.server.mqtt import evidence_sweep
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.mqtt.evidence import MOST, MOST_OF_CART, EvidenceBox, size_of
from smartcart.server.site.entrance import Entrance


def jpeg(width: int = 40, height: int = 30) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def topic(cart: str = "cart-1") -> Topic:
    return Topic(store="store-1", cart=cart, channel=Channel.EVIDENCE)


def message(event: str, data: bytes | None = None) -> bytes:
    return Picture(event_id=event, jpeg=data or jpeg()).to_bytes()


def test_a_picture_is_found_by_its_own_cart_alone() -> None:
    box, event = EvidenceBox(is_on=True), new_id()
    box.take(topic(), message(event))
    box.take(topic("cart-2"), message(event, jpeg(20, 20)))  # the first counts
    assert box.find(("store-1", "cart-1"), event) == jpeg()
    assert box.find(("store-1", "cart-2"), event) is None
    assert box.events_of(("store-1", "cart-1")) == {event}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"x" * 36,
        message(new_id())[:-2],
        message("x" * 36),
        message(new_id(), b"\xff\xd8\xff\xd9"),
        message(new_id(), jpeg() + b"\0" * 70_000 + b"\xff\xd9"),
        message(new_id(), jpeg(1025, 10)),
        message(new_id(), b"\xff\xd8\xff<svg onload=alert(1)>\xff\xd9"),
    ],
)
def test_what_is_no_small_jpeg_is_refused(payload: bytes) -> None:
    box = EvidenceBox(is_on=True)
    with pytest.raises(ContractError):
        box.take(topic(), payload)
    assert box.carts() == set()


def test_nothing_is_taken_unless_it_is_switched_on() -> None:
    with pytest.raises(ContractError, match="keeps no pictures"):
        EvidenceBox(is_on=False).take(topic(), message(new_id()))


def test_number_and_age_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    box, events = EvidenceBox(is_on=True), [new_id() for _ in range(MOST_OF_CART + 5)]
    for event in events:
        box.take(topic(), message(event))
    assert box.events_of(("store-1", "cart-1")) == set(events[5:])
    for number in range(MOST + 50):
        box.take(topic(f"cart-{number}"), message(new_id()))
    assert len(box._kept) == MOST
    monkeypatch.setattr(evidence_module, "LONGEST_SECONDS", -1.0)
    assert box.find(("store-1", "cart-300"), events[0]) is None
    assert len(box._kept) == 0


def test_the_size_is_that_of_the_picture() -> None:
    assert size_of(jpeg(33, 44)) == (33, 44)
    assert size_of(b"\xff\xd8\xff\xe0\0\0\xff\xd9") is None


@pytest.fixture
def server() -> Iterator[BasketServer]:
    options: dict[str, Any] = {"ledger_url": "memory:", "catalogue": CATALOGUE, "entrance": Entrance(is_open=True)}
    with EmbeddedBroker(port=0) as broker, BasketServer(broker_url=broker.url, port=0, evidence=True, **options) as run:
        yield run


def test_from_the_cart_to_the_page_and_gone_with_the_session(
    server: BasketServer, fake_carts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_module, "EVENT_SECONDS", 0.0)
    cart, trip = fake_carts(str(server._address)), Trip()
    start, added = trip.start(), trip.add("can")
    cart.send_until_answered(start, added)
    cart.raw(message(added.id), cart.topic(Channel.EVIDENCE))
    cart.raw(b"rubbish", cart.topic(Channel.EVIDENCE))
    with httpx.Client(base_url=server.url, timeout=30) as web:
        place = f"api/v1/carts/store-1/cart-1/events/{added.id}/picture"
        wait_until(lambda: web.get(place).status_code == 200)
        answer = web.get(place)
        assert (answer.content, answer.headers["content-type"]) == (jpeg(), "image/jpeg")
        assert answer.headers["cache-control"] == "no-store"
        assert place in web.get("carts/store-1/cart-1").text
        assert web.get("api/v1/dead-letters").json()["count"] == 0
        key = SessionKey(store="store-1", cart="cart-1", session=trip.session)
        erasure = Erasure(id=new_id(), by="tester", time="2026-01-02T03:04:05.678Z")
        server._ledger.erase_session(key, erasure)
        evidence_sweep.sweep((server._evidence,), server._ledger)
        assert web.get(place).status_code == 404

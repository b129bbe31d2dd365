"""The server end to end: a real broker, real clients, a real ledger file."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wire_events import CATALOGUE, Trip

from smartcart.server.service import BasketServer


@pytest.fixture
def make_server(broker_url: str, tmp_path: Path) -> Callable[[], BasketServer]:
    return lambda: BasketServer(
        broker_url=broker_url, ledger_url=f"sqlite:///{tmp_path / 'l.sqlite'}", port=0, catalogue=CATALOGUE
    )


@pytest.fixture
def server(make_server: Callable[[], BasketServer]) -> Iterator[BasketServer]:
    with make_server() as running:
        yield running


def get(server: BasketServer, path: str) -> Any:
    with urllib.request.urlopen(server.url + path, timeout=10) as answer:
        return json.load(answer)


def test_events_become_a_basket_and_are_acknowledged(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    events = [trip.start(), trip.add("bottle"), trip.add("can"), trip.remove("can")]
    fake_cart.send_until_answered(*events)
    basket = server.wait_for("store-1", "cart-1", lambda b: b.events == 4, timeout=10)
    assert basket is not None
    assert basket.counts == {"bottle": 1}
    assert basket.total_minor == 199
    assert get(server, "api/carts/store-1/cart-1")["counts"] == {"bottle": 1}

"""What a cart sends that cannot be taken is bounded, counted once and shown."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from processes import wait_until
from wire_events import CATALOGUE, Trip, new_id

from smartcart.edge.contract.events import Channel
from smartcart.server.app.service import BasketServer
from smartcart.server.carts.attention import reasons
from smartcart.server.carts.carts import CartView
from smartcart.server.ledger.port import CART_LETTERS, TOO_MANY_SESSIONS, SetAside
from smartcart.server.runtime.clock import utc_now
from smartcart.server.site.entrance import Entrance


def make_server(broker_url: str, file: Path) -> BasketServer:
    options: dict[str, Any] = {"broker_url": broker_url, "ledger_url": f"sqlite:///{file}", "port": 0}
    return BasketServer(**options, catalogue=CATALOGUE, entrance=Entrance(is_open=True))


def told(server: BasketServer, path: str) -> Any:
    with urllib.request.urlopen(server.url + path, timeout=30) as answer:
        return json.load(answer)


def dead_letters(server: BasketServer) -> int:
    return int(told(server, "api/v1/dead-letters")["count"])


def test_retained_rubbish_is_counted_once_however_often_a_server_starts(
    tmp_path: Path, broker_url: str, fake_cart: Any
) -> None:
    seen = []
    bad = Trip().add("can").to_json() | {"confidence": 7}
    for number in range(3):
        with make_server(broker_url, tmp_path / "l.sqlite") as server:
            if number == 0:
                fake_cart.raw(b"rubbish", retain=True)
                fake_cart.raw(b"no status", fake_cart.topic(Channel.STATUS), retain=True)
                fake_cart.raw(json.dumps(bad).encode(), "smartcart/v1/store-1/cart-9/events", retain=True)
                wait_until(lambda: dead_letters(server) == 3)
            trip = Trip(cart="cart-1")
            fake_cart.send_until_answered(trip.start())  # behind what the broker had retained
            seen.append(dead_letters(server))
    assert seen == [3, 3, 3]


def test_the_page_of_a_cart_says_what_was_set_aside(tmp_path: Path, broker_url: str, fake_cart: Any) -> None:
    with make_server(broker_url, tmp_path / "l.sqlite") as server:
        fake_cart.send_until_answered(Trip().start())
        for _ in range(2):
            fake_cart.raw(b"rubbish " + new_id().encode())
        wait_until(lambda: "2 messages set aside" in told(server, "api/v1/carts")[0]["attention"])
        with urllib.request.urlopen(server.url + "carts/store-1/cart-1", timeout=30) as answer:
            assert "2 messages set aside" in answer.read().decode()
    with make_server(broker_url, tmp_path / "l.sqlite") as server:  # and after a restart
        assert "2 messages set aside" in told(server, "api/v1/carts")[0]["attention"]


def test_a_quota_that_is_reached_is_bad_news() -> None:
    def words(count: int, reason: str) -> list[tuple[str, bool]]:
        letters = SetAside(count=count, last=utc_now(), reason=reason)
        view = CartView(store="s", cart="c", basket=None, status=None, last=(), asked=None, set_aside=letters)
        return [(found.text, found.is_bad) for found in reasons(view)]

    assert words(1, "bad") == [("1 message set aside", False)]
    assert words(CART_LETTERS, "bad") == [("More than 1000 messages set aside, only the newest are kept", True)]
    assert words(5, TOO_MANY_SESSIONS) == [("Starts too many sessions: they are refused", True)]

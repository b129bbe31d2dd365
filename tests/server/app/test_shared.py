"""Several servers on one broker and one PostgreSQL ledger, real processes and killed ones among them."""

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from people import TESTER, add_person, forget_tries, send, sign_in
from processes import Mosquitto, wait_until
from wire_events import CATALOGUE, Trip, new_id

from smartcart.edge.contract.broker_address import BrokerAddressError
from smartcart.edge.contract.events import CameraHealth, Command, Correction
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.records import Closing, SessionKey
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import LedgerError
from smartcart.server.ledger.replay import replay
from smartcart.server.ledger.verification import verify
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

COMMAND = (sys.executable, "-c", "import sys; from smartcart.scripts.main import main; sys.exit(main())")
LABELS = ("bottle", "can", "carton")


class Servers:
    """Server processes of one group, each with the address of its pages."""

    def __init__(self, broker_url: str, ledger_url: str) -> None:
        self._words = ["server", "--broker", broker_url, "--ledger", ledger_url, "--shared", "store-1", "--port", "0"]
        self.running: dict[str, subprocess.Popen[str]] = {}
        words = [*COMMAND, "admin", "token", "create", "tests", "--ledger", ledger_url]
        self._token = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def start(self) -> str:
        process = subprocess.Popen([*COMMAND, *self._words], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        found = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert found
        self.running[found.group()] = process
        return found.group()

    def carts_of(self, url: str) -> Any:
        request = urllib.request.Request(f"{url}/api/v1/carts", headers={"Authorization": f"Bearer {self._token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return {
                cart["cart"]: {name: cart[name] for name in ("session", "items", "total_minor", "state")}
                for cart in json.load(answer)
            }

    def kill(self, url: str) -> None:
        process = self.running.pop(url)
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def servers(mosquitto: Mosquitto, postgres_url: str) -> Iterator[Servers]:
    group = Servers(mosquitto.url, postgres_url)
    yield group
    for url in list(group.running):
        group.kill(url)


@pytest.fixture
def pair(mosquitto: Mosquitto, postgres_url: str) -> Iterator[list[BasketServer]]:
    """Two servers in this process."""
    options: dict[str, Any] = {"broker_url": mosquitto.url, "ledger_url": postgres_url, "group": "store-1"}
    with (
        BasketServer(**options, port=0, catalogue=CATALOGUE) as one,
        BasketServer(**options, port=0, catalogue=CATALOGUE) as other,
    ):
        yield [one, other]


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(
    servers: Servers, mosquitto: Mosquitto, postgres_url: str, fake_carts: Callable[..., Any]
) -> None:
    urls = [servers.start(), servers.start()]
    trips = [Trip(cart=f"cart-{n}") for n in range(4)]
    events = {
        trip.cart: [trip.start(), *((trip.remove if i % 5 == 4 else trip.add)(LABELS[i % 3]) for i in range(99))]
        for trip in trips
    }
    carts = {trip.cart: fake_carts(mosquitto.url, cart=trip.cart) for trip in trips}
    senders = [
        threading.Thread(target=carts[name].send_until_answered, args=told, kwargs={"timeout": 120})
        for name, told in events.items()
    ]
    for sender in senders:
        sender.start()
    dice = random.Random(6)
    for _ in range(3):
        time.sleep(dice.uniform(0.05, 0.4))
        servers.kill(urls.pop(dice.randrange(2)))
        urls.append(servers.start())
    for sender in senders:
        sender.join()
    ledger = open_ledger(postgres_url, existing=True)
    assert verify(ledger).whole
    told = {}
    for trip in trips:
        key = SessionKey(store=trip.store, cart=trip.cart, session=trip.session)
        assert [entry.event for entry in ledger.session(key).events] == events[trip.cart]
        basket = replay(ledger, key)
        assert basket
        told[trip.cart] = {
            "session": trip.session,
            "items": basket.items,
            "total_minor": basket.total_minor,
            "state": "open",
        }
        assert basket.items == 61
        assert carts[trip.cart].rejected == {}
    ledger.close()
    for url in urls:
        wait_until(lambda url=url: servers.carts_of(url) == told)  # type: ignore[misc]


def test_each_shows_what_another_has_committed(
    pair: list[BasketServer], mosquitto: Mosquitto, postgres_url: str, fake_carts: Callable[..., Any]
) -> None:
    cart, trip = fake_carts(mosquitto.url), Trip()
    events = [trip.start(), *(trip.add("can") for _ in range(20))]
    cart.send_until_answered(*events)
    ledger = open_ledger(postgres_url, existing=True)
    key = SessionKey(store=trip.store, cart=trip.cart, session=trip.session)
    for server in pair:
        assert server.wait_for("store-1", "cart-1", lambda b: b.items == 20, 20)
    word = Correction(
        id=new_id(),
        corrects=None,
        action="removed",
        label="can",
        sku=None,
        quantity=5,
        by="ann",
        time=trip.start().time,
    )
    ledger.correct(key, word, Match())
    for server in pair:
        assert server.wait_for("store-1", "cart-1", lambda b: b.items == 15 and b.corrections == 1, 20)
    wait_until(lambda: any(c.action == "show_corrections" for c in cart.commands))
    ledger.close_session(key, Closing(id=new_id(), by="till", time=word.time))
    for server in pair:
        assert server.wait_for("store-1", "cart-1", lambda b: b.state == "ended", 20)
    wait_until(lambda: Command(action="end_session", session=trip.session) in cart.commands)
    cart.send_until_answered(trip.event(trip.end().type))
    ledger.close()


def test_what_one_is_told_beside_the_ledger_the_other_follows(
    pair: list[BasketServer], mosquitto: Mosquitto, fake_carts: Callable[..., Any]
) -> None:
    here, there = pair
    cart, trip, at = fake_carts(mosquitto.url), Trip(), ("store-1", "cart-1")
    cart.send_until_answered(trip.start())
    for server in pair:
        assert server.wait_for(*at, lambda b: b.events == 1, 20)
    here._calls.call(at, TESTER, trip.session)
    here._requests.ask(at, "end", trip.session, TESTER)
    found = here._products.find("CAN")
    assert found
    here._products.save(replace(found, price=77), TESTER, new=False)
    wait_until(lambda: there._calls.of(at) and there._commands.asked(at) == "end")
    wait_until(lambda: there._catalogue.match("can", None).price == 77)


def test_who_guesses_at_two_doors_is_stopped_at_both(pair: list[BasketServer]) -> None:
    add_person(pair[0], "anna")
    here, there = (httpx.Client(base_url=server.url, timeout=30) for server in pair)
    with here, there:
        wrong = [sign_in(at, "anna", "wrong password").status_code for at in (here, there) * 6]
        assert wrong == [401] * 10 + [429] * 2
        assert [sign_in(at, "anna").status_code for at in (here, there)] == [429] * 2
        forget_tries(pair[0])
        place = "cart/store-1/cart-1"
        codes = [send(at, place, code="AAAAAA").status_code for at in (here, there) * 6]
        assert codes == [401] * 10 + [429] * 2
        forget_tries(pair[1])
        assert [sign_in(at, "anna").status_code for at in (here, there)] == [303] * 2


def test_every_server_shows_statuses_and_one_buries_what_is_none(
    pair: list[BasketServer], mosquitto: Mosquitto, postgres_url: str, fake_carts: Callable[..., Any]
) -> None:
    cart = fake_carts(mosquitto.url)
    cart.status(camera=CameraHealth.COVERED)
    for server in pair:
        wait_until(lambda server=server: (view := server.view("store-1", "cart-1")) and view.online)  # type: ignore[misc]
    for _ in range(10):
        cart.raw(b"{}", "smartcart/v1/store-1/cart-1/status")
    ledger = open_ledger(postgres_url, existing=True)
    wait_until(lambda: ledger.dead_letter_count() == 10)
    cart.raw(b"junk")
    wait_until(lambda: ledger.dead_letter_count() == 11)
    ledger.close()


def test_what_cannot_be_shared_is_said(tmp_path: Any, postgres_url: str) -> None:
    with pytest.raises(LedgerError, match="one ledger in PostgreSQL"):
        BasketServer(broker_url="mqtt://127.0.0.1:1", ledger_url=f"sqlite:///{tmp_path / 'l'}", group="a")
    with pytest.raises(BrokerAddressError, match="common name"):
        BasketServer(broker_url="mqtt://127.0.0.1:1", ledger_url=postgres_url, group="a/b")
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url=postgres_url, port=0, group="a") as server,
    ):
        wait_until(lambda: "MQTT 5" in (server._subscriber.health.broker or ""))

"""Inputs that once failed in a store (``../shared/cases``): files of spreadsheets, clocks, zones, twins."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import paho.mqtt.client as mqtt
import pytest
from open_server import open_server
from paho.mqtt.enums import CallbackAPIVersion
from people import TESTER, doors_of
from processes import wait_until
from wire_events import Trip

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import Channel, Event, EventType, ModelName, Topic
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.server.access.tokens import Scope
from smartcart.server.app.service import BasketServer
from smartcart.server.carts.shift import shift_of
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.zone import mark

CASES = Path(__file__).parents[3] / "shared" / "cases"
PATTERNS = ("csv_*", "time_*", "mqtt_dates", "mqtt_clock", "mqtt_twins")
FOUND = sorted({folder.name for pattern in PATTERNS for folder in CASES.glob(pattern)})
NAMES = FOUND or [pattern.replace("*", "any") for pattern in PATTERNS]
TIMEOUT = 60.0


@dataclass
class Store:
    """A server with its broker, somebody who may look and write, and a place for files."""

    server: BasketServer
    broker: EmbeddedBroker
    web: httpx.Client
    folder: Path
    caplog: pytest.LogCaptureFixture

    def send(self, *events: Event) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        for event in events:
            topic = str(Topic(store=event.store, cart=event.cart, channel=Channel.EVENTS))
            client.publish(topic, event.to_bytes(), qos=1).wait_for_publish(TIMEOUT)
        client.disconnect()
        client.loop_stop()

    def attention(self, cart: str) -> str:
        carts = self.web.get("api/v1/carts").json()
        return "; ".join(word for told in carts if told["cart"] == cart for word in told["attention"])


@pytest.fixture
def store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Store]:
    with EmbeddedBroker(port=0) as broker, open_server(broker, zone=ZoneInfo("Europe/Berlin")) as server:
        secret = doors_of(server).tokens.create("till", Scope.WRITE, None, TESTER)[1]
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=server.url, timeout=TIMEOUT, headers=headers) as web:
            yield Store(server=server, broker=broker, web=web, folder=tmp_path, caplog=caplog)


def files_of_spreadsheets(store: Store, case: Path) -> None:
    """Taken whole; or what is wrong with it, or what hardly can be meant, is named."""
    files = sorted(case.glob("*.csv"))
    assert files
    for file in files:
        answer = store.web.post(
            "api/v1/catalogue/import", content=file.read_bytes(), headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code in (200, 422), file.name
        told = answer.json()
        if answer.status_code == 422:
            assert re.search("column|line|UTF-8|text", answer.text), file.name
            continue
        assert told["new"] + told["changed"] + told["unchanged"] + len(told["bad"]) > 0, file.name
        assert all(row["reason"] and row["value"] for row in told["bad"]), file.name
        if file.stem in ("blank_rows", "empty_columns", "sep_line", "tax_fraction"):
            assert (told["new"], told["bad"]) == (1, []), file.name
            prices = [d["after"] for change in told["changes"] for d in change["differences"] if d["column"] == "price"]
            assert prices == ["199"], file.name
        columns = [warning["column"] for warning in told["warnings"]]
        assert ("tax" in columns) == (file.stem == "tax_fraction"), file.name


def hours_of_zones(store: Store, case: Path) -> None:
    """Hours begin on the hour, each once, and every page names the zone."""
    for name, now in (("Asia/Kolkata", "2026-10-25T05:05:00Z"), ("Europe/Berlin", "2026-10-25T03:30:00Z")):
        shift = shift_of([], datetime.fromisoformat(now), 12, ZoneInfo(name))
        assert {hour.begin.minute for hour in shift.hours} == {0}
        assert len({mark(hour.begin, "%Y-%m-%d %H:%M") for hour in shift.hours}) == 12
    for place in ("", "queue", "numbers", "checkout", "catalogue", "audit"):
        assert "Times of Europe/Berlin" in store.web.get(place).text, place


def dates_that_do_not_exist(store: Store, case: Path) -> None:
    """Refused, and no page shows what is no number."""
    times = re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", (case / "README").read_text()) or ["2026-13-45T99:99:99Z"]
    for number, time in enumerate([*times, "2026-06-30T23:59:60Z"]):
        trip = Trip(cart=f"cart-{number}")
        store.send(trip.event(EventType.SESSION_STARTED, initial={}, time=time), trip.add("can"))
        assert store.server.wait_for("store-1", trip.cart, lambda b: bool(b.events and b.problems), timeout=TIMEOUT)
        page = store.web.get(f"carts/store-1/{trip.cart}").text
        assert "not an existing date and time" in page
        assert "NaN" not in page
        basket = store.server.basket("store-1", trip.cart)
        assert basket
        assert basket.counts == {"can": 1}


def clocks_that_are_wrong(store: Store, case: Path) -> None:
    """Lengths are the server's own; what the cart's clock is off is said."""
    told = re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", (case / "README").read_text())
    for number, time in enumerate([*told, "2099-01-01T00:00:00Z"]):
        trip = Trip(cart=f"cart-{number}")
        store.send(trip.event(EventType.SESSION_STARTED, initial={}, time=time), trip.add("can", time=time))
        assert store.server.wait_for("store-1", trip.cart, lambda b: b.events == 2, timeout=TIMEOUT)
        is_late = datetime.fromisoformat(time) < datetime.now(UTC) - timedelta(days=1)
        assert re.search(rf"Clock \d+ years {'behind' if is_late else 'ahead'}", store.attention(trip.cart))
        page = store.web.get(f"carts/store-1/{trip.cart}").text
        (length,) = re.findall(r"<time [^>]*data-since=[^>]*>([^<]*)</time>", page)
        assert re.fullmatch(r"\d+ s|\d min", length)


def twins(store: Store, case: Path) -> None:
    """Both machines say what it is, and both sessions are there to see."""
    address = BrokerAddress.parse(store.broker.url)
    identity = Identity(store="store-1", cart="cart-1", model=ModelName(name="eye", hash="0123456789ab"))
    sessions: list[str] = []
    with ExitStack() as stack:
        for name in ("one", "two"):
            outbox = stack.enter_context(
                closing(Outbox(store.folder / f"{name}.sqlite", store="store-1", cart="cart-1"))
            )
            publisher = Publisher(outbox, identity)
            publisher.start()
            sessions.append(str(publisher.session))
            stack.enter_context(Courier(outbox, identity, broker=address, version="test", linger=1))
        wait_until(lambda: store.caplog.text.count("another machine uses this cart's name") >= 2, TIMEOUT)
        wait_until(lambda: len(store.web.get("api/v1/carts/store-1/cart-1/sessions").json()) == 2, TIMEOUT)
        wait_until(lambda: "another machine" in store.attention("cart-1").lower(), TIMEOUT)
        page = store.web.get("carts/store-1/cart-1").text
        assert re.search('class="chip bad">[^<]*nother machine', page)
        assert 'href="/history?cart=cart-1"' in page
        found = store.web.get("history?cart=cart-1").text
        assert all(session in found for session in sessions)


LOOKS: dict[str, Callable[[Store, Path], None]] = {
    "csv": files_of_spreadsheets,
    "time": hours_of_zones,
    "mqtt_dates": dates_that_do_not_exist,
    "mqtt_clock": clocks_that_are_wrong,
    "mqtt_twins": twins,
}


@pytest.mark.parametrize("name", NAMES)
def test_what_once_failed_in_a_store(store: Store, name: str) -> None:
    case = CASES / name
    if not case.is_dir():
        pytest.skip(f"../shared/cases/{name} is not here")
    look = LOOKS.get(name) or LOOKS[name.partition("_")[0]]
    look(store, case)

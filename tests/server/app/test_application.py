"""The API and the headers, asked over real HTTP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from wire_events import CATALOGUE, Trip

from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

VIEW = "http://127.0.0.1:9/token/live.mjpg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BasketServer]:
    folder: Path = tmp_path_factory.mktemp("server")
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(
            broker_url=broker.url,
            ledger_url=f"sqlite:///{folder / 'l.sqlite'}",
            port=0,
            catalogue=CATALOGUE,
            live_view_url=VIEW,
            clip_name="a clip <b>",
            entrance=Entrance(is_open=True, allowed_hosts=["till.example"]),
        ) as running,
    ):
        yield running


@pytest.fixture
def web(server: BasketServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


@pytest.fixture
def trip(server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest) -> Trip:
    """A trip of a cart of its own, whose events the server has."""
    trip = Trip(cart=request.node.name[:40])
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(cup=1), trip.add("bottle", 2), trip.add("jar"), trip.remove("can"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 4, timeout=20)
    return trip


def test_the_basket_with_everything_in_it(web: httpx.Client, trip: Trip) -> None:
    basket = web.get(f"api/v1/carts/store-1/{trip.cart}").json()
    assert basket["counts"] == {"bottle": 2, "cup": 1, "jar": 1}
    assert (basket["total_minor"], basket["currency"], basket["unpriced"]) == (398, "EUR", 2)
    assert [line["choices"] for line in basket["lines"]] == [[], [], ["HONEY", "JAM"]]
    assert basket["discrepancies"][0]["label"] == "can"
    assert basket["state"] == "open"


def test_events_come_with_what_was_stored_beside_them(web: httpx.Client, trip: Trip) -> None:
    events = web.get(f"api/v1/carts/store-1/{trip.cart}/events").json()
    assert [entry["event"]["seq"] for entry in events] == [1, 2, 3, 4]
    assert (events[1]["sku"], events[1]["price"]) == ("BOTTLE", 199)


def test_what_is_not_there_is_404(web: httpx.Client, trip: Trip) -> None:
    for path in ("store-1/nobody", f"store-1/{trip.cart}?session=none", "store-1/nobody/events", "%2e%2e/%00"):
        answer = web.get(f"api/v1/carts/{path}")
        assert answer.status_code == 404, path
        assert "detail" in answer.json()
    assert web.get("api/v1/carts/store-1/nobody/sessions").json() == []


def test_dead_letters_and_catalogue(web: httpx.Client) -> None:
    assert web.get("api/v1/dead-letters?limit=1").json()["count"] >= 0
    assert web.get("api/v1/dead-letters?limit=0").status_code == 422
    products = web.get("api/v1/catalogue").json()
    assert products["currency"] == "EUR"
    wanted = {"sku", "gtin", "plu", "labels", "name", "price", "currency", "unit", "tax_rate", "active", "picture"}
    assert wanted == set(products["products"][0])
    assert web.get("api/v1/health").status_code == 200


def test_a_session_that_is_not_open_cannot_be_ended(web: httpx.Client, trip: Trip, server: BasketServer) -> None:
    path = f"api/v1/carts/store-1/{trip.cart}/session"
    assert web.post(path, json={"action": "start"}).status_code == 409
    assert web.post(path, json={"action": "dance"}).status_code == 422
    assert web.post("api/v1/carts/store-1/nobody/session", json={"action": "start"}).status_code == 404
    answer = web.post(path, json={"action": "end"})
    assert (answer.status_code, answer.json()["asked"]) == (202, "end")


def test_answers_are_as_openapi_says(web: httpx.Client, trip: Trip) -> None:
    api = web.get("openapi.json").json()
    for name in ("carts", "carts/{store}/{cart}", "carts/{store}/{cart}/events", "health"):
        path = f"/api/v1/{name}"
        schema = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = web.get(path.replace("{store}", "store-1").replace("{cart}", trip.cart)).json()
        jsonschema.validate(answer, schema | {"components": api["components"]})
    assert "/carts/{store}/{cart}/{action}" not in api["paths"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a@b"])
def test_a_foreign_host_is_refused(web: httpx.Client, host: str) -> None:
    for path in ("", "api/v1/carts", "live", "static/page.css"):
        assert web.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:80", "192.0.2.7", "till.example"])
def test_addresses_and_known_names_are_served(web: httpx.Client, host: str) -> None:
    assert web.get("", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_change_from_a_foreign_page_is_refused(web: httpx.Client, trip: Trip, headers: dict[str, str]) -> None:
    found = re.search(r'"X-CSRF-Token": "(\w+)"', web.get("").text)
    assert found
    own = {"X-CSRF-Token": found.group(1)}
    assert web.post(f"carts/store-1/{trip.cart}/end", headers=own | headers).status_code == 403
    assert web.post(f"carts/store-1/{trip.cart}/end", headers=own).status_code == 204


def test_the_page_may_load_nothing_but_its_own_and_the_one_picture(web: httpx.Client) -> None:
    answer = web.get("")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["img-src"] == "'self' http://127.0.0.1:9"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert f'src="{VIEW}"' in answer.text
    assert "a clip &lt;b&gt;" in answer.text
    for word in (" style=", "onclick", "javascript:", "https://"):
        assert word not in answer.text


def test_vendored_scripts_carry_their_licence(web: httpx.Client) -> None:
    assert "Zero-Clause BSD" in web.get("static/htmx-LICENSE.txt").text
    for name in ("htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js", "page.css", "page.js", "icon.svg"):
        assert web.get(f"static/{name}").status_code == 200
    assert web.get("static/../app.py").status_code == 404


def test_a_quiet_page_gets_a_change_at_once_and_a_busy_one_ten_a_second(
    web: httpx.Client, trip: Trip, server: BasketServer, fake_carts: Any
) -> None:
    cart = fake_carts(str(server._address), cart=trip.cart)
    with web.stream("GET", "live") as stream:
        messages = (line for line in stream.iter_text() if "data:" in line)
        assert trip.cart in next(messages)
        cart.send_until_answered(*(trip.add("bottle") for _ in range(60)))
        seen = 0
        for text in messages:
            seen += text.count("\n\n")
            if "62</td>" in text:
                break
    assert 1 <= seen <= 30


def test_many_pages_that_nobody_reads_do_not_fill_memory(
    web: httpx.Client, trip: Trip, server: BasketServer, fake_carts: Any
) -> None:
    cart = fake_carts(str(server._address), cart=trip.cart)
    with httpx.Client(base_url=server.url, limits=httpx.Limits(max_connections=50)) as client:
        streams = [client.send(client.build_request("GET", "live"), stream=True) for _ in range(30)]
        cart.send_until_answered(*(trip.add("can") for _ in range(200)))
        assert all(len(stream._changed) <= 1 for stream in server._feed._streams)
        for stream in streams:
            stream.close()
    json.dumps(web.get("api/v1/carts").json())

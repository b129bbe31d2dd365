"""The queue and corrections over the API."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from sqlalchemy import text
from wire_events import CATALOGUE, Trip, new_id

from smartcart.edge.contract.events import Candidate
from smartcart.server.app.service import BasketServer
from smartcart.server.carts import corrections
from smartcart.server.ledger.port import LedgerError
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

COULD_BE = (
    Candidate(outcome="added", label="jar", probability=0.6),
    Candidate(outcome="none", label=None, probability=0.4),
)


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    options: dict[str, Any] = {"ledger_url": "memory:", "catalogue": CATALOGUE, "entrance": Entrance(is_open=True)}
    with EmbeddedBroker(port=0) as broker, BasketServer(broker_url=broker.url, port=0, **options) as running:
        yield running


@pytest.fixture
def web(server: BasketServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}api/v1/", timeout=30) as client:
        yield client


@pytest.fixture
def trip(server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest) -> Trip:
    trip = Trip(cart=request.node.name[:40])
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(trip.start(), trip.add("can"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 2, timeout=20)
    return trip


def test_the_queue_is_emptied_by_a_correction(
    web: httpx.Client, trip: Trip, server: BasketServer, fake_carts: Any
) -> None:
    doubt = trip.doubt("jar", candidates=COULD_BE)
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(doubt)
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 3, timeout=20)
    waiting = [entry for entry in web.get("queue").json() if entry["cart"] == trip.cart]
    assert [(entry["kind"], entry["event_ids"]) for entry in waiting] == [("uncertain", [doubt.id])]
    assert {(o["sku"], o["price"]) for o in waiting[0]["options"]} == {("JAM", 250), ("HONEY", 320)}
    place = f"carts/store-1/{trip.cart}/corrections"
    body = {"corrects": doubt.id, "action": "added", "sku": "HONEY", "label": "jar"}
    made = web.post(place, json=body | {"first_only": True})
    assert (made.status_code, made.json()["by"], made.json()["sku"]) == (201, "anybody here", "HONEY")
    assert web.post(place, json=body | {"first_only": True}).status_code == 409
    assert web.post(place, json=body | {"sku": "JAM"}).status_code == 201  # the last one counts
    basket = web.get(f"carts/store-1/{trip.cart}").json()
    assert (basket["total_minor"], basket["corrections"], basket["uncertain"]) == (89 + 250, 2, [])
    assert [entry["sku"] for entry in web.get(place).json()] == ["HONEY", "JAM"]
    assert [entry for entry in web.get("queue").json() if entry["cart"] == trip.cart] == []


def test_what_was_said_is_taken_back(web: httpx.Client, trip: Trip, server: BasketServer, fake_carts: Any) -> None:
    doubt = trip.doubt("jar", candidates=COULD_BE)
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(doubt)
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 3, timeout=20)
    place, waits = f"carts/store-1/{trip.cart}/corrections", {"corrects": doubt.id, "action": "added", "label": "can"}
    said = web.post(place, json=waits | {"first_only": True}).json()
    assert web.post(place, json=waits | {"first_only": True}).status_code == 409
    assert web.post(place, json={"corrects": said["id"], "action": "added", "label": "can"}).status_code == 409
    assert web.post(place, json={"corrects": said["id"], "action": "none"}).status_code == 201
    assert [entry["event_ids"] for entry in web.get("queue").json() if entry["cart"] == trip.cart] == [[doubt.id]]
    assert web.post(place, json=waits | {"first_only": True}).status_code == 201
    assert web.get(f"carts/store-1/{trip.cart}").json()["counts"] == {"can": 2}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "added"}, 409),
        ({"action": "none"}, 409),
        ({"action": "added", "sku": "nothing"}, 404),
        ({"action": "none", "corrects": new_id()}, 404),
        ({"action": "added", "label": "can", "session": new_id()}, 404),
        ({"action": "added", "label": "can", "quantity": 0}, 422),
        ({"action": "stolen", "label": "can"}, 422),
        ({"action": "added", "label": "can", "by": "somebody else"}, 422),
    ],
)
def test_what_cannot_be_is_refused(
    web: httpx.Client, server: BasketServer, fake_carts: Any, body: Any, status: int
) -> None:
    trip = Trip(cart="refusals")
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(trip.start(), trip.add("can"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.session == trip.session and b.events == 2, timeout=20)
    assert web.post(f"carts/store-1/{trip.cart}/corrections", json=body).status_code == status
    assert web.get(f"carts/store-1/{trip.cart}").json()["corrections"] == 0


def test_numbers_and_the_stream_are_as_they_are_described(web: httpx.Client, trip: Trip) -> None:
    api = web.get(str(web.base_url.join("/openapi.json"))).json()
    for path in ("/api/v1/numbers", "/api/v1/queue"):
        schema = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(web.get(path.removeprefix("/api/v1/")).json(), schema | {"components": api["components"]})
    assert web.get("numbers?hours=0").status_code == 422
    assert web.get("numbers/csv").headers["content-type"].startswith("text/csv")
    assert "text/event-stream" in api["paths"]["/api/v1/live"]["get"]["responses"]["200"]["content"]
    with web.stream("GET", "live") as stream:
        for line in stream.iter_lines():
            if trip.cart in line:
                assert line.startswith("data: {")
                break


def test_a_basket_that_is_corrected_without_an_end_is_to_be_closed(
    web: httpx.Client, trip: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "MOST_WORDS", 3)
    place, said = f"carts/store-1/{trip.cart}/corrections", {"action": "added", "label": "can"}
    answers = [web.post(place, json=said) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201] * 3 + [409]
    assert "close it" in answers[-1].text
    assert web.get(f"carts/store-1/{trip.cart}").json()["counts"] == {"can": 4}


def test_no_correction_counts_that_the_audit_log_cannot_tell_of(
    web: httpx.Client, trip: Trip, server: BasketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, said = f"carts/store-1/{trip.cart}/corrections", {"action": "added", "label": "can"}
    audit = server._doors.audit

    def told() -> list[str]:
        return [entry.action for entry in audit.entries() if trip.cart in entry.subject]

    def gone(*_: object) -> None:
        raise LedgerError("the database is gone")

    with monkeypatch.context() as in_between:
        in_between.setattr(type(server._ledger), "correct", gone)
        assert web.post(place, json=said).status_code == 503
    assert told() == ["item corrected"]
    for old, new in (("office_audit", "elsewhere"), ("elsewhere", "office_audit")):
        with server._doors.office.writing() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        assert web.post(place, json=said).status_code == (503 if new == "elsewhere" else 201)
    assert web.get(f"carts/store-1/{trip.cart}").json()["counts"] == {"can": 2}
    assert web.post(place, json=said | {"corrects": new_id()}).status_code == 404
    assert told() == ["correction refused", *["item corrected"] * 3]

"""The API of catalogue, checkout and receipts over real HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from people import TESTER, add_person, doors_of, sign_in
from wire_events import CATALOGUE, Trip

from smartcart.server.access.tokens import Scope
from smartcart.server.api.shop_examples import SHOP_EXAMPLES
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

HEADER = "sku,label,name,price\n"


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(
            broker_url=broker.url, ledger_url="memory:", port=0, catalogue=CATALOGUE, labels=("bottle", "can")
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def token(server: BasketServer) -> str:
    return doors_of(server).tokens.create("till", Scope.WRITE, None, TESTER)[1]


@pytest.fixture
def web(server: BasketServer, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}api/v1/", timeout=60, headers=headers) as client:
        yield client


@pytest.mark.parametrize("name", SHOP_EXAMPLES)
def test_an_example_is_what_its_schema_says(server: BasketServer, name: str) -> None:
    document = httpx.get(f"{server.url}openapi.json", timeout=60).json()
    found = document["components"]["schemas"][name]
    assert found["examples"] == [SHOP_EXAMPLES[name]]
    jsonschema.validate(SHOP_EXAMPLES[name], found | {"components": document["components"]})


def test_a_stock_system_brings_new_prices(web: httpx.Client) -> None:
    file = (HEADER + "CAN,can,The can,95\nTEA,,Tea,150\n").encode()
    looked = web.post("catalogue/import", content=file, headers={"Content-Type": "text/csv"}).json()
    assert (looked["done"], looked["new"], looked["changed"]) == (False, 1, 1)
    assert web.get("catalogue/product?sku=TEA").status_code == 404
    done = web.post("catalogue/import?dry_run=false", content=file, headers={"Content-Type": "text/csv"}).json()
    assert done["done"]
    assert web.get("catalogue?q=tea").json()["products"][0]["price"] == 150
    assert [version["price"] for version in web.get("catalogue/prices?sku=CAN").json()] == [95, 89]
    bad = (HEADER + "CAN,can,The can,0.95\nOK,,Ok,1\n").encode()
    refused = web.post("catalogue/import?dry_run=false", content=bad, headers={"Content-Type": "text/csv"}).json()
    assert not refused["done"]
    assert [(row["where"], row["column"], row["value"]) for row in refused["bad"]] == [("line 2", "price", "0.95")]
    assert web.get("catalogue/product?sku=OK").status_code == 404


def test_a_label_that_no_camera_tells_of_is_said(web: httpx.Client) -> None:
    file = (HEADER + "COLA,cann,Cola,95\nRYE,loaf,Rye,\nJAM,jar,The jar,251\nB,bottle|can,Both,1\n").encode()
    looked = web.post("catalogue/import", content=file, headers={"Content-Type": "text/csv"}).json()
    assert looked["bad"] == []
    advice = [found["advice"] for found in looked["warnings"]]
    assert advice[0] == "No camera label is called “cann”: did you mean “can”?"
    assert looked["warnings"] == [
        {"where": "line 2", "sku": "COLA", "column": "label", "advice": advice[0], "label": "cann", "nearest": "can"},
        {"where": "line 3", "sku": "RYE", "column": "label", "advice": advice[1], "label": "loaf", "nearest": None},
    ]  # not of a label that a product had before


def test_a_product_is_made_and_changed(web: httpx.Client) -> None:
    body = {"sku": "NEW/1", "name": "New", "labels": ["new"], "price": 100, "tax_rate": 700}
    assert web.put("catalogue/product", json=body).status_code == 201
    assert web.put("catalogue/product", json=body | {"price": 120}).status_code == 200
    assert web.put("catalogue/product", json=body | {"labels": ["a|b"]}).status_code == 422
    wrong = web.put("catalogue/product", json=body | {"gtin": "4006381333932"})
    assert wrong.status_code == 422
    assert "check digit" in wrong.text
    assert web.put("catalogue/picture?sku=NEW/1", content=b"<svg/>").status_code == 422


def test_a_basket_is_paid_by_machine(web: httpx.Client, server: BasketServer, fake_carts: Any) -> None:
    trip = Trip(cart="by-machine")
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("can", 2))  # no product of the examples is one
    here = f"checkouts/store-1/{trip.cart}/{trip.session}"
    assert web.get(here).json()["state"] == "open"
    early = web.post(f"{here}/payment", json={"means": "pays"})
    assert (early.status_code, early.json()["detail"]) == (409, "the basket is still open: close it first")
    assert web.post(f"{here}/close").json()["state"] == "closed"
    paid = [web.post(f"{here}/payment", json={"means": "pays"}).json() for _ in range(2)]
    assert paid[0]["receipt"] == paid[1]["receipt"], paid
    code = paid[0]["receipt"]["code"]
    assert [web.post(f"receipts/{code}/shown").json()["first_time"] for _ in range(2)] == [True, False]
    assert web.post("receipts/made-up/shown").status_code == 404
    assert web.get(f"checkouts/store-1/{trip.cart}/nothing").status_code == 404


def test_the_door_tells_what_the_receipt_does_not(web: httpx.Client, server: BasketServer, fake_carts: Any) -> None:
    trip = Trip(cart="six-more")
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("bottle"))
    here = f"checkouts/store-1/{trip.cart}/{trip.session}"
    web.post(f"{here}/close")
    code = web.post(f"{here}/payment", json={"means": "pays"}).json()["receipt"]["code"]
    assert web.post(f"receipts/{code}/shown").json()["remarks"] == []
    cart.send_until_answered(*(trip.add("can") for _ in range(6)))
    known = web.post(f"receipts/{code}/shown").json()["remarks"]
    assert known == ["1 \N{MULTIPLICATION SIGN} The can came after checkout and does not count."] * 6


def test_staff_look_and_admins_change(server: BasketServer) -> None:
    add_person(server, "anna")
    with httpx.Client(base_url=server.url, timeout=60) as anna:
        sign_in(anna, "anna")
        assert anna.get("catalogue").status_code == 200
        assert "Add a product" not in anna.get("catalogue").text
        for path in ("catalogue/product", "catalogue/teach?sku=JAM", "catalogue/import", "catalogue/shop"):
            assert anna.get(path).status_code == 403
        assert anna.put("api/v1/catalogue/product", json={"sku": "A", "name": "A"}).status_code == 403
    reading = doors_of(server).tokens.create("screen", Scope.READ, None, TESTER)[1]
    headers = {"Authorization": f"Bearer {reading}"}
    with httpx.Client(base_url=f"{server.url}api/v1/", timeout=60, headers=headers) as machine:
        assert machine.get("catalogue").status_code == 200
        assert machine.put("catalogue/product", json={"sku": "A", "name": "A"}).status_code == 403

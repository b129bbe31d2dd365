"""The whole API over real HTTP, as its OpenAPI document says: whatever a machine may send, an example of all."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from wire_events import CATALOGUE, Trip

from smartcart.edge.contract.events import Candidate
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

SEED = 7
BUDGET = 8
STREAM = "/api/v1/live"
"""It has no end: see test_settling.py."""
COULD_BE = (Candidate(outcome="added", label="can", probability=0.9),)


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    options: dict[str, Any] = {"catalogue": CATALOGUE, "entrance": Entrance(is_open=True), "labels": ("can",)}
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, **options) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def document(server: BasketServer) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}openapi.json", timeout=60).json()
    return found


def test_every_operation_answers_as_documented(server: BasketServer, document: dict[str, Any], fake_carts: Any) -> None:
    """Each is asked with what its schema allows, now of a cart that is there and now of one that is not."""
    trip = Trip()
    doubt = trip.doubt("can", candidates=COULD_BE)
    cart = fake_carts(str(server._address))
    cart.send_until_answered(trip.start(), trip.add("bottle"), trip.add("jar"), doubt)
    there = {"store": "store-1", "cart": "cart-1", "session": trip.session, "key": doubt.id}
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    api = schemathesis.openapi.from_dict(document).exclude(path=STREAM)
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) >= 42
    for operation in operations:

        @seed(SEED)
        @settings(
            max_examples=BUDGET,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_there=st.booleans())
        def ask(case: Any, is_there: bool) -> None:
            if is_there and case.path_parameters:
                case.path_parameters |= {name: there[name] for name in case.path_parameters if name in there}
            case.call_and_validate(base_url=server.url.rstrip("/"), checks=checks, timeout=60)

        ask()


NO_BODY = (
    *(b"NaN", b"1e999", b'{"quantity": NaN}', b'{"label": "\\ud800"}', b'{"\\ud800": 1}', b"\xff\xfe", b"name=\xff"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b'{"quantity": ' + b"9" * 5000 + b"}"),
)


@pytest.mark.parametrize("body", NO_BODY, ids=lambda body: repr(body[:20]))
def test_what_is_no_body_is_refused_by_every_operation(
    server: BasketServer, document: dict[str, Any], body: bytes
) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for path, operations in document["paths"].items():
            for method in operations.keys() - {"get"}:
                answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
                assert 400 <= answer.status_code < 500 or answer.status_code == 200, (method, path)
                assert answer.text.encode()


def test_every_operation_has_an_example_of_all_that_it_takes_and_gives(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            for parameter in operation.get("parameters", ()):
                validate(parameter["example"], parameter["schema"], document, place)
            for status, body in {"body": operation.get("requestBody", {}), **operation["responses"]}.items():
                for kind, told in body.get("content", {}).items():
                    if kind in ("image/jpeg", "application/octet-stream") or status == "422":
                        continue
                    assert "example" in told, (place, status, kind)
                    if kind == "application/json":
                        validate(told["example"], told["schema"], document, f"{place} {status}")


def validate(example: Any, schema: dict[str, Any], document: dict[str, Any], place: str) -> None:
    try:
        jsonschema.validate(example, schema | {"components": document["components"]})
    except jsonschema.ValidationError as error:
        pytest.fail(f"{place}: {json.dumps(example)[:200]}: {error.message}")

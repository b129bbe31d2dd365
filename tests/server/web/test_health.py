"""What watches the server: health, readiness, metrics and logs; and the server's own TLS."""

import json
import logging
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from people import PASSWORD, TESTER, add_person, send, sign_in
from processes import wait_until
from prometheus_client.parser import text_string_to_metric_families
from wire_events import CATALOGUE, Trip

from smartcart.server.access.access import Access
from smartcart.server.access.accounts import Role
from smartcart.server.app.service import BasketServer
from smartcart.server.database.database import open_database
from smartcart.server.http.tls import Tls, TlsError
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.logs import JsonLine, PlainLine, one_line
from smartcart.server.site.entrance import Entrance

HOSTILE = 'c\n12:00:00 INFO forged\r\x1b[31m\u2028\u202e\x00"} {"level": "info"'


@pytest.fixture
def server(broker_url: str) -> Iterator[BasketServer]:
    with BasketServer(broker_url=broker_url, ledger_url="memory:", port=0, catalogue=CATALOGUE) as running:
        yield running


def figures(server: BasketServer) -> dict[str, float]:
    text = httpx.get(server.url + "metrics", timeout=20).text
    return {
        sample.name + "".join(f"{{{value}}}" for name, value in sample.labels.items() if name != "le"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("le", "+Inf") == "+Inf"
    }


def test_the_metrics_count_what_came(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    first, lost = trip.start(), trip.add("can")
    fake_cart.status(outbox=5, outbox_full=True)
    fake_cart.send_until_answered(first, trip.add("bottle"))
    fake_cart.send(first)
    fake_cart.raw(b"\xff")
    fake_cart.send_until_answered(trip.event(trip.end().type, seq=1))
    wait_until(lambda: figures(server)["smartcart_dead_letters_total"] == 2)
    told = figures(server)
    assert told["smartcart_events_total{new}"] == 2
    assert told["smartcart_events_total{known}"] >= 1
    assert told["smartcart_events_total{refused}"] >= 1
    assert told["smartcart_commit_lag_seconds_count"] >= 5
    assert 0 < told["smartcart_commit_lag_seconds_sum"] < 60
    assert told["smartcart_carts{online}"] == 1
    assert (told["smartcart_outbox_events"], told["smartcart_outboxes_full"]) == (5, 1)
    assert (told["smartcart_incomplete_baskets"], told["smartcart_missing_events"]) == (1, 1)
    assert told["smartcart_ready"] == 1
    assert told["smartcart_login_failures_total"] == 0
    fake_cart.send_until_answered(lost)
    wait_until(lambda: figures(server)["smartcart_missing_events"] == 0)
    with httpx.Client(base_url=server.url, timeout=20) as client:
        add_person(server, "anna")
        sign_in(client, "anna", "wrong password")
        sign_in(client, "anna")
        with client.stream("GET", "live"):
            wait_until(lambda: figures(server)["smartcart_open_pages"] == 1)
    wait_until(lambda: figures(server)["smartcart_open_pages"] == 0, timeout=30)
    assert figures(server)["smartcart_login_failures_total"] == 1


def test_two_servers_count_apart(server: BasketServer, broker_url: str) -> None:
    with BasketServer(broker_url=broker_url, ledger_url="memory:", port=0) as other:
        assert figures(other)["smartcart_ready"] in (0, 1)
        assert server._metrics.registry is not other._metrics.registry


def test_it_is_alive_without_a_broker_but_not_ready() -> None:
    with EmbeddedBroker(port=0) as broker:
        server = BasketServer(broker_url=broker.url, ledger_url="memory:", port=0)
        server.start()
        wait_until(lambda: httpx.get(server.url + "readyz").status_code == 200)
        assert httpx.get(server.url + "readyz").json() == {"ready": True, "broker": True, "ledger": True}
    wait_until(lambda: httpx.get(server.url + "readyz").status_code == 503, timeout=30)
    assert httpx.get(server.url + "readyz").json() == {"ready": False, "broker": False, "ledger": True}
    assert httpx.get(server.url + "healthz").status_code == 200
    server.stop()


def record(message: str, /, **facts: Any) -> logging.LogRecord:
    made = logging.LogRecord("smartcart.server.x", logging.INFO, __file__, 1, message, None, None)
    made.facts = facts
    return made


def test_no_word_of_a_cart_can_forge_a_line() -> None:
    plain = PlainLine().format(record(f"cart {HOSTILE}", cart=HOSTILE, events=[HOSTILE]))
    assert len(plain.splitlines()) == 1
    assert plain.isprintable()
    line = JsonLine().format(record(f"cart {HOSTILE}", cart=HOSTILE, message="no", level="no"))
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["cart"], told["level"], told["message"]) == (HOSTILE, "info", f"cart {HOSTILE}")
    assert one_line("Käse 3 € 買い物 \U0001f6d2") == "Käse 3 € 買い物 \U0001f6d2"


def test_a_traceback_stays_on_its_line() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        made = record("it failed")
        made.exc_info = sys.exc_info()
    for form in (PlainLine(), JsonLine()):
        line = form.format(made)
        assert len(line.splitlines()) == 1
        assert "ValueError" in line


def test_the_command_logs_json_with_event_ids_and_nothing_secret_and_nobody(
    mosquitto: Any, fake_carts: Callable[..., Any], tmp_path: Path
) -> None:
    ledger = f"sqlite:///{tmp_path / 'l.sqlite'}"
    url = mosquitto.url.replace("mqtt://", "mqtt://me:hidden-word@")
    code = "import sys; from smartcart.scripts.main import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "server", "--broker", url, "--ledger", ledger, "--port", "0"]
    process = subprocess.Popen(
        [*words, "--log-format", "json"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    address = re.search(r"http://\S+", process.stdout.readline())
    assert address
    cart, trip = fake_carts(mosquitto.url), Trip()
    cart.send_until_answered(trip.start())
    rival = trip.add("can", seq=1)
    cart.send_until_answered(rival)
    cart.raw(b'{"type": "\n{}"}', "smartcart/v1/store-1/x\u2028y/events")
    office = open_database(ledger)
    Access(office).accounts.create("anna", Role.STAFF, PASSWORD, TESTER)
    office.close()
    with httpx.Client(base_url=address.group().rstrip(";"), timeout=20) as client:
        assert sign_in(client, "anna", "wrong password").status_code == 401
        assert sign_in(client, "anna").status_code == 303
        said = {"session": trip.session, "action": "added", "label": "can"}
        assert send(client, "carts/store-1/cart-1/settle", form_of="", **said).status_code == 200
    wait_until(lambda: "smartcart_dead_letters_total 2" in httpx.get(address.group().rstrip("/;") + "/metrics").text)
    process.terminate()
    _, errors = process.communicate(timeout=30)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any(rival.id in line.get("events", []) for line in lines)
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert not [word for word in ("hidden-word", "anna", PASSWORD, "wrong password") if word in errors]


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    made = Tls(cert=folder / "cert.pem", key=folder / "key.pem")
    subprocess.run(
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {made.key} -out {made.cert}".split(),
        check=True,
        capture_output=True,
    )
    return made


def test_over_tls_cookies_are_for_tls_alone(tls: Tls) -> None:
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, entrance=Entrance(tls=tls)) as server,
    ):
        assert server.url.startswith("https://127.0.0.1:")
        add_person(server, "anna")
        trust = ssl.create_default_context(cafile=str(tls.cert))
        with httpx.Client(base_url=server.url, verify=trust, timeout=30) as client:
            answer = sign_in(client, "anna")
            assert answer.status_code == 303
            cookies = [value for value in answer.headers.get_list("set-cookie") if "login" in value]
            assert all(value.startswith("__Host-") and "Secure" in value and "HttpOnly" in value for value in cookies)
            assert client.get("").status_code == 200
            assert client.get("").headers["strict-transport-security"] == "max-age=31536000"
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)


def test_a_certificate_that_cannot_be_is_named(tls: Tls, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("nothing")
    for bad in (Tls(cert=junk, key=tls.key), Tls(cert=tls.cert, key=junk)):
        with pytest.raises(TlsError, match=r"junk\.pem"):
            bad.check()
    with pytest.raises(TlsError, match="No such file"):
        Tls(cert=tls.cert, key=tmp_path / "none.pem").check()
    tls.check()


# --- OpenAPI --------------------------------------------------------------------------------------------------------


def test_every_example_is_as_its_schema_says(server: BasketServer) -> None:
    api = httpx.get(server.url + "openapi.json").json()
    schemas = api["components"]["schemas"]
    shown = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema}
    assert {"BasketAnswer", "CartAnswer", "EventAnswer", "NewAccount", "NewToken", "Ask"} <= set(shown)
    for name, examples in shown.items():
        for example in examples:
            jsonschema.validate(example, schemas[name] | {"components": api["components"]})
    assert all(path.startswith("/api/v1/") for path in api["paths"])

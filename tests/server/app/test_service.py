"""The server end to end: a real broker, real clients, a real ledger file."""

import json
import logging
import shutil
import socket
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from wire_events import CATALOGUE, Trip, new_id

from smartcart.edge.contract.events import CameraHealth, Command, encode
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.basket import Basket
from smartcart.server.mqtt import connection, intake, link
from smartcart.server.runtime.listening import ListenError
from smartcart.server.site.entrance import Entrance
from smartcart.server.views import cart

MakeServer = Callable[..., BasketServer]


@pytest.fixture
def make_server(tmp_path: Path) -> MakeServer:
    def make(broker_url: str, **options: Any) -> BasketServer:
        ledger_url = f"sqlite:///{tmp_path / 'l.sqlite'}"
        return BasketServer(
            **({"broker_url": broker_url, "ledger_url": ledger_url, "port": 0, "catalogue": CATALOGUE} | options),
            entrance=Entrance(is_open=True),
        )

    return make


@pytest.fixture
def server(make_server: MakeServer, broker_url: str) -> Iterator[BasketServer]:
    with make_server(broker_url) as running:
        wait_for(lambda: get(running, "api/v1/health")["ok"])
        yield running


def get(server: BasketServer, path: str) -> Any:
    try:
        with urllib.request.urlopen(server.url + path, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def basket_when(server: BasketServer, condition: Callable[[Basket], bool], cart: str = "cart-1") -> Basket:
    basket = server.wait_for("store-1", cart, condition, timeout=20)
    assert basket is not None, server.basket("store-1", cart)
    return basket


def wait_for(condition: Callable[[], object]) -> None:
    done = threading.Event()
    for _ in range(2000):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("it did not come about in time")


def test_events_become_a_basket_and_are_acknowledged(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    fake_cart.send_until_answered(trip.start(), trip.add("bottle"), trip.add("can"), trip.remove("can"))
    basket = basket_when(server, lambda b: b.events == 4)
    assert (basket.counts, basket.total_minor) == ({"bottle": 1}, 199)
    assert get(server, "api/v1/carts/store-1/cart-1")["counts"] == {"bottle": 1}
    assert get(server, "api/v1/health") == {"ok": True, "broker": None, "ledger": None, "carts": 1, "dead_letters": 0}


def test_what_comes_twice_counts_once_and_is_acknowledged_each_time(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    events = [trip.start(), trip.add("can"), trip.add("can")]
    for _ in range(3):
        fake_cart.send(*events)
    wait_for(lambda: len(fake_cart.committed) == 9)
    assert basket_when(server, lambda b: b.events == 3).counts == {"can": 2}


def test_a_gap_is_shown_until_it_is_filled(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    first, lost, last = trip.start(), trip.add("can"), trip.remove("can")
    fake_cart.send_until_answered(first, last)
    basket = basket_when(server, lambda b: b.events == 2)
    assert (basket.incomplete, basket.missing) == (True, ((2, 2),))
    fake_cart.send_until_answered(lost)
    basket = basket_when(server, lambda b: b.events == 3)
    assert (basket.incomplete, basket.discrepancies, basket.lines) == (False, (), ())


@pytest.mark.parametrize("payload", [b"\x00\xff\x80", b"", b"{" * 300, b"x" * 900_000], ids=len)
def test_junk_is_set_aside_and_the_next_event_is_taken(server: BasketServer, fake_cart: Any, payload: bytes) -> None:
    trip = Trip()
    fake_cart.raw(payload)
    fake_cart.send_until_answered(trip.start())
    wait_for(lambda: get(server, "api/v1/dead-letters")["count"] == 1)
    (letter,) = get(server, "api/v1/dead-letters")["letters"]
    assert letter["size"] == len(payload)
    assert len(letter["payload"]) <= 4 * 4096


def test_a_refused_event_is_answered_and_fills_its_place(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    fake_cart.send_until_answered(trip.start())
    newer = trip.add("can").to_json() | {"schema": "smartcart.event/2"}
    strange = trip.add("can").to_json() | {"type": "item_eaten"}
    fake_cart.raw(encode(newer))
    fake_cart.raw(encode(strange))
    fake_cart.send_until_answered(trip.add("bottle"))
    wait_for(lambda: len(fake_cart.rejected) == 2)
    assert "newer" in fake_cart.rejected[newer["id"]]
    assert "unknown" in fake_cart.rejected[strange["id"]]
    basket = basket_when(server, lambda b: len(b.problems) == 2)
    assert (basket.incomplete, basket.needs_attention, basket.counts) == (False, True, {"bottle": 1})


def test_a_cart_cannot_speak_for_another(server: BasketServer, fake_cart: Any) -> None:
    victim = Trip(cart="victim")
    forged = victim.add("can")
    fake_cart.raw(forged.to_bytes())
    wait_for(lambda: forged.id in fake_cart.rejected)
    assert server.view("store-1", "victim") is None
    assert basket_when(server, lambda b: bool(b.problems)).counts == {}


def test_another_event_under_a_taken_seq_or_id_is_refused(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    first = trip.start()
    fake_cart.send_until_answered(first)
    rival = trip.add("can", seq=1)
    fake_cart.send_until_answered(rival)
    assert "seq" in fake_cart.rejected[rival.id]
    again = replace(trip.add("can"), id=first.id)
    fake_cart.send(again)
    wait_for(lambda: "has this id" in fake_cart.rejected.get(first.id, ""))
    assert len(basket_when(server, lambda b: len(b.problems) == 2).lines) == 0


def test_statuses_tell_who_is_there(server: BasketServer, fake_cart: Any) -> None:
    fake_cart.status(camera=CameraHealth.COVERED, outbox=3)
    wait_for(lambda: get(server, "api/v1/carts"))
    (cart,) = get(server, "api/v1/carts")
    assert (cart["online"], cart["camera"], cart["outbox"]) == (True, "covered", 3)
    fake_cart.raw(b"{}", "smartcart/v1/store-1/cart-1/status")
    wait_for(lambda: get(server, "api/v1/dead-letters")["count"] == 1)
    fake_cart.vanish()
    wait_for(lambda: get(server, "api/v1/carts")[0]["online"] is False)


def test_status_is_known_to_a_server_that_comes_later(make_server: MakeServer, broker_url: str, fake_cart: Any) -> None:
    fake_cart.status()
    with make_server(broker_url) as server:
        wait_for(lambda: get(server, "api/v1/carts"))
        assert get(server, "api/v1/carts")[0]["online"] is True


def test_a_command_is_repeated_until_the_event_arrives(server: BasketServer, fake_cart: Any) -> None:
    trip = Trip()
    fake_cart.send_until_answered(trip.start())
    basket_when(server, lambda b: b.events == 1)
    post(server, "api/v1/carts/store-1/cart-1/session", {"action": "end"})
    wait_for(lambda: len(fake_cart.commands) == 2)
    assert set(fake_cart.commands) == {Command(action="end_session", session=trip.session)}
    assert get(server, "api/v1/carts")[0]["asked"] == "end"
    fake_cart.send_until_answered(trip.end())
    basket_when(server, lambda b: b.state == "ended")
    assert get(server, "api/v1/carts")[0]["asked"] is None
    post(server, "api/v1/carts/store-1/cart-1/session", {"action": "start"})
    wait_for(lambda: Command(action="start_session") in fake_cart.commands)


def post(server: BasketServer, path: str, body: dict[str, str]) -> Any:
    request = urllib.request.Request(
        server.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_restarted_it_goes_on_where_it_was(make_server: MakeServer, broker_url: str, fake_cart: Any) -> None:
    trip, other = Trip(), Trip()
    with make_server(broker_url) as server:
        fake_cart.send_until_answered(trip.start(), trip.add("bottle"))
        basket_when(server, lambda b: b.events == 2)
    missed = [trip.add("can"), trip.end(), other.start()]
    fake_cart.send(*missed)
    with make_server(broker_url) as server:
        fake_cart.send_until_answered(*missed)
        basket_when(server, lambda b: b.session == other.session)
        assert get(server, "api/v1/carts/store-1/cart-1/sessions") == [other.session, trip.session]
        old = get(server, f"api/v1/carts/store-1/cart-1?session={trip.session}")
        assert (old["counts"], old["state"]) == ({"bottle": 1, "can": 1}, "ended")


def test_a_broker_that_comes_late_and_goes_away(
    make_server: MakeServer, mosquitto: Any, caplog: pytest.LogCaptureFixture, fake_carts: Any
) -> None:
    caplog.set_level(logging.INFO)
    mosquitto.stop()
    with make_server(mosquitto.url) as server:
        wait_for(lambda: "no connection" in (get(server, "api/v1/health")["broker"] or ""))
        assert get(server, "api/v1/health")["ok"] is False
        mosquitto.start()
        wait_for(lambda: get(server, "api/v1/health")["ok"])
        cart, trip = fake_carts(mosquitto.url), Trip()
        cart.status()
        cart.send_until_answered(trip.start())
        mosquitto.stop()
        wait_for(lambda: get(server, "api/v1/health")["broker"])
        wait_for(lambda: get(server, "api/v1/carts")[0]["online"] is None)
        mosquitto.start()
        cart.send_until_answered(trip.add("can"))
        basket_when(server, lambda b: b.counts == {"can": 1})
    told = [record.message for record in caplog.records if record.name.startswith("smartcart")]
    assert sum("connected to the broker" in line for line in told) == 2
    assert any("connection was lost" in line for line in told)
    assert sum("trying again" in line for line in told) <= 6


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's own, of a handshake in vain
@pytest.mark.parametrize(("scheme", "words"), [("mqtt", "it does not answer"), ("mqtts", "timed out")])
def test_a_broker_that_takes_the_connection_and_says_nothing_is_told_within_ten_seconds(
    make_server: MakeServer, scheme: str, words: str
) -> None:
    assert 2 * link._CONNECT_SECONDS < 10, "both versions of MQTT are tried"
    mute = socket.create_server(("127.0.0.1", 0))
    with mute, make_server(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}") as server:
        wait_for(lambda: words in (get(server, "api/v1/health")["broker"] or ""))


def test_a_slow_ledger_is_no_reason_to_give_up_the_broker(
    make_server: MakeServer, mosquitto: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited for the server comes before the broker's word that it may read, and takes as long as it takes."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(connection, "IN_FLIGHT", 10)
    monkeypatch.setattr(link, "_CONNECT_SECONDS", 1)
    with make_server(mosquitto.url) as server:
        wait_for(lambda: get(server, "api/v1/health")["ok"])
        slowly = threading.Event()
        commit = server._ledger.commit
        monkeypatch.setattr(server._ledger, "commit", lambda *batch: (slowly.wait(3) and None) or commit(*batch))
        sender = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        name = server._subscriber._connection.name  # who connects under it breaks the server's connection
        rival = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, manual_ack=True)
        sender.connect("127.0.0.1", mosquitto.port)
        sender.loop_start()
        for _ in range(50):
            sender.publish("smartcart/v1/store-1/cart-1/events", b"junk", qos=1)
        wait_for(lambda: server._subscriber._connection.inbox.full())
        rival.connect("127.0.0.1", mosquitto.port, clean_start=False)
        rival.loop_start()
        wait_for(lambda: "connection was lost" in caplog.text)
        rival.loop_stop()
        wait_for(lambda: caplog.text.count("connected to the broker") == 2)
        slowly.set()
        sender.disconnect()
        sender.loop_stop()
    assert "does not answer" not in caplog.text


def test_a_full_ledger_acknowledges_nothing_and_goes_on_when_there_is_room(
    server: BasketServer, fake_cart: Any
) -> None:
    trip = Trip()
    fake_cart.send_until_answered(trip.start())
    database: sqlite3.Connection = server._ledger._writer  # type: ignore[attr-defined]
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    events = [trip.add("can", evidence={"why": "x" * 4000}) for _ in range(30)]
    fake_cart.send(*events)
    wait_for(lambda: "disk is full" in (get(server, "api/v1/health")["ledger"] or ""))
    stored = set(fake_cart.committed)
    assert not {e.id for e in events} <= stored
    database.execute("PRAGMA max_page_count = 1000000")
    fake_cart.send_until_answered(*events)
    assert basket_when(server, lambda b: b.events == 31).counts == {"can": 30}
    wait_for(lambda: get(server, "api/v1/health")["ok"])


def test_a_burst_of_many_carts_arrives_complete(server: BasketServer, broker_url: str, fake_carts: Any) -> None:
    carts = [fake_carts(broker_url, cart=f"cart-{i}") for i in range(5)]
    trips = [Trip(cart=cart.cart) for cart in carts]
    events = [[trip.start(), *(trip.add("can") for _ in range(59))] for trip in trips]
    threads = [
        threading.Thread(target=cart.send_until_answered, args=batch) for cart, batch in zip(carts, events, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trip in trips:
        assert basket_when(server, lambda b: b.events == 60, trip.cart).counts == {"can": 59}


def test_a_session_without_an_end_is_refused_past_its_bound_and_right_up_to_it(
    server: BasketServer, fake_cart: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_EVENTS", 40)
    monkeypatch.setattr(cart, "MOST_MOMENTS", 10)
    trip, after = Trip(), Trip()
    taken = [trip.start(), *(trip.add("can") for _ in range(39))]
    too_many = [trip.add("bottle") for _ in range(5)]
    fake_cart.send_until_answered(*taken, *too_many)
    assert fake_cart.rejected.keys() == {event.id for event in too_many}
    assert all("end it and begin another" in reason for reason in fake_cart.rejected.values())
    basket = basket_when(server, lambda b: len(b.problems) == 5)
    assert (basket.counts, basket.events, basket.missing) == ({"can": 39}, 40, ())
    with urllib.request.urlopen(f"{server.url}carts/store-1/cart-1", timeout=10) as answer:
        page = answer.read().decode()
    assert page.count('<li id="m-') == 10
    assert f"events?session={trip.session}" in page
    assert len(get(server, f"api/v1/carts/store-1/cart-1/events?session={trip.session}")) == 40
    fake_cart.send_until_answered(after.start(), after.add("can"))
    assert basket_when(server, lambda b: b.session == after.session and b.events == 2).problems == ()


def test_a_taken_port_is_named(server: BasketServer, make_server: MakeServer, broker_url: str) -> None:
    port = int(server.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(ListenError, match=f"port {port} .* in use"):
        make_server(broker_url, port=port, ledger_url="memory:").start()


def test_it_stops_with_a_page_open(make_server: MakeServer, broker_url: str) -> None:
    with make_server(broker_url) as server:
        host, port = server.url[7:-1].rsplit(":")
        page = socket.create_connection((host, int(port)))
        page.sendall(f"GET /live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"200 OK" in page.recv(4096)
        stopped = threading.Timer(8, lambda: pytest.fail("it does not stop"))
        stopped.start()
    stopped.cancel()
    page.close()


# --- Mosquitto's own ------------------------------------------------------------------------------------------------


def test_user_and_password_are_used_and_never_told(
    make_server: MakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, mosquitto_with: Any, fake_carts: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    if not (tool := shutil.which("mosquitto_passwd")):
        pytest.skip("mosquitto_passwd is not installed")
    passwords = tmp_path / "passwords"
    subprocess.run([tool, "-c", "-b", str(passwords), "server", "pa:ss@word"], check=True, capture_output=True)
    passwords.chmod(0o644)
    broker = mosquitto_with("allow_anonymous false", f"password_file {passwords}")
    with make_server(broker.url.replace("mqtt://", "mqtt://server:wrong-secret@")) as server:
        wait_for(lambda: "refuses us" in (get(server, "api/v1/health")["broker"] or ""))
    with make_server(broker.url.replace("mqtt://", "mqtt://server:pa%3Ass%40word@")) as server:
        wait_for(lambda: get(server, "api/v1/health")["ok"])
    assert "ss@word" not in caplog.text
    assert "wrong-secret" not in caplog.text


# paho leaves the socket of a failed handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_is_checked_against_the_given_ca(make_server: MakeServer, tmp_path: Path, mosquitto_with: Any) -> None:
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    key.chmod(0o644)
    broker = mosquitto_with("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    url = broker.url.replace("mqtt://", "mqtts://")
    with make_server(url) as server:
        wait_for(lambda: "certificate is not trusted" in (get(server, "api/v1/health")["broker"] or ""))
    with make_server(url, ca=certificate) as server:
        wait_for(lambda: get(server, "api/v1/health")["ok"])


def test_an_event_left_retained_by_mistake_counts_once(
    make_server: MakeServer, broker_url: str, fake_cart: Any
) -> None:
    trip = Trip(session=new_id())
    fake_cart.raw(trip.add("can", seq=1).to_bytes(), retain=True)
    for _ in range(2):
        with make_server(broker_url) as server:
            assert basket_when(server, lambda b: b.events == 1).counts == {"can": 1}

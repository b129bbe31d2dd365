"""The embedded broker, with real paho clients."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.listening import ListenError


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0) as running:
        yield running


class Client:
    """A paho client that remembers what it got."""

    def __init__(self, port: int, name: str, *, will: bytes | None = None, clean: bool = True) -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self.subscribed = threading.Event()
        self.connected = threading.Event()
        self.mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311, clean_session=clean
        )
        if will is not None:
            self.mqtt.will_set("will", will, qos=1, retain=True)
        self.mqtt.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload, m.retain))
        self.mqtt.on_subscribe = lambda *_: self.subscribed.set()
        self.mqtt.on_connect = lambda *_: self.connected.set()
        self.mqtt.connect("127.0.0.1", port)
        self.mqtt.loop_start()
        assert self.connected.wait(10)

    def subscribe(self, topic: str) -> None:
        self.mqtt.subscribe(topic, qos=1)
        assert self.subscribed.wait(10)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.mqtt.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def expect(self, count: int) -> list[bytes]:
        deadline = time.monotonic() + 10
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [payload for _, payload, _ in self.got]


def test_qos1_message_arrives(broker: EmbeddedBroker) -> None:
    reader, writer = Client(broker.port, "reader"), Client(broker.port, "writer")
    reader.subscribe("a/+/b")
    for i in range(200):
        writer.publish(f"a/{i}/b", str(i).encode())
    assert sorted(map(int, reader.expect(200))) == list(range(200))
    reader.close()
    writer.close()


def test_retained_message_waits_for_a_late_subscriber_and_can_be_cleared(broker: EmbeddedBroker) -> None:
    writer = Client(broker.port, "writer")
    writer.publish("status", b"old", retain=True)
    writer.publish("status", b"new", retain=True)
    late = Client(broker.port, "late")
    late.subscribe("status")
    assert late.expect(1) == [b"new"]
    assert late.got[0][2]
    writer.publish("status", b"", retain=True)
    late.expect(2)
    later = Client(broker.port, "later")
    later.subscribe("status")
    time.sleep(0.3)
    assert later.got == []
    for client in (writer, late, later):
        client.close()


def test_nobody_gets_what_only_others_subscribed_to(broker: EmbeddedBroker) -> None:
    writer = Client(broker.port, "writer")
    writer.publish("status/other", b"retained", retain=True)
    writer.subscribe("status/+")
    mine = Client(broker.port, "mine")
    mine.subscribe("status/mine")
    writer.publish("status/mine", b"for me")
    assert mine.expect(1) == [b"for me"]
    for client in (writer, mine):
        client.close()


def test_last_will_is_sent_and_retained_when_a_client_vanishes(broker: EmbeddedBroker) -> None:
    reader = Client(broker.port, "reader")
    reader.subscribe("will")
    dying = Client(broker.port, "dying", will=b"gone")
    sock = dying.mqtt.socket()
    assert sock is not None
    dying.mqtt.on_disconnect = lambda *_: dying.mqtt.disconnect()
    sock.shutdown(socket.SHUT_RDWR)
    assert reader.expect(1) == [b"gone"]
    late = Client(broker.port, "late")
    late.subscribe("will")
    assert late.expect(1) == [b"gone"]
    for client in (reader, late, dying):
        client.close()


def test_persistent_session_gets_what_it_missed(broker: EmbeddedBroker) -> None:
    reader = Client(broker.port, "server", clean=False)
    reader.subscribe("events")
    reader.close()
    time.sleep(1.5)  # longer than the broker's own session check
    writer = Client(broker.port, "writer")
    for i in range(5):
        writer.publish("events", str(i).encode())
    back = Client(broker.port, "server", clean=False)
    assert sorted(back.expect(5)) == [b"0", b"1", b"2", b"3", b"4"]
    back.close()
    writer.close()


def test_who_comes_again_before_the_old_connection_ended_is_there(broker: EmbeddedBroker) -> None:
    """As a server on a starved machine, which gives an unanswered connection up and tries again."""
    old = Client(broker.port, "server", clean=False, will=b"gone")
    old.subscribe("events")
    old.mqtt.on_disconnect = lambda *_: old.mqtt.disconnect()
    back = Client(broker.port, "server", clean=False, will=b"gone")
    back.subscribe("will")
    old.close()
    time.sleep(0.5)  # the broker gets to see the end of the old connection
    writer = Client(broker.port, "writer")
    for i in range(5):
        writer.publish("events", str(i).encode())
    assert back.expect(6) == [b"gone", b"0", b"1", b"2", b"3", b"4"]  # the will of the old connection, once
    back.close()
    writer.close()


def test_the_will_of_who_was_put_out_comes_before_the_words_of_the_newcomer(broker: EmbeddedBroker) -> None:
    reader = Client(broker.port, "reader")
    reader.subscribe("will")
    old = Client(broker.port, "cart", will=b"first gone")
    old.mqtt.on_disconnect = lambda *_: old.mqtt.disconnect()
    new = Client(broker.port, "cart", will=b"second gone")
    new.publish("will", b"here", retain=True)
    assert reader.expect(2) == [b"first gone", b"here"]
    new.close()
    last = Client(broker.port, "cart")
    last.publish("will", b"and here", retain=True)
    assert reader.expect(3)[2:] == [b"and here"]  # who said goodbye has no will
    for client in (old, last, reader):
        client.close()


def test_mqtt5_is_refused_at_once_with_the_reason(broker: EmbeddedBroker) -> None:
    reasons: list[int] = []
    refused = threading.Event()

    def on_connect(_c: object, _u: object, _f: object, reason: mqtt.ReasonCode, _p: object) -> None:
        reasons.append(reason.value)
        refused.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_connect = on_connect
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert refused.wait(5)
    client.disconnect()
    client.loop_stop()
    assert reasons[0] == 132  # unsupported protocol version


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\x10", b"\x10\xff\xff\xff\xff\xff", b"\x00" * 64])
def test_junk_on_the_port_hurts_nobody(broker: EmbeddedBroker, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", broker.port)) as sock:
        sock.sendall(junk)
    test_qos1_message_arrives(broker)


def test_port_in_use_is_named() -> None:
    with EmbeddedBroker(port=0) as first, pytest.raises(ListenError, match=f"port {first.port} .* in use"):
        EmbeddedBroker(port=first.port).start()


def test_starts_again_on_the_same_port_with_clients_still_there(broker: EmbeddedBroker) -> None:
    client = Client(broker.port, "stays")
    broker.stop()
    broker.stop()
    with EmbeddedBroker(port=broker.port) as again:
        assert again.port == broker.port
        test_qos1_message_arrives(again)
    client.close()


def test_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddedBroker(port=0) as running:
        test_qos1_message_arrives(running)
    assert list(tmp_path.iterdir()) == []

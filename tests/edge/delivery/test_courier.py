"""The courier over real brokers, against a server's end of the wire that answers late, wrongly, or not at all."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from processes import MOSQUITTO, Mosquitto, free_port, wait_until

from smartcart.edge.contract.broker_address import BrokerAddress, BrokerAddressError
from smartcart.edge.contract.events import (
    Ack,
    CameraHealth,
    Candidate,
    Channel,
    Command,
    Event,
    EventType,
    ModelName,
    Status,
    Topic,
    parse_event,
    parse_status,
)
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.delivery.silence import SILENT_SECONDS
from smartcart.edge.judge.decision import Decision

IDENTITY = Identity(store="s", cart="c", model=ModelName(name="eye", hash="0123456789ab"))
CAN = Decision(
    type=EventType.ITEM_ADDED,
    label="can",
    media_time=1.5,
    confidence=0.9,
    candidates=(Candidate(outcome="added", label="can", probability=0.9),),
    box=None,
    track=1,
    evidence={},
)


class ServerEnd:
    """A server's end of the wire; ``answer`` makes the ack for an event, or None to stay silent."""

    def __init__(self, broker_url: str, answer: Callable[[Event], Ack | None]) -> None:
        self.received: list[Event] = []
        self.statuses: list[Status] = []
        self._answer = answer
        self._ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self.client.on_connect = lambda *_: self.client.subscribe("smartcart/v1/+/+/#", qos=1)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message
        host, _, port = broker_url.removeprefix("mqtt://").rpartition(":")
        self.client.connect(host, int(port))
        self.client.loop_start()
        assert self._ready.wait(10)

    def say(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        sent = self.client.publish(str(Topic(store="s", cart="c", channel=channel)), payload, qos=1, retain=retain)
        if threading.current_thread() is threading.main_thread():
            sent.wait_for_publish(timeout=20)  # until the broker has it: who subscribes later finds it retained

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _: object, __: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append(parse_status(bytes(message.payload)))
        if message.topic.endswith("/events"):
            event = parse_event(bytes(message.payload))
            self.received.append(event)
            if (ack := self._answer(event)) is not None:
                self.say(Channel.ACK, ack.to_bytes())


def commit(event: Event) -> Ack:
    return Ack(committed=(event.id,))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite", store="s", cart="c")
    yield outbox
    outbox.close()


def courier(outbox: Outbox, broker_url: str, **more: object) -> Courier:
    return Courier(outbox, IDENTITY, broker=BrokerAddress.parse(broker_url), version="test", linger=3, **more)  # type: ignore[arg-type]


def fill(outbox: Outbox, count: int) -> Publisher:
    publisher = Publisher(outbox, IDENTITY)
    publisher.start()
    for _ in range(count):
        publisher.decided(CAN, {})
    return publisher


def test_events_arrive_in_order_and_leave_the_outbox_on_the_commit(outbox: Outbox, broker_url: str) -> None:
    server = ServerEnd(broker_url, commit)
    fill(outbox, 250)
    with courier(outbox, broker_url):
        wait_until(lambda: outbox.depth() == 0, timeout=90)
    first_seen = list(dict.fromkeys(e.seq for e in server.received))
    assert first_seen == list(range(1, 252))
    server.close()


def test_without_a_commit_nothing_is_deleted_and_all_is_sent_again(outbox: Outbox, broker_url: str) -> None:
    seen: dict[str, int] = {}

    def second_time(event: Event) -> Ack | None:
        seen[event.id] = seen.get(event.id, 0) + 1
        return commit(event) if seen[event.id] > 1 else None

    server = ServerEnd(broker_url, second_time)
    fill(outbox, 3)
    with courier(outbox, broker_url):
        wait_until(lambda: len(seen) == 4)
        assert outbox.depth() == 4
        wait_until(lambda: outbox.depth() == 0)
    server.close()


def test_a_refused_event_is_set_aside_and_the_rest_goes_on(outbox: Outbox, broker_url: str) -> None:
    def refuse_second(event: Event) -> Ack:
        return Ack(rejected=((event.id, "no such cart"),)) if event.seq == 2 else commit(event)

    server = ServerEnd(broker_url, refuse_second)
    fill(outbox, 3)
    with courier(outbox, broker_url):
        wait_until(lambda: outbox.depth() == 0)
    assert [reason for _, reason in outbox.dead_letters()] == ["no such cart"]
    server.close()


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_comes_late_gets_everything(outbox: Outbox, tmp_path: Path) -> None:
    port = free_port()
    publisher = fill(outbox, 5)
    with courier(outbox, f"mqtt://127.0.0.1:{port}"):
        publisher.decided(CAN, {})
        broker = Mosquitto(tmp_path, port=port)
        server = ServerEnd(broker.url, commit)
        wait_until(lambda: outbox.depth() == 0)
    assert {e.seq for e in server.received} == set(range(1, 8))
    server.close()
    broker.stop()


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_dies_and_comes_back_loses_nothing(outbox: Outbox, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    publisher = fill(outbox, 5)
    with courier(outbox, broker.url):
        wait_until(lambda: broker.process.poll() is None)
        broker.process.kill()
        broker.process.wait()
        for _ in range(5):
            publisher.decided(CAN, {})
        assert outbox.depth() == 11
        broker.start()
        server = ServerEnd(broker.url, commit)
        wait_until(lambda: outbox.depth() == 0, timeout=40)
    assert {e.seq for e in server.received} == set(range(1, 12))
    server.close()
    broker.stop()


@pytest.fixture
def mute(request: pytest.FixtureRequest) -> Iterator[str]:
    """What takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"{request.param}://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's own, of a handshake in vain
@pytest.mark.parametrize("mute", ["mqtt", "mqtts"], indirect=True)
def test_a_broker_that_takes_the_connection_and_says_nothing_is_told_within_ten_seconds(
    outbox: Outbox, mute: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert SILENT_SECONDS < 10
    with courier(outbox, mute):
        wait_until(lambda: "does not answer" in caplog.text, timeout=30)


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_falls_silent_is_told_and_told_again_after_it_has_answered(
    outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Mosquitto(tmp_path)
    server = ServerEnd(broker.url, commit)
    publisher = fill(outbox, 1)
    with courier(outbox, broker.url) as carrier:
        for times in (1, 2):
            wait_until(lambda: outbox.depth() == 0)
            broker.process.send_signal(signal.SIGSTOP)
            publisher.decided(CAN, {})
            carrier.wake()
            wait_until(lambda: caplog.text.count("does not answer") == times, timeout=30)  # noqa: B023
            broker.process.send_signal(signal.SIGCONT)
        wait_until(lambda: outbox.depth() == 0, timeout=60)
    server.close()
    broker.stop()


def test_the_status_follows_camera_session_and_depth_and_says_goodbye(outbox: Outbox, broker_url: str) -> None:
    server = ServerEnd(broker_url, lambda _: None)
    publisher = fill(outbox, 1)
    with courier(outbox, broker_url) as at_work:
        at_work.tell(camera=CameraHealth.COVERED, session=publisher.session)
        wait_until(lambda: any(s.camera is CameraHealth.COVERED and s.outbox == 2 for s in server.statuses))
    wait_until(lambda: not server.statuses[-1].online)
    assert server.statuses[-1].session == publisher.session
    server.close()


def test_the_last_will_tells_of_a_cart_that_was_killed(broker_url: str, tmp_path: Path) -> None:
    server = ServerEnd(broker_url, commit)
    program = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from pathlib import Path
from test_courier import IDENTITY, BrokerAddress, Courier, Outbox
with Courier(Outbox(Path({str(tmp_path / "will.sqlite")!r}), store="s", cart="c"), IDENTITY,
             broker=BrokerAddress.parse({broker_url!r}), version="test"):
    time.sleep(60)
"""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    child = subprocess.Popen([sys.executable, "-c", program], env=env)
    wait_until(lambda: any(s.online for s in server.statuses))
    child.send_signal(signal.SIGKILL)
    child.wait()
    wait_until(lambda: not server.statuses[-1].online)
    server.close()


def test_commands_reach_the_cart_and_nonsense_does_not(outbox: Outbox, broker_url: str) -> None:
    server = ServerEnd(broker_url, commit)
    got: list[Command] = []
    with courier(outbox, broker_url, on_command=got.append):
        wait_until(lambda: server.statuses)
        server.say(Channel.COMMAND, b"\x00\xff")
        server.say(Channel.COMMAND, b'{"action": "self_destruct"}')
        server.say(Channel.ACK, b"[]")
        server.say(Channel.ACK, b'{"committed": [], "rejected": [["01a1ffbf-5164-7c6c-b3e8-e1b879173370", "\\ud800"]]}')
        server.say(Channel.COMMAND, Command(action="end_session").to_bytes())
        wait_until(lambda: got)
    assert got == [Command(action="end_session")]
    server.close()


@pytest.mark.parametrize("address", ["127.0.0.1:1883", "http://a", "mqtt://", "mqtt://a:port", "mqtt://[::1"])
def test_an_address_that_is_none_says_what_one_looks_like(outbox: Outbox, address: str) -> None:
    with pytest.raises(BrokerAddressError):
        courier(outbox, address)


def test_a_full_outbox_is_told_on_the_console_and_in_the_status(
    tmp_path: Path, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    outbox = Outbox(tmp_path / "small.sqlite", store="s", cart="c", capacity=5)
    answering = threading.Event()
    server = ServerEnd(broker_url, lambda event: commit(event) if answering.is_set() else None)
    publisher = fill(outbox, 3)
    with courier(outbox, broker_url):
        wait_until(lambda: any(s.outbox_nearly_full and not s.outbox_full for s in server.statuses))
        publisher.decided(CAN, {})
        wait_until(lambda: any(s.outbox_full for s in server.statuses))
        answering.set()
        wait_until(lambda: not server.statuses[-1].outbox_nearly_full and outbox.depth() == 0)
    told = [r.getMessage() for r in caplog.records if "the outbox " in r.getMessage()]
    assert [line.split(";")[0] for line in told] == [
        "the outbox is nearly full",
        "the outbox is full: no more events are accepted",
        "the outbox has room again",
    ]
    server.close()
    outbox.close()


def test_a_clock_that_is_wrong_or_jumps_back_changes_nothing(outbox: Outbox, broker_url: str) -> None:
    times = iter([datetime(2099, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
    server = ServerEnd(broker_url, commit)
    publisher = Publisher(outbox, IDENTITY, clock=lambda: next(times))
    publisher.start()
    publisher.decided(CAN, {})
    publisher.decided(CAN, {})
    with courier(outbox, broker_url):
        wait_until(lambda: outbox.depth() == 0)
    assert [(e.seq, e.time[:4]) for e in server.received] == [(1, "2099"), (2, "1970"), (3, "2026")]
    server.close()


def test_what_somebody_left_retained_on_the_carts_topics_is_passed_over(outbox: Outbox, broker_url: str) -> None:
    server = ServerEnd(broker_url, lambda _: None)
    fill(outbox, 0)
    ids = tuple(letter.id for letter in outbox.waiting())
    server.say(Channel.ACK, Ack(committed=ids).to_bytes(), retain=True)
    server.say(Channel.COMMAND, Command(action="end_session").to_bytes(), retain=True)
    got: list[Command] = []
    with courier(outbox, broker_url, on_command=got.append):
        wait_until(lambda: server.received)
        server.say(Channel.COMMAND, Command(action="start_session").to_bytes())
        wait_until(lambda: got)
        assert outbox.depth() == 1
    assert got == [Command(action="start_session")]
    server.close()


def test_at_most_a_hundred_rows_are_in_flight_over_any_number_of_reconnects(outbox: Outbox, tmp_path: Path) -> None:
    fill(outbox, 300)
    port = free_port()
    deaf = DeafBroker(port)
    with courier(outbox, f"mqtt://127.0.0.1:{port}"):
        wait_until(lambda: deaf.connections >= 4, timeout=60)
    deaf.close()
    assert deaf.most_in_flight <= 100
    assert outbox.depth() == 301


class DeafBroker:
    """A broker that takes packets of 3.1.1 and never answers a publish; it hangs up after a second."""

    def __init__(self, port: int) -> None:
        self.connections = 0
        self.most_in_flight = 0
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            with peer:
                self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        peer.settimeout(1)
        events = 0
        try:
            while True:
                kind, body = read_packet(peer)
                if kind >> 4 == 1:
                    if body[6] == 5:
                        peer.sendall(b"\x20\x02\x00\x01")
                        return
                    self.connections += 1
                    peer.sendall(b"\x20\x02\x00\x00")
                elif kind >> 4 == 3 and b"/events" in body[:40]:
                    events += 1
                elif kind >> 4 == 8:
                    peer.sendall(b"\x90\x04" + body[:2] + b"\x01\x01")
        except (OSError, EOFError):
            self.most_in_flight = max(self.most_in_flight, events)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)


def read_packet(peer: socket.socket) -> tuple[int, bytes]:
    kind, length, shift = read_exactly(peer, 1)[0], 0, 0
    while True:
        digit = read_exactly(peer, 1)[0]
        length |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return kind, read_exactly(peer, length)


def read_exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data

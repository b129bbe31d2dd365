"""The load of ``smartcart bench server``: many carts, each a client with its own connection, in one process.

Every cart sends an event now and then, and again after two seconds without an answer, as an outbox does. The measured
time is from an event's first sending until its commit acknowledgement is back at the cart.

    python -m smartcart.scripts.bench.load --broker URL --carts N --rate R --seconds S      writes one JSON object

With ``--bundles DIR`` each speaks TLS with its own certificate.
"""

import argparse
import contextlib
import heapq
import json
import random
import resource
import selectors
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import Candidate, Channel, Event, EventType, Topic, parse_ack
from smartcart.edge.contract.times import rfc3339
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.scripts.chaos.script import LABELS

STORE: Final = "bench"
SESSION_EVENTS: Final = 20
RESEND_SECONDS: Final = 2.0
IN_FLIGHT: Final = 100
"""Maximum number of unanswered events of one cart; further ones are not created, as an outbox would hold them back."""
DRAIN_SECONDS: Final = 15.0


@dataclass(slots=True)
class LoadTally:
    """The results; latencies in milliseconds."""

    sent: int = 0
    resent: int = 0
    rejected: int = 0
    held: int = 0
    """Events that were due but not created, because too many were unanswered."""
    reconnected: int = 0
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    """How late each event was sent, in ms: a load generator that cannot keep up shows here."""


class BenchCart:
    """One cart: a connection, an open session, and the unanswered events."""

    def __init__(self, name: str, broker: BrokerAddress, tally: LoadTally, selector: selectors.BaseSelector) -> None:
        self._name = name
        self._selector = selector
        self._tally = tally
        self._session, self._seq = "", SESSION_EVENTS
        self.open: dict[str, tuple[float, float, bytes]] = {}
        self._topic = str(Topic(store=STORE, cart=name, channel=Channel.EVENTS))
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe(
            str(Topic(store=STORE, cart=name, channel=Channel.ACK)), 1
        )
        if broker.tls:
            self.client.tls_set_context(broker.trust())
        self.client.on_socket_open = self._on_socket_open
        self.client.on_socket_close = self._on_socket_close
        self.client.connect(broker.host, broker.port, keepalive=60)

    def send(self, due: float) -> None:
        """Sends the next event, which was due at this time of the monotonic clock."""
        if len(self.open) >= IN_FLIGHT:
            self._tally.held += 1
            return
        event = self._next()
        payload, now = event.to_bytes(), time.perf_counter()
        self.open[event.id] = (now, now, payload)
        self._tally.sent += 1
        self._tally.late.append((now - due) * 1000)
        self.client.publish(self._topic, payload, qos=1)

    def resend(self, now: float) -> None:
        """Resends long unanswered events; without a connection paho would accumulate them."""
        if not self.client.is_connected():
            return
        for event_id, (first, last, payload) in self.open.items():
            if now - last > RESEND_SECONDS:
                self.open[event_id] = (first, now, payload)
                self._tally.resent += 1
                self.client.publish(self._topic, payload, qos=1)

    def read(self) -> None:
        """Receives messages, including those that TLS has read ahead, which the selector does not know of."""
        self.client.loop_read()
        sock = self.client.socket()
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            self.client.loop_read()

    def come_back(self) -> None:
        """Reconnects if the connection is lost; an unreachable broker is tried again later."""
        if self.client.socket() is None:
            with contextlib.suppress(OSError):
                self.client.reconnect()
                self._tally.reconnected += 1

    def _on_socket_open(self, _client: object, _data: object, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, self)

    def _on_socket_close(self, _client: object, _data: object, sock: Any) -> None:
        self._selector.unregister(sock)

    def _next(self) -> Event:
        if self._seq == SESSION_EVENTS:
            self._session, self._seq = uuid7(), 0
        self._seq += 1
        common: dict[str, Any] = {
            "id": uuid7(),
            "store": STORE,
            "cart": self._name,
            "session": self._session,
            "seq": self._seq,
            "time": rfc3339(datetime.now(UTC)),
        }
        if self._seq == 1:
            return Event(type=EventType.SESSION_STARTED, initial={}, **common)
        if self._seq == SESSION_EVENTS:
            return Event(type=EventType.SESSION_ENDED, **common)
        label = random.choice(LABELS)
        candidate = Candidate(outcome="added", label=label, probability=0.93)
        evidence = {"visit": self._seq, "votes": {label: 12.5}, "note": "x" * 100}
        more: dict[str, Any] = {"quantity": 1, "confidence": 0.93, "candidates": (candidate,), "evidence": evidence}
        return Event(type=EventType.ITEM_ADDED, label=label, box=(0.1, 0.2, 0.3, 0.4), track=7, **more, **common)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        now = time.perf_counter()
        ack = parse_ack(bytes(message.payload))
        self._tally.rejected += len(ack.rejected)
        for event_id in (*ack.committed, *(i for i, _ in ack.rejected)):
            if event_id in self.open:
                self._tally.latencies.append((now - self.open.pop(event_id)[0]) * 1000)


class Load:
    """All carts in one loop over their sockets."""

    def __init__(self, url: str, carts: int, bundles: Path | None = None) -> None:
        self.tally = LoadTally()
        self._selector = selectors.DefaultSelector()
        self._carts = []
        for name in map(cart_name, range(carts)):
            bundle = bundles / f"{name}.pem" if bundles else None
            broker = BrokerAddress.parse(url, ca=bundle, cert=bundle)
            self._carts.append(BenchCart(name, broker, self.tally, self._selector))

    def run(self, rate: float, seconds: float) -> None:
        """Sends ``rate`` events a second and cart, the carts out of step; then waits for the last answers."""
        begin = time.perf_counter() + 1
        end = begin + seconds
        plan = [(begin + random.random() / rate, i) for i in range(len(self._carts))]
        heapq.heapify(plan)
        care = begin
        while (now := time.perf_counter()) < end:
            while plan[0][0] <= now:
                due, i = plan[0]
                self._carts[i].send(due)
                heapq.heapreplace(plan, (due + 1 / rate, i))
            if now >= care:
                self._care(now)
                care = now + 0.5
            self._turn(min(plan[0][0], care) - now)
        while any(cart.open for cart in self._carts) and time.perf_counter() < end + DRAIN_SECONDS:
            self._care(time.perf_counter())
            self._turn(0.2)

    def warm_up(self, seconds: float) -> None:
        """Waits for all connections and subscriptions."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self._turn(0.05)

    def unanswered(self) -> int:
        return sum(len(cart.open) for cart in self._carts)

    def _care(self, now: float) -> None:
        for cart in self._carts:
            cart.come_back()
            cart.resend(now)
            cart.client.loop_misc()
            if cart.client.want_write():  # paho writes at once; only what the kernel did not take waits
                cart.client.loop_write()

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(max(0.0, seconds)):
            key.data.read()


def cart_name(number: int) -> str:
    return f"cart-{number}"


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, 95 %, 99 % and maximum, to a tenth.

    >>> percentiles([1.0, 2.0, 3.0])
    {'p50': 2.0, 'p95': 3.0, 'p99': 3.0, 'max': 3.0}
    """
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) for name, share in at.items()}


def main() -> None:
    """Runs the load and prints the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    parser.add_argument("--carts", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--bundles", type=Path)
    args = parser.parse_args()
    load = Load(args.broker, args.carts, args.bundles)
    load.warm_up(3)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    load.run(args.rate, args.seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    tally = load.tally
    figures = {
        "sent": tally.sent,
        "answered": len(tally.latencies),
        "unanswered": load.unanswered(),
        "rejected": tally.rejected,
        "resent": tally.resent,
        "held": tally.held,
        "reconnected": tally.reconnected,
        "latency_ms": percentiles(tally.latencies),
        "sent_late_ms": percentiles(tally.late),
        "cpu_share": round(cpu / (time.perf_counter() - started), 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

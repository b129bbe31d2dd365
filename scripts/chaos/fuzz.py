"""Sends hostile messages to a real server over a real broker, and checks every answer and every basket."""

import random
import threading
import time
from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tqdm import tqdm

from smartcart.edge.contract.events import PREFIX, EventType, parse_ack
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.delivery.publisher import LONGEST_SESSION
from smartcart.scripts.chaos.fuzz_shots import STORE, Fate, Shots
from smartcart.scripts.chaos.script import Act, ScriptedSession, event_of
from smartcart.scripts.chaos.world import ChaosWorld, WorldPlan
from smartcart.scripts.main import CommandError
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import SessionRecords
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import Ledger

WINDOW: Final = 300
WINDOWS: Final = 3
"""Maximum number of windows of messages in flight: fewer than a broker drops."""
ANSWER_SECONDS: Final = 120.0


def fuzz(
    folder: Path,
    *,
    count: int,
    seed: int,
    broker: Literal["embedded", "mosquitto"],
    ledger: Literal["sqlite", "postgres"],
) -> dict[str, Any]:
    """Sends ``count`` messages; ``clean`` says whether each was handled as expected and no basket is wrong."""
    plan = WorldPlan(folder=folder, broker=broker, ledger=ledger, carts=0, events=0, seed=seed)
    sent: Counter[str] = Counter()
    letters: set[int] = set()
    unplaced = 0
    shots = Shots(seed)
    with ChaosWorld(plan, random.Random(seed)) as world, _Gun(world.broker_url) as gun:
        gun.warm_up(world)
        pid, started = world.server.pid, time.monotonic()
        stream = chain(islice(shots, count), shots.rest())
        for shot in tqdm(stream, total=count, unit="message", disable=None, leave=False):
            gun.fire(shot.topic, shot.payload, retain=shot.retain)
            sent[shot.fate] += 1
            if shot.fate is Fate.UNNAMED or (shot.fate is Fate.REFUSED and shot.letter is None):
                unplaced += 1
            elif shot.letter is not None:
                letters.add(hash(shot.letter))
            if sent.total() % WINDOW == 0:
                gun.catch_up(behind=WINDOWS - 1)
        gun.catch_up()
        seconds = time.monotonic() - started
        alive = world.server.pid == pid and not world.server.exits
        ended_well = world.server.stop() == 0
        opened = open_ledger(world.ledger_url)
        wrong, strangers, stored = _judge(opened, shots)
        set_aside = opened.dead_letter_count()
        opened.close()
    unnamed = set_aside - (unplaced - sent[Fate.UNNAMED]) - len(letters)
    new = stored - gun.markers
    counted = {"new": new, "known": gun.committed - gun.markers - new, "refused": gun.rejected, "unnamed": unnamed}
    right = counted == {str(fate): sent[fate] for fate in Fate}
    return {
        "sent": sent.total(),
        "expected": {str(fate): sent[fate] for fate in Fate},
        "counted": counted,
        "sum_counted": sum(counted.values()),
        "crashed": not (alive and ended_well),
        "baskets": len(shots.baskets),
        "wrong_baskets": wrong,
        "events_from_nowhere": strangers,
        "seconds": round(seconds, 1),
        "messages_per_second": round(sent.total() / seconds),
        "clean": right and alive and ended_well and not wrong and not strangers,
    }


def _judge(ledger: Ledger, shots: Shots) -> tuple[int, int, int]:
    """Wrong baskets, events in unknown sessions, and the total number of events."""
    wrong = strangers = stored = 0
    for newest in ledger.current_sessions():
        for key in ledger.sessions(newest.store, newest.cart, 10**9):
            records = ledger.session(key)
            stored += len(records.events)
            truth = shots.baskets.get((key.cart, key.session)) if key.store == STORE else None
            if truth is None:
                strangers += len(records.events) if key.cart != _Gun.CART else 0
                continue
            held = fold(SessionRecords(key=key, events=records.events)).counts
            wrong += held != {label: count for label, count in sorted(truth.items()) if count}
    return wrong, strangers, stored


class _Gun:
    """A client that sends, counts the answers to all carts, and knows when everything sent so far was processed."""

    CART: Final = "marker"

    def __init__(self, url: str) -> None:
        self.committed = self.rejected = self.markers = 0
        self._begin()
        self._awaited: set[str] = set()
        self._answered = threading.Condition()
        self._url = urlsplit(url)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe(f"{PREFIX}/+/+/ack", 1)

    def __enter__(self) -> "_Gun":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def warm_up(self, world: ChaosWorld) -> None:
        """Waits until broker and server work, then starts counting."""
        until = time.monotonic() + ANSWER_SECONDS
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async(str(self._url.hostname), self._url.port or 1883)
        self._client.loop_start()
        while not self._mark(1, 0):
            world.tend()
            self._awaited.clear()
            if time.monotonic() > until:
                raise CommandError("the server does not answer: see its log with --keep DIR")
        time.sleep(1)  # late answers to the first attempts
        self.markers = self.committed

    def fire(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def catch_up(self, behind: int = 0) -> None:
        """Sends its own event, and waits until all but the last ``behind`` of these were answered.

        The broker keeps the order, so everything sent before an answered one was processed.
        """
        self.markers += 1
        if not self._mark(ANSWER_SECONDS, behind):
            raise CommandError("the server does not answer any more: see its log with --keep DIR")

    def _begin(self) -> None:
        self._seq = 0
        self._session = ScriptedSession(id=uuid7(), acts=())

    def _mark(self, seconds: float, behind: int) -> bool:
        if self._seq == LONGEST_SESSION:
            self._begin()
        self._seq += 1
        event = event_of(self._session, _MARK, self.CART, uuid7(), self._seq)
        with self._answered:
            self._awaited.add(event.id)
        self.fire(f"{PREFIX}/{event.store}/{self.CART}/events", event.to_bytes())
        with self._answered:
            return self._answered.wait_for(lambda: len(self._awaited) <= behind, seconds)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        ack = parse_ack(bytes(message.payload))
        with self._answered:
            self.committed += len(ack.committed)
            self.rejected += len(ack.rejected)
            self._awaited.difference_update(ack.committed)
            self._answered.notify_all()


_MARK: Final = Act(type=EventType.ITEM_UNCERTAIN, label="can", quantity=1)

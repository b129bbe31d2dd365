"""Many open pages and the carts that change them, in one event loop."""

import asyncio
import itertools
import json
import re
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from smartcart.edge.contract.events import Candidate, Channel, Event, EventType, Topic
from smartcart.edge.contract.times import rfc3339
from smartcart.edge.delivery.identifiers import uuid7

STORE: Final = "bench-store"
_LONGEST_WAIT: Final = 30.0
_EVENT: Final = re.compile(rb'id="e-([0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When each event was stored, and when its change reached each page (s since 1970)."""

    stored: dict[str, float]
    pages: list[dict[str, float]]

    def lags(self, page: dict[str, float]) -> list[float]:
        """How late one page showed those events, in ms."""
        return [1000 * (page[event] - at) for event, at in self.stored.items() if event in page]


class PageLoad:
    """Opens pages as a browser does, without drawing them, and sends events of carts."""

    def __init__(self, *, pages: int, carts: int, broker_port: int, web_port: int, secret: str) -> None:
        self._pages = pages
        self._broker_port = broker_port
        self._web_port = web_port
        self._secret = secret
        self._sessions = [(f"cart-{n:03}", uuid7(), itertools.count(1)) for n in range(carts)]
        self._seen: list[dict[str, float]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._client: mqtt.Client | None = None

    def begin(self) -> None:
        """Waits for the server, and begins a session with one item on every cart; may be called repeatedly."""
        if self._client is not None:
            return
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.connect("127.0.0.1", self._broker_port)
        self._client.loop_start()
        self._server()
        for cart, session, seq in self._sessions:
            self._send(self._client, cart, session, next(seq), EventType.SESSION_STARTED)
            self._send(self._client, cart, session, next(seq), EventType.ITEM_ADDED)
        time.sleep(2)

    async def run(self, rate: float, seconds: float) -> Seen:
        """Opens the pages, sends events and waits until all pages have the last."""
        await asyncio.to_thread(self.begin)
        client = self._client
        assert client is not None
        readers = [asyncio.create_task(self._read(page)) for page in await self._open()]
        await asyncio.sleep(1)
        sent: list[str] = []
        until = time.monotonic() + seconds
        for cart, session, seq in itertools.cycle(self._sessions):
            if time.monotonic() >= until:
                break
            sent.append(self._send(client, cart, session, next(seq), EventType.ITEM_ADDED))
            await asyncio.sleep(1 / rate)
        await self._all_seen(sent)
        for reader, writer in zip(readers, self._writers, strict=True):
            reader.cancel()
            writer.close()
        client.loop_stop()
        stamps = await asyncio.to_thread(self._stamps)
        return Seen(stored={event: stamps[event] for event in sent}, pages=self._seen)

    def _send(self, client: mqtt.Client, cart: str, session: str, seq: int, kind: EventType) -> str:
        event_id, is_item = uuid7(), kind is EventType.ITEM_ADDED
        event = Event(
            id=event_id,
            store=STORE,
            cart=cart,
            session=session,
            seq=seq,
            type=kind,
            time=rfc3339(datetime.now(UTC)),
            label="bottle" if is_item else None,
            quantity=1 if is_item else None,
            confidence=0.9 if is_item else None,
            candidates=(Candidate(outcome="added", label="bottle", probability=0.9),) if is_item else None,
            initial=None if is_item else {},
        )
        client.publish(str(Topic(store=STORE, cart=cart, channel=Channel.EVENTS)), event.to_bytes(), qos=1)
        return event_id

    async def _open(self) -> list[asyncio.StreamReader]:
        opened = []
        ask = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._secret}\r\n\r\n".encode()
        for _ in range(self._pages):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._web_port, limit=1 << 24)
            writer.write(ask)
            await writer.drain()
            self._writers.append(writer)  # an unreferenced one is closed
            opened.append(reader)
        return opened

    async def _read(self, page: asyncio.StreamReader) -> None:
        seen: dict[str, float] = {}
        self._seen.append(seen)
        while line := await page.readline():
            for found in _EVENT.findall(line):
                seen.setdefault(found.decode(), time.time())

    async def _all_seen(self, sent: list[str]) -> None:
        until = time.monotonic() + _LONGEST_WAIT
        while time.monotonic() < until and not all(sent[-1] in seen for seen in self._seen):
            await asyncio.sleep(0.05)

    def _server(self) -> None:
        """Waits until it answers and has its broker."""
        until = time.monotonic() + 2 * _LONGEST_WAIT
        while time.monotonic() < until:
            try:
                self._get("/readyz")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError("the server did not come up")

    def _stamps(self) -> dict[str, float]:
        """When the server stored each event (s since 1970)."""
        told = [
            entry
            for cart, _, _ in self._sessions
            for entry in json.loads(self._get(f"/api/v1/carts/{STORE}/{cart}/events"))
        ]
        return {entry["event"]["id"]: datetime.fromisoformat(entry["stored_at"]).timestamp() for entry in told}

    def _get(self, path: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._secret}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self._web_port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            body: bytes = answer.read()
        return body

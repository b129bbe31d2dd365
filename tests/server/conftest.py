"""Real brokers, a cart's end of the wire, and pages in a real browser."""

import getpass
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from open_server import TIMEOUT, Open, open_server
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Page, sync_playwright
from processes import MOSQUITTO, Mosquitto, free_port, wait_until
from watched_pages import watched_pages

from smartcart.edge.contract.events import (
    Ack,
    CameraHealth,
    Channel,
    Command,
    Event,
    Status,
    Topic,
    parse_ack,
    parse_command,
)
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.clock import utc_now

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def mosquitto_with(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """A Mosquitto with further lines of configuration."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    started: list[Mosquitto] = []

    def start(*lines: str) -> Mosquitto:
        started.append(Mosquitto(tmp_path, *lines))
        return started[-1]

    yield start
    for broker in started:
        broker.stop()


class FakeCart:
    """A cart's end of the wire: sends events until they are acknowledged, and remembers the answers."""

    def __init__(self, broker_url: str, *, store: str = "store-1", cart: str = "cart-1") -> None:
        self.store, self.cart = store, cart
        self.committed: list[str] = []
        self.rejected: dict[str, str] = {}
        self.commands: list[Command] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.will_set(self.topic(Channel.STATUS), self._status(online=False), qos=1, retain=True)
        self._client.on_connect = lambda *_: self._client.subscribe(
            [(self.topic(Channel.ACK), 1), (self.topic(Channel.COMMAND), 1)]
        )
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        host, _, port = broker_url.removeprefix("mqtt://").rpartition(":")
        self._client.reconnect_delay_set(0.2, 0.5)
        self._client.connect(host, int(port))
        self._client.loop_start()
        assert self._ready.wait(10)

    def topic(self, channel: Channel) -> str:
        return str(Topic(store=self.store, cart=self.cart, channel=channel))

    def raw(self, payload: bytes, topic: str | None = None, *, retain: bool = False) -> None:
        self._client.publish(topic or self.topic(Channel.EVENTS), payload, qos=1, retain=retain)

    def send(self, *events: Event) -> None:
        for event in events:
            self.raw(event.to_bytes())

    def send_until_answered(self, *events: Event, timeout: float = 60) -> None:
        """As an outbox does: again and again until each is committed or rejected."""
        deadline = time.monotonic() + timeout
        while left := [e for e in events if e.id not in self.committed and e.id not in self.rejected]:
            assert time.monotonic() < deadline, f"{len(left)} events were never answered"
            self.send(*left[:100])
            until = time.monotonic() + 1
            while time.monotonic() < until and any(e.id not in self.committed for e in left[:100]):
                time.sleep(0.01)

    def status(self, **told: Any) -> None:
        payload = self._status(online=True, **({"camera": CameraHealth.OK} | told))
        self.raw(payload, self.topic(Channel.STATUS), retain=True)

    def expect(self, *events: Event) -> None:
        wait_until(lambda: all(e.id in self.committed or e.id in self.rejected for e in events))

    def vanish(self) -> None:
        """As a cart whose battery is pulled."""
        self._client.on_disconnect = lambda *_: self._client.disconnect()
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith(Channel.COMMAND):
            self.commands.append(parse_command(bytes(message.payload)))
            return
        ack: Ack = parse_ack(bytes(message.payload))
        self.committed += ack.committed
        self.rejected |= dict(ack.rejected)

    @staticmethod
    def _status(
        *,
        online: bool,
        camera: CameraHealth | None = None,
        outbox: int = 0,
        outbox_nearly_full: bool = False,
        outbox_full: bool = False,
    ) -> bytes:
        return Status(
            online=online,
            time=utc_now(),
            camera=camera,
            outbox=outbox,
            outbox_nearly_full=outbox_nearly_full,
            outbox_full=outbox_full,
        ).to_bytes()


@pytest.fixture
def fake_carts() -> Iterator[Callable[..., FakeCart]]:
    """Makes carts, and closes them in the end."""
    made: list[FakeCart] = []

    def make(broker_url: str, **options: str) -> FakeCart:
        made.append(FakeCart(broker_url, **options))
        return made[-1]

    yield make
    for cart in made:
        cart.close()


@pytest.fixture
def fake_cart(broker_url: str, fake_carts: Callable[..., FakeCart]) -> FakeCart:
    return fake_carts(broker_url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=60_000)
        yield running
        running.close()


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0) as running:
        yield running


@pytest.fixture
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    with open_server(broker) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, server: BasketServer) -> Iterator[Open]:
    """Opens pages that are connected, and that must not complain or ask anybody else."""
    with watched_pages(browser, server.url, timeout=TIMEOUT, refusal=409) as new_page:

        def make(path: str = "", **options: Any) -> Page:
            page = new_page(**options)
            page.goto(path, wait_until="commit")
            page.wait_for_selector("body.moving")
            return page

        yield make


@pytest.fixture
def cart(broker: EmbeddedBroker, server: BasketServer, fake_carts: Any) -> Any:
    cart = fake_carts(broker.url)
    cart.status()
    return cart


POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL of our own, gone after the tests; it runs as another user where we are root."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else POSTGRES_FOLDERS
    if not folders:
        pytest.skip("postgresql is not installed")
    user = getpass.getuser()
    become: list[str] = []
    if user == "root":
        user = "postgres"
        become = ["runuser", "-u", user, "--"]
    data = Path(tempfile.mkdtemp(prefix="smartcart-postgres-"))
    if become:
        shutil.chown(data, user)
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c fsync=off"
    quiet: dict[str, Any] = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    control = [*become, str(folders[0] / "pg_ctl"), "-D", str(data / "db")]
    subprocess.run([*become, str(folders[0] / "initdb"), "-D", str(data / "db"), "-A", "trust", "-N"], **quiet)
    subprocess.run([*control, "-w", "-o", options, "-l", str(data / "log"), "start"], **quiet)
    yield f"postgresql://{user}@127.0.0.1:{port}"
    subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
    shutil.rmtree(data)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database."""
    psycopg = pytest.importorskip("psycopg")
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"{postgres_server}/{name}"

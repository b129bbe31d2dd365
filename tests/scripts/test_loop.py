"""The whole loop as a store runs it: edge, Mosquitto and server as processes of their own."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from processes import MOSQUITTO, SMARTCART, Mosquitto, free_port, wait_until

from smartcart.models.dataset.truth import read_truth

DEMO = Path(__file__).parents[2] / "datasets" / "demo" / "demo.mp4"
TRUTH = read_truth(DEMO.with_suffix(".truth.json"))

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options of an edge that plays the demo clip back from recorded detections, with the clip's own zone."""
    folder = tmp_path_factory.mktemp("recorded")
    corners = [f"{x},{y}" for x, y in TRUTH.zone]
    zone, seen = str(folder / "zone.toml"), str(folder / "seen.jsonl")
    calibrate = [SMARTCART, "calibrate", "--source", str(DEMO), "--zone", zone, "--polygon", *corners]
    subprocess.run(calibrate, check=True, capture_output=True)
    replay = [SMARTCART, "replay", str(DEMO), "--zone", zone, "--save-detections", seen]
    subprocess.run(replay, check=True, capture_output=True)
    return ["--source", str(DEMO), "--zone", zone, "--detections", seen, "--speed", "max"]


class Server:
    def __init__(self, broker: str, folder: Path) -> None:
        self.ledger = folder / "ledger.sqlite"
        self.port = free_port()
        ledger = f"sqlite:///{self.ledger}"
        token = [SMARTCART, "admin", "token", "create", "tests", "--ledger", ledger]
        self.token = subprocess.run(token, check=True, capture_output=True, text=True).stdout.strip()
        words = ["server", "--broker", broker, "--ledger", ledger, "--port", str(self.port)]
        self.process = subprocess.Popen([SMARTCART, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.ask("/api/v1/health") is not None, timeout=30)

    def ask(self, path: str) -> dict[str, object] | None:
        try:
            address = f"http://127.0.0.1:{self.port}{path}"
            with urlopen(Request(address, headers={"Authorization": f"Bearer {self.token}"}), timeout=5) as answer:
                told: dict[str, object] = json.load(answer)
                return told
        except (URLError, OSError):
            return None

    def stored(self) -> int:
        with sqlite3.connect(self.ledger) as db:
            return int(db.execute("SELECT COUNT(*) FROM events").fetchone()[0])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


def edge(broker: str, outbox: Path, options: list[str], **more: str) -> subprocess.Popen[str]:
    words = ["edge", "--store", "s", "--cart", "c", "--broker", broker, "--outbox", str(outbox), *options]
    return subprocess.Popen([SMARTCART, *words], stderr=subprocess.PIPE, text=True)


def waiting(outbox: Path) -> int:
    with sqlite3.connect(outbox) as db:
        return int(db.execute("SELECT COUNT(*) FROM waiting").fetchone()[0])


def test_the_servers_basket_equals_the_clips_truth(broker: Mosquitto, tmp_path: Path, recorded: list[str]) -> None:
    server = Server(broker.url, tmp_path)
    cart = edge(broker.url, tmp_path / "outbox.sqlite", recorded)
    _, errors = cart.communicate(timeout=120)
    assert cart.returncode == 0, errors
    wait_until(lambda: waiting(tmp_path / "outbox.sqlite") == 0)
    basket = server.ask("/api/v1/carts/s/c")
    assert basket is not None
    assert basket["counts"] == replace(TRUTH, initial={}).final()  # what stood there before was not told
    assert basket["state"] == "ended"
    assert server.stored() == len(TRUTH.events) + 2
    server.process.terminate()
    assert server.process.wait(20) == 0


def test_without_a_broker_the_edge_works_on_and_delivers_later(tmp_path: Path, recorded: list[str]) -> None:
    port, outbox = free_port(), tmp_path / "outbox.sqlite"
    alone = edge(f"mqtt://127.0.0.1:{port}", outbox, recorded)
    _, errors = alone.communicate(timeout=120)
    assert alone.returncode == 0, errors
    kept = waiting(outbox)
    assert kept == len(TRUTH.events) + 2
    broker = Mosquitto(tmp_path, port=port)
    server = Server(broker.url, tmp_path)
    later = edge(broker.url, outbox, recorded)
    later.communicate(timeout=120)
    wait_until(lambda: waiting(outbox) == 0)
    assert server.stored() == 2 * kept
    server.process.terminate()
    server.process.wait(20)
    broker.stop()


def test_a_killed_edge_and_a_killed_server_lose_and_double_nothing(
    broker: Mosquitto, tmp_path: Path, recorded: list[str]
) -> None:
    outbox = tmp_path / "outbox.sqlite"
    server = Server(broker.url, tmp_path)
    first = edge(broker.url, outbox, [*recorded[:-1], "real"])
    wait_until(lambda: server.stored() >= 2, timeout=60)
    server.process.kill()
    server.process.wait()
    first.kill()
    first.communicate()
    again = edge(broker.url, outbox, recorded)
    time.sleep(1)
    server = Server(broker.url, tmp_path)
    again.communicate(timeout=120)
    if waiting(outbox):  # it ended before the server was back
        edge(broker.url, outbox, recorded).communicate(timeout=120)
    wait_until(lambda: waiting(outbox) == 0)
    with sqlite3.connect(server.ledger) as db:
        sessions = db.execute("SELECT session, COUNT(*), MAX(seq), MIN(seq) FROM events GROUP BY session").fetchall()
    assert all(count == last and first_seq == 1 for _, count, last, first_seq in sessions)
    basket = server.ask("/api/v1/carts/s/c")
    assert basket is not None
    assert basket["incomplete"] is False
    server.process.terminate()
    server.process.wait(20)

"""``smartcart server`` and ``smartcart broker`` as processes: errors, stopping, and being killed."""

import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wire_events import Trip

from smartcart.scripts.main import main
from smartcart.server.basket.fold import fold
from smartcart.server.ledger.sqlite import SQLiteLedger

COMMAND = (sys.executable, "-c", "import sys; from smartcart.scripts.main import main; sys.exit(main())")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a command, and kills what is left of it in the end."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        started.append(subprocess.Popen([*COMMAND, *words], stdout=pipe, stderr=subprocess.DEVNULL, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    found = re.search(r"(http|mqtt)://\S+:\d+", process.stdout.readline())
    assert found is not None
    return found.group()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--ledger", "sqlite:////nowhere/at/all.sqlite"], "folder is missing"),
        (["--ledger", "oracle://x"], "looks like sqlite:///"),
        (["--broker", "http://me:secret@127.0.0.1"], "must look like mqtt://"),
        (["--catalogue", "missing.toml"], "missing.toml: No such file"),
        (["--ca", "missing.pem"], "for mqtts:// only"),
        (["--host", "203.0.113.1"], "smartcart admin user create"),
        (["--tls-cert", "c.pem"], "go together"),
        (["--tls-cert", "c.pem", "--tls-key", "k.pem"], "c.pem: No such file"),
        (["--port", "99999"], "port 99999 does not exist"),
    ],
)
def test_what_cannot_run_says_why_and_exits_with_2(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["server", *words]) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert "secret" not in told
    assert "Traceback" not in told


def test_a_taken_port_is_named_by_both_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["server", "--port", port, "--ledger", "memory:"]) == 2
        assert main(["broker", "--port", port]) == 2
    assert capsys.readouterr().err.count(f"port {port} on 127.0.0.1 is in use") == 2


def listens(pid: int) -> set[str]:
    """The addresses on which a process of Linux listens (proc(5): address as hexadecimal in the machine's order)."""
    files = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    found = set()
    for family, kind in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in files:
                words = bytes.fromhex(local.partition(":")[0])
                packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                found.add(socket.inet_ntop(kind, packed))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_commands_stop_cleanly_with_somebody_connected(
    start: Start, number: signal.Signals, tmp_path: Path
) -> None:
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    token, _ = start("admin", "token", "create", "tests", "--ledger", ledger).communicate(timeout=60)
    broker = start("broker", "--port", "0")
    broker_url = address_of(broker)
    server = start("server", "--broker", broker_url, "--ledger", ledger, "--port", "0")
    headers = {"Authorization": f"Bearer {token.strip()}"}
    page = urllib.request.urlopen(urllib.request.Request(address_of(server) + "/live", headers=headers), timeout=20)
    assert page.readline().startswith(b"data:")
    if Path("/proc/net/tcp").exists():
        assert listens(broker.pid) == listens(server.pid) == {"127.0.0.1"}, "nothing else unless --host is given"
    for process in (server, broker):
        process.send_signal(number)
        assert process.wait(15) == 0
    page.close()


def test_killed_again_and_again_nothing_is_lost_or_doubled(
    start: Start, broker_url: str, fake_carts: Any, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    trip = Trip()
    labels = ["bottle", "can", "carton"]
    steps = [(trip.remove if i % 5 == 4 else trip.add, labels[i % 3]) for i in range(399)]
    events = [trip.start(), *(step(label) for step, label in steps)]
    cart = fake_carts(broker_url)
    sender = threading.Thread(target=cart.send_until_answered, args=events, kwargs={"timeout": 120})
    sender.start()
    dice = random.Random(5)
    kills = 0
    while sender.is_alive():
        server = start("server", "--broker", broker_url, "--ledger", f"sqlite:///{path}", "--port", "0")
        address_of(server)
        answered = len(cart.committed)
        if kills < 5:
            wait = time.monotonic() + 20
            while len(cart.committed) <= answered + 20 and time.monotonic() < wait and sender.is_alive():
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.02))
            server.kill()
            server.wait(10)
            kills += 1
        else:
            sender.join()
    ledger = SQLiteLedger(path)
    (key,) = ledger.current_sessions()
    records = ledger.session(key)
    stored = records.events
    ledger.close()
    assert kills >= 3
    assert [entry.event for entry in stored] == events
    truth = dict.fromkeys(labels, 0)
    for i in range(399):
        truth[labels[i % 3]] += -1 if i % 5 == 4 else 1
    basket = fold(records)
    assert basket.counts == truth
    assert not basket.incomplete
    assert cart.rejected == {}

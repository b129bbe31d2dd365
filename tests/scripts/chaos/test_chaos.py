"""``smartcart chaos``: its script, its verdict, and a short run of it on each broker."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from processes import MOSQUITTO, SMARTCART, wait_until

from smartcart.edge.contract.events import EventType
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.delivery.outbox import LastSession
from smartcart.scripts.chaos.script import Act, ScriptedSession, event_of, rest, script
from smartcart.scripts.chaos.verdict import judge
from smartcart.scripts.signals import uninterrupted
from smartcart.scripts.supervised import Supervised
from smartcart.server.basket.records import StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.memory import MemoryLedger

CART = "cart-0"


@pytest.mark.parametrize("events", [2, 3, 4, 5, 21, 22, 1000])
def test_a_script_has_exactly_its_events_and_is_the_same_each_time(events: int) -> None:
    sessions = script(7, CART, events)
    assert sum(len(s.acts) for s in sessions) == events
    assert sessions == script(7, CART, events)
    assert sessions != script(8, CART, events)
    assert len({s.id for s in sessions}) == len(sessions)
    for session in sessions:
        assert [session.acts[0].type, session.acts[-1].type] == [EventType.SESSION_STARTED, EventType.SESSION_ENDED]
        assert all(count > 0 for count in session.basket().values())


def test_a_script_goes_on_where_the_outbox_stands() -> None:
    sessions = script(7, CART, 100)
    everything = list(rest(sessions, None))
    assert len(everything) == 100
    for done, (session, number) in enumerate(everything, start=1):
        ended = number + 1 == len(session.acts)
        last = LastSession(id=session.id, last_seq=number + 1, open=not ended)
        assert list(rest(sessions, last)) == everything[done:]


@pytest.fixture
def sessions() -> list[ScriptedSession]:
    return script(3, CART, 60)


def ledger_of(sessions: list[ScriptedSession]) -> MemoryLedger:
    ledger = MemoryLedger()
    for session in sessions:
        for number, act in enumerate(session.acts):
            store(ledger, session, act, number + 1)
    return ledger


def store(ledger: MemoryLedger, session: ScriptedSession, act: Act, seq: int) -> None:
    event = event_of(session, act, CART, uuid7(), seq)
    ledger.commit([StoredEvent(event=event, match=Match(), stored_at=event.time)])


def test_a_true_ledger_is_clean(sessions: list[ScriptedSession]) -> None:
    verdict = judge(ledger_of(sessions), {CART: sessions})
    assert verdict.clean
    assert (verdict.events, verdict.baskets) == (60, len(sessions))


def test_each_kind_of_fault_is_seen(sessions: list[ScriptedSession]) -> None:
    first = sessions[0]
    can = Act(type=EventType.ITEM_ADDED, label="can", quantity=1)
    short = replace(first, acts=(*first.acts[:1], *first.acts[2:]))
    lost = judge(ledger_of([short, *sessions[1:]]), {CART: sessions})
    assert (lost.lost, lost.clean) == (1, False)
    doubled = ledger_of(sessions)
    store(doubled, first, can, len(first.acts) + 1)
    verdict = judge(doubled, {CART: sessions})
    assert (verdict.doubled, verdict.wrong_baskets, verdict.clean) == (1, 1, False)
    stranger = judge(ledger_of(sessions), {CART: sessions[1:]})
    assert (stranger.doubled, stranger.clean) == (1, False)
    changed = replace(first, acts=(first.acts[0], replace(can, quantity=900), *first.acts[2:]))
    verdict = judge(ledger_of([changed, *sessions[1:]]), {CART: sessions})
    assert (verdict.altered, verdict.wrong_baskets, verdict.clean) == (1, 1, False)
    assert verdict.examples


def test_what_ends_with_an_error_is_started_again_and_what_ends_well_is_not(tmp_path: Path) -> None:
    program = f"import os, sys; p = {str(tmp_path / 'n')!r}; open(p, 'a').write('x'); sys.exit(os.stat(p).st_size < 3)"
    process = Supervised("p", [sys.executable, "-c", program], log=tmp_path / "log")
    deadline = time.monotonic() + 30
    while not process.finished and time.monotonic() < deadline:
        process.tend()
        time.sleep(0.01)
    assert (process.finished, process.exits) == (True, 2)


@pytest.mark.parametrize(
    ("broker", "ledger", "kills"),
    [("embedded", "sqlite", 10), ("mosquitto", "sqlite", 10), ("mosquitto", "postgres", 5)],
)
def test_a_short_run_loses_and_doubles_nothing(broker: str, ledger: str, kills: int) -> None:
    if broker == "mosquitto" and MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    if ledger == "postgres" and not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin"))):
        pytest.skip("postgresql is not installed")
    words = ["--kills", str(kills), "--events", str(60 * kills), "--carts", "2", "--broker", broker]
    words += ["--ledger", ledger, "--json"]
    told = subprocess.run([SMARTCART, "chaos", *words], capture_output=True, text=True, timeout=280)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert (figures["kills"], figures["events"], figures["clean"]) == (kills, 60 * kills, True)
    assert not figures["own_exits"], "nothing ends because something else was killed"


@pytest.fixture
def busy() -> Iterator[None]:
    """Three loops that take what this machine has."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


@pytest.mark.parametrize(("born", "signals"), [("broker", 1), ("cart-2", 2)])
def test_an_interrupted_run_leaves_no_process_behind(tmp_path: Path, busy: None, born: str, signals: int) -> None:
    """Also while its children are still being born, and where a second signal hurries it."""
    folder = tmp_path / "chaos"
    words = ["--kills", "1000", "--events", "100000", "--keep", str(folder)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([SMARTCART, "chaos", *words], stdout=quiet, stderr=quiet) as run:
        wait_until((folder / f"{born}.log").exists, 60)
        for _ in range(signals):
            run.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        assert run.wait(60) != 0
    # a child is told from others by the home that it was given
    assert not [p for p in Path("/proc").glob("[0-9]*/environ") if os.fsencode(f"HOME={folder}") in _bytes(p)]


def test_a_child_is_known_before_its_parent_is_interrupted() -> None:
    known = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores interrupts
    try:
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            known.append("child")
        assert known == ["child"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--carts", "0"], "at least one cart"),
        (["--events", "3"], "two events for each"),
        (["--keep", "."], "not empty"),
    ],
)
def test_what_cannot_run_says_why(words: list[str], reason: str) -> None:
    told = subprocess.run([SMARTCART, "chaos", *words], capture_output=True, text=True, timeout=60)
    assert told.returncode == 2
    assert reason in told.stderr

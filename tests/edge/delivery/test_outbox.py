"""The outbox on real SQLite files: nothing is lost over a kill, a full disk or a full outbox."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest

from smartcart.edge.contract.events import Event, EventType, parse_event
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.delivery.outbox import LastSession, Outbox, OutboxError, OutboxFullError

SESSION = uuid7()


def event(kind: EventType, session: str, event_id: str, seq: int) -> Event:
    more = {"quantity": 1, "confidence": 0.0, "candidates": ()} if kind is EventType.ITEM_UNCERTAIN else {}
    initial = {} if kind is EventType.SESSION_STARTED else None
    return Event(
        id=event_id,
        store="s",
        cart="c",
        session=session,
        seq=seq,
        type=kind,
        time="2026-11-21T10:00:00Z",
        initial=initial,
        **more,  # type: ignore[arg-type]
    )


STARTED = partial(event, EventType.SESSION_STARTED, SESSION)
UNCERTAIN = partial(event, EventType.ITEM_UNCERTAIN, SESSION)
ENDED = partial(event, EventType.SESSION_ENDED, SESSION)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def opened(path: Path, **more: int) -> Outbox:
    return Outbox(path, store="s", cart="c", **more)


def test_ids_sort_by_time_and_sequence_numbers_have_no_gap(path: Path) -> None:
    outbox = opened(path)
    events = [
        outbox.start_session(STARTED),
        *(outbox.append(UNCERTAIN) for _ in range(3)),
        outbox.append(ENDED, ends=True),
    ]
    assert [e.seq for e in events] == [1, 2, 3, 4, 5]
    assert [parse_event(letter.payload).id for letter in outbox.waiting()] == [e.id for e in events]
    assert len({e.id for e in events}) == 5


def test_only_a_commit_deletes(path: Path) -> None:
    outbox = opened(path)
    first = outbox.start_session(STARTED)
    second = outbox.append(UNCERTAIN)
    outbox.committed([first.id, "not-mine"])
    assert [letter.id for letter in outbox.waiting()] == [second.id]
    assert outbox.depth() == 1


def test_a_refused_event_goes_to_the_dead_letters_with_its_reason(path: Path) -> None:
    outbox = opened(path)
    refused = outbox.start_session(STARTED)
    kept = outbox.append(UNCERTAIN)
    outbox.rejected([(refused.id, "schema is newer"), ("not-mine", "who knows")])
    assert outbox.dead_letters() == [(refused.id, "schema is newer")]
    assert [letter.id for letter in outbox.waiting()] == [kept.id]


def test_a_full_outbox_takes_no_more_and_deletes_nothing(path: Path) -> None:
    outbox = opened(path, capacity=2)
    first = outbox.start_session(STARTED)
    outbox.append(UNCERTAIN)
    with pytest.raises(OutboxFullError):
        outbox.append(UNCERTAIN)
    assert outbox.full()
    assert outbox.depth() == 2
    outbox.committed([first.id])
    assert outbox.append(UNCERTAIN).seq == 3


def test_it_says_when_it_is_nearly_full_by_number_or_by_bytes(path: Path, tmp_path: Path) -> None:
    outbox = opened(path, capacity=5)
    outbox.start_session(STARTED)
    for _ in range(2):
        outbox.append(UNCERTAIN)
    assert not outbox.nearly_full()
    outbox.append(UNCERTAIN)
    assert outbox.nearly_full()
    assert not outbox.full()
    small = opened(tmp_path / "small.sqlite", max_bytes=100_000)
    small.start_session(STARTED)
    with pytest.raises(OutboxFullError):
        for _ in range(1000):
            small.append(UNCERTAIN)
    assert small.full()
    assert (tmp_path / "small.sqlite").stat().st_size < 110_000
    small.committed([letter.id for letter in small.waiting(1000)])
    assert not small.nearly_full()
    small.append(UNCERTAIN)


def test_refused_events_and_ended_sessions_take_no_more_room_for_ever(path: Path) -> None:
    outbox = opened(path)
    for _ in range(30):
        outbox.start_session(partial(event, EventType.SESSION_STARTED, uuid7()))
        outbox.rejected([(letter.id, "no") for letter in outbox.waiting()])
    assert len(outbox.dead_letters()) == 30
    assert outbox._db.execute("SELECT COUNT(*) FROM session").fetchone() == (1,)
    outbox._db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
        "INSERT INTO dead_letter SELECT 'old-' || i, x'00', 'no' FROM n"
    )
    outbox.rejected([])
    assert len(outbox.dead_letters()) == 1000


def test_how_far_a_session_came_is_stored_with_its_events(path: Path) -> None:
    outbox = opened(path)
    assert outbox.last_session() is None
    outbox.start_session(STARTED)
    outbox.append(UNCERTAIN)
    assert outbox.last_session() == LastSession(id=SESSION, last_seq=2, open=True)
    outbox.append(ENDED, ends=True)
    assert outbox.last_session() == LastSession(id=SESSION, last_seq=3, open=False)


def test_a_commit_is_on_the_disk_before_it_returns(path: Path) -> None:
    outbox = opened(path)
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: survives a power cut
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_waits_and_the_open_session_outlive_the_process(path: Path) -> None:
    outbox = opened(path)
    outbox.start_session(STARTED)
    outbox.append(UNCERTAIN)
    outbox.close()
    again = opened(path)
    assert again.open_session() == SESSION
    assert again.append(ENDED, ends=True).seq == 3
    assert again.open_session() is None
    assert again.depth() == 3


def test_a_kill_in_the_middle_leaves_a_gapless_outbox(path: Path) -> None:
    program = f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from test_outbox import STARTED, UNCERTAIN, opened
        from pathlib import Path
        outbox = opened(Path({str(path)!r}), capacity=10**9)
        outbox.start_session(STARTED)
        print("running", flush=True)
        while True:
            outbox.append(UNCERTAIN)
    """
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, env=env)
    assert child.stdout is not None
    assert child.stdout.readline() == b"running\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    outbox = opened(path, capacity=10**9)
    seqs = [parse_event(letter.payload).seq for letter in outbox.waiting(10**9)]
    assert len(seqs) > 1
    assert seqs == list(range(1, len(seqs) + 1))
    assert outbox.append(UNCERTAIN).seq == len(seqs) + 1


def test_another_carts_file_and_one_that_is_no_database_are_refused_by_name(path: Path, tmp_path: Path) -> None:
    opened(path).close()
    with pytest.raises(OutboxError, match="belongs to cart s/c, not s/other"):
        Outbox(path, store="s", cart="other")
    other = tmp_path / "notes.sqlite"
    other.write_text("shopping list " * 100)
    with pytest.raises(OutboxError, match=r"notes\.sqlite: damaged, or not an outbox"):
        opened(other)


@pytest.mark.parametrize(("end", "part"), [("", "head"), ("", "pages"), ("", "half"), (".lock", "head")])
def test_a_damaged_outbox_says_how_to_move_it_away_and_that_works(path: Path, end: str, part: str) -> None:
    outbox = opened(path)
    outbox.start_session(STARTED)
    for _ in range(50):
        outbox.append(UNCERTAIN)
    outbox.close()
    damaged = Path(f"{path}{end}")
    whole = damaged.read_bytes() or bytes(4096)
    pieces = {"head": b"\xff" * 4096 + whole[4096:], "pages": whole[:4096] + b"\xff" * (len(whole) - 4096)}
    damaged.write_bytes(pieces.get(part, whole[: len(whole) // 2]))
    with pytest.raises(OutboxError, match="damaged, or not an outbox") as refusal:
        opened(path)
    command = str(refusal.value).rpartition(": ")[2].partition(" (events")[0]
    subprocess.run(command, shell=True, check=True)
    again = opened(path)
    assert again.start_session(STARTED).seq == 1
    again.close()
    assert (path.parent / "damaged" / damaged.name).exists(), "nothing is thrown away"


def test_a_full_disk_stores_nothing_and_says_so(path: Path) -> None:
    outbox = opened(path)
    outbox.start_session(STARTED)
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way to a disk without room
    with pytest.raises(OutboxError, match="full"):
        for _ in range(200):
            outbox.append(UNCERTAIN)
    depth = outbox.depth()
    outbox._db.execute("PRAGMA max_page_count = 100000")
    assert outbox.append(UNCERTAIN).seq == depth + 1


def test_a_second_edge_on_the_same_outbox_is_kept_out(path: Path) -> None:
    first = opened(path)
    with pytest.raises(OutboxError, match="another smartcart edge uses it"):
        opened(path)
    first.close()
    opened(path).close()


def test_an_answer_that_cannot_be_stored_leaves_the_outbox_usable(path: Path) -> None:
    outbox = opened(path)
    started = outbox.start_session(STARTED)
    with pytest.raises(UnicodeEncodeError):
        outbox.rejected([(started.id, "\ud800")])
    assert outbox.append(UNCERTAIN).seq == 2


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_no_event_is_taken_into_a_file_that_is_gone(path: Path, ending: str) -> None:
    outbox = opened(path)
    path.with_name(path.name + ending).unlink()
    with pytest.raises(OutboxError, match="deleted or replaced while the cart used it"):
        outbox.start_session(STARTED)
    with pytest.raises(OutboxError, match="deleted or replaced while the cart used it"):
        outbox.waiting()
    outbox.close()

"""Ledgers of older versions, made by the code of their time, are brought up to date and lose nothing."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from wire_events import TIME, Trip, new_id, stored

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import SessionKey
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger import postgres_schema, sqlite_schema
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import NEW, Ledger, LedgerError, Outcome
from smartcart.server.ledger.replay import replay

OLD = Path(__file__).parents[1] / "ledgers"
FIRST, SECOND, THIRD = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


@pytest.fixture(params=["sqlite", "postgres"])
def old_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a ledger of version 1."""
    if request.param == "sqlite":
        shutil.copy(OLD / "version_1.db", tmp_path / "old.sqlite")
        return f"sqlite:///{tmp_path / 'old.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url) as db:
        db.execute((OLD / "version_1.postgres.sql").read_text())
    return url


@pytest.fixture
def migrated(old_ledger: str) -> Iterator[Ledger]:
    ledger = open_ledger(old_ledger)
    yield ledger
    ledger.close()


def test_an_older_ledger_keeps_its_baskets_and_takes_what_is_new(migrated: Ledger) -> None:
    first, second = (SessionKey(store="store-1", cart="cart-1", session=session) for session in (FIRST, SECOND))
    third = SessionKey(store="store-1", cart="cart-2", session=THIRD)
    ended, open_one, faulty = (replay(migrated, key) for key in (first, second, third))
    assert ended
    assert open_one
    assert faulty
    assert (ended.state, ended.total_minor, ended.counts) == ("ended", 398, {"bottle": 3, "jar": 1})
    assert (len(ended.uncertain), ended.events, ended.problems) == (1, 7, ())
    assert (open_one.state, open_one.missing, open_one.total_minor) == ("open", ((3, 3),), 466)
    assert faulty.problems == ("event 3 was refused: a newer schema",)
    assert migrated.dead_letter_count() == 2
    assert migrated.current_sessions() == [second, third]
    cursor = migrated.news(None).cursor
    word = Correction(id=new_id(), corrects=None, action="added", label="can", sku=None, quantity=1, by=None, time=TIME)
    assert migrated.correct(first, word, Match()) == NEW
    event = Trip(session=SECOND).add("can", seq=3)
    assert [v.outcome for v in migrated.commit([stored(event)])] == [Outcome.NEW]
    news = migrated.news(cursor)
    assert ([s.event for s in news.events], news.sessions) == ([event], {first})


def test_a_migration_is_done_once(old_ledger: str) -> None:
    first = open_ledger(old_ledger)
    first.close()
    again = open_ledger(old_ledger)
    assert again.identity == first.identity
    again.close()


def test_a_migration_that_fails_changes_nothing(old_ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "CREATE TABLE half_done (name TEXT); CREATE TABLE half_done (name TEXT)"
    for schema in (sqlite_schema, postgres_schema):
        monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(LedgerError, match=r"cannot open the (PostgreSQL )?ledger.*half_done"):
        open_ledger(old_ledger)
    monkeypatch.undo()
    if old_ledger.startswith("sqlite"):
        db = sqlite3.connect(old_ledger.removeprefix("sqlite:///"))
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        db.close()
    open_ledger(old_ledger).close()


OPEN_ONE = (
    "import sys; from smartcart.server.ledger.address import open_ledger; sys.stdin.readline()\n"
    "ledger = open_ledger(sys.argv[1]); print(ledger.identity); ledger.close()"
)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("old", [True, False], ids=["old", "empty"])
def test_servers_that_start_at_once_migrate_once(
    kind: str, old: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'l.sqlite'}"
        if old:
            shutil.copy(OLD / "version_1.db", tmp_path / "l.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
        if old:
            with psycopg.connect(url) as db:
                db.execute((OLD / "version_1.postgres.sql").read_text())
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    starting = [subprocess.Popen([sys.executable, "-c", OPEN_ONE, url], **pipes) for _ in range(4)]
    for process in starting:
        process.stdin.write("\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    told = [process.communicate(timeout=60)[0].strip() for process in starting]
    assert [process.returncode for process in starting] == [0] * 4
    assert len(set(told)) == 1


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_new_ledger_waits_for_who_writes_into_its_file(begin: str, tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute(begin)
    done = threading.Timer(0.3, other.execute, ["COMMIT"])
    done.start()
    open_ledger(f"sqlite:///{path}").close()
    done.join()
    other.close()

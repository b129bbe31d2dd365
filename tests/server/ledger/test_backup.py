"""Backups of real ledgers while they are written, restored elsewhere; verified, thinned out and exported."""

import io
import json
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pyarrow import parquet
from wire_events import TIME, Trip, key_of, new_id, stored

from smartcart.edge.contract.events import Correction
from smartcart.server.basket.records import Closing
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger import export, postgres_backup
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.backup import backup, restore
from smartcart.server.ledger.port import DeadLetter, Ledger, LedgerError
from smartcart.server.ledger.retention import before, erase, old_sessions
from smartcart.server.ledger.verification import verify

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'l.sqlite'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def elsewhere(url: str, tmp_path: Path) -> str:
    """Where nothing is yet."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'restored.sqlite'}"
    name = f"test_{new_id().replace('-', '')}"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return url.rpartition("/")[0] + "/" + name


def fill(ledger: Ledger) -> Trip:
    """One session with everything in it, and another."""
    trip, other = Trip(), Trip(cart="cart-2")
    doubt = trip.doubt("can", evidence={"votes": [1, 2]})
    ledger.commit([stored(e) for e in (trip.start(bottle=1), trip.add("bottle"), doubt, other.start())])
    word = Correction(
        id=new_id(), corrects=doubt.id, action="added", label="can", sku=None, quantity=2, by="ann", time=TIME
    )
    ledger.correct(key_of(trip), word, Match(sku="CAN", name="The can", price=89, currency="EUR"))
    ledger.close_session(key_of(trip), Closing(id=new_id(), by=None, time=TIME))
    ledger.commit(
        [stored(trip.add("jar"))], [DeadLetter(topic="t", reason="r", payload=b"x", size=1, received_at=TIME)]
    )
    return trip


def everything(ledger: Ledger) -> Any:
    return [list(export.rows(ledger, what, [])) for what in ("events", "corrections", "baskets")]


def test_a_restored_backup_is_the_same_ledger(url: str, elsewhere: str, tmp_path: Path) -> None:
    ledger = open_ledger(url)
    trip = fill(ledger)
    kept = everything(ledger)
    backup(url, tmp_path / "monday")
    ledger.commit([stored(trip.add("cup"))])
    restore(tmp_path / "monday", elsewhere)
    again = open_ledger(elsewhere, existing=True)
    assert again.identity == ledger.identity
    assert everything(again) == kept
    assert verify(again).whole
    cursor = again.news(None).cursor
    entry = stored(trip.add("can", seq=99))
    again.commit([entry])
    assert [s.event for s in again.news(cursor).events] == [entry.event]
    assert (tmp_path / "monday").stat().st_mode & 0o077 == 0
    for opened in (ledger, again):
        opened.close()


def test_nothing_is_overwritten(url: str, tmp_path: Path) -> None:
    open_ledger(url).close()
    backup(url, tmp_path / "monday")
    with pytest.raises(LedgerError, match="already exists"):
        backup(url, tmp_path / "monday")
    with pytest.raises(LedgerError, match=r"already exists|already contains a ledger"):
        restore(tmp_path / "monday", url)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_old_log_beside_the_place_is_not_taken_into_the_restored_file(tmp_path: Path) -> None:
    open_ledger(f"sqlite:///{tmp_path / 'l.sqlite'}").close()
    backup(f"sqlite:///{tmp_path / 'l.sqlite'}", tmp_path / "monday")
    (tmp_path / "new.sqlite-wal").write_bytes(b"left over")
    with pytest.raises(LedgerError, match=r"new\.sqlite-wal already exists"):
        restore(tmp_path / "monday", f"sqlite:///{tmp_path / 'new.sqlite'}")


def test_a_backup_under_writing_is_one_moment_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'l.sqlite'}"
    ledger, stop = open_ledger(url), threading.Event()
    written: list[str] = []

    def write() -> None:
        trip = Trip()
        while not stop.is_set():
            entries = [stored(trip.add("can", evidence={"why": "x" * 500})) for _ in range(20)]
            ledger.commit(entries)
            written.extend(entry.event.id for entry in entries)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(3):
        before_it = len(written)
        backup(url, tmp_path / f"backup-{number}")
        copy = open_ledger(f"sqlite:///{tmp_path / f'backup-{number}'}", existing=True)
        ids = [s.event.id for s in copy.every_event()]
        copy.close()
        assert len(ids) >= before_it
        assert len(ids) % 20 == 0
    stop.set()
    writer.join()
    ledger.close()


def test_a_damaged_or_foreign_backup_is_refused(url: str, elsewhere: str, tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(b"no backup" * 1000)
    with pytest.raises(LedgerError, match=r"cannot copy|pg_restore fails"):
        restore(tmp_path / "junk", elsewhere)
    with pytest.raises(LedgerError, match="no backup at"):
        restore(tmp_path / "nothing", elsewhere)
    with pytest.raises(LedgerError, match="there is no ledger"):
        open_ledger(elsewhere, existing=True)


def test_without_postgresqls_programs_it_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ledger(postgres_url).close()
    monkeypatch.setattr(postgres_backup, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LedgerError, match="pg_dump is not installed"):
        backup(postgres_url, tmp_path / "monday")


def test_verify_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    ledger = open_ledger(f"sqlite:///{path}")
    fill(ledger)
    report = verify(ledger)
    assert (report.whole, report.sessions, report.events, report.corrections) == (True, 2, 5, 1)
    db = sqlite3.connect(path)
    db.execute("UPDATE events SET message = x'6a756e6b' WHERE seq = 2")
    db.execute("UPDATE events SET id = ? WHERE seq = 3", (new_id(),))
    db.execute("UPDATE sessions SET state = 0")
    db.execute("UPDATE records SET number = 7 WHERE type = 'item_corrected'")
    db.commit()
    db.close()
    faults = "\n".join(verify(ledger).faults)
    for text in ("cannot be read", "in the place of another", "kept as late", "without a record", "lack some"):
        assert text in faults
    assert len(list(export.rows(ledger, "baskets", []))) == 2  # what is damaged is a fault of its basket, and no end
    ledger.close()


def test_old_sessions_are_erased_by_the_servers_clock(url: str) -> None:
    ledger, old, young = open_ledger(url), Trip(), Trip()
    ledger.commit([replace(stored(old.start()), stored_at="2026-08-01T00:00:00.000Z")])
    skewed = replace(young.start(), time="1999-01-01T00:00:00Z")
    ledger.commit([replace(stored(skewed), stored_at="2026-11-01T00:00:00.000Z")])
    until = before(NOW, 90)
    assert until == "2026-08-23T00:00:00.000Z"
    assert list(old_sessions(ledger, until)) == [key_of(old)]
    assert erase(ledger, key_of(old), by="retention", now=NOW)
    assert not erase(ledger, key_of(Trip()), by=None, now=NOW)
    assert list(ledger.every_session()) == [key_of(young)]
    assert verify(ledger).whole
    ledger.close()


def test_everything_is_exported_alike(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_ROWS_A_GROUP", 2)
    ledger = open_ledger(url)
    fill(ledger)
    for what, count in (("events", 5), ("corrections", 1), ("baskets", 2)):
        lines, file = io.StringIO(), tmp_path / f"{what}.parquet"
        assert export.write_lines(export.rows(ledger, what, []), lines) == count
        assert export.write_parquet(export.rows(ledger, what, []), what, file) == count
        table = parquet.read_table(file).to_pylist()
        for line, row in zip(lines.getvalue().splitlines(), table, strict=True):
            told = json.loads(line)
            assert list(told) == list(export.COLUMNS[what]) == list(row)
            for name, kind in export.COLUMNS[what].items():
                value = json.loads(row[name]) if kind == "json" and row[name] is not None else row[name]
                assert value == told[name]
    baskets = list(export.rows(ledger, "baskets", []))
    assert (baskets[0]["total_minor"], baskets[0]["discrepancies"], baskets[0]["closed_at"]) == (377, 1, TIME)
    ledger.close()

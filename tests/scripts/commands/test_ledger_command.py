"""The ledger's part of ``smartcart admin``, on a real file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from wire_events import Trip, stored

from smartcart.scripts.main import main
from smartcart.server.ledger.address import open_ledger

LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'l.sqlite'}"


@pytest.fixture
def trip(url: str) -> Trip:
    trip, ledger = Trip(), open_ledger(url)
    ledger.commit([replace(stored(event), stored_at=LONG_AGO) for event in (trip.start(), trip.add("can"))])
    ledger.close()
    return trip


def test_backup_restore_and_verify(url: str, trip: Trip, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "backup", "--ledger", url, str(tmp_path / "monday")]) == 0
    elsewhere = f"sqlite:///{tmp_path / 'new.sqlite'}"
    assert main(["admin", "restore", "--ledger", elsewhere, str(tmp_path / "monday")]) == 0
    assert "1 baskets of 2 events" in capsys.readouterr().out
    assert main(["admin", "verify", "--ledger", elsewhere, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["whole"], told["events"], told["faults"]) == (True, 2, [])
    assert main(["admin", "restore", "--ledger", elsewhere, str(tmp_path / "monday")]) == 2
    assert "overwrites nothing" in capsys.readouterr().err


def test_retention_is_told_before_it_is_done(url: str, trip: Trip, capsys: pytest.CaptureFixture[str]) -> None:
    for options, words in ((["--days", "1"], "1 sessions"), (["--days", "1", "--apply"], "1 sessions and 0 dead")):
        assert main(["admin", "retain", "--ledger", url, *options]) == 0
        assert words in capsys.readouterr().out
    assert main(["admin", "export", "--ledger", url]) == 0
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit):
        main(["admin", "retain", "--ledger", url, "--days", "0"])


def test_one_session_is_erased(url: str, trip: Trip, capsys: pytest.CaptureFixture[str]) -> None:
    of = ["--store", trip.store, "--cart", trip.cart, "--session"]
    assert main(["admin", "erase", "--ledger", url, *of, trip.session, "--by", "ann"]) == 0
    assert main(["admin", "erase", "--ledger", url, *of, "nobody"]) == 2
    assert "there is no session nobody" in capsys.readouterr().err


def test_export_to_files(url: str, trip: Trip, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--format", "parquet"], ["--what", "baskets"]):
        file = tmp_path / f"out-{options[-1]}"
        assert main(["admin", "export", "--ledger", url, *options, "--out", str(file)]) == 0
        assert file.stat().st_size
        assert main(["admin", "export", "--ledger", url, *options, "--out", str(file)]) == 2
    assert main(["admin", "export", "--ledger", url, "--format", "parquet"]) == 2
    assert "give --out" in capsys.readouterr().err


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for job in (["verify"], ["backup", str(tmp_path / "b")], ["retain", "--days", "9"], ["export"]):
        assert main(["admin", *job, "--ledger", f"sqlite:///{tmp_path / 'typo.sqlite'}"]) == 2
        assert "there is no ledger at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

"""``smartcart admin`` as a user types it."""

import io
from pathlib import Path

import pytest

from smartcart.scripts.main import main
from smartcart.server.access.access import Access
from smartcart.server.database.database import open_database
from smartcart.server.ledger.address import open_ledger

PASSWORD = "four words nobody joins"


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


def admin(monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["admin", *words])


def test_from_the_first_account_on(
    ledger: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--ledger", ledger)
    assert admin(monkeypatch, "user", "create", "Anna", "--role", "admin", *at, typed=PASSWORD + "\n") == 0
    assert "anna may sign in, as admin" in capsys.readouterr().out
    assert admin(monkeypatch, "user", "create", "anna", *at, typed=PASSWORD) == 2
    assert "already" in capsys.readouterr().err
    assert admin(monkeypatch, "user", "create", "bert", *at, typed="short") == 2
    assert "10 to 256" in capsys.readouterr().err
    assert admin(monkeypatch, "user", "disable", "anna", *at) == 2
    assert "last admin" in capsys.readouterr().err
    assert admin(monkeypatch, "user", "create", "bert", "--generate", *at) == 0
    generated = capsys.readouterr().err.strip().removeprefix("password: ")
    office = open_database(ledger)
    doors = Access(office)
    assert doors.accounts.check("bert", generated)
    assert doors.accounts.check("anna", PASSWORD)
    assert admin(monkeypatch, "user", "password", "bert", *at, typed="another set of words\n") == 0
    assert doors.accounts.check("bert", generated) is None
    assert admin(monkeypatch, "user", "disable", "bert", *at) == 0
    assert doors.accounts.check("bert", "another set of words") is None
    assert admin(monkeypatch, "user", "enable", "bert", *at) == 0
    assert doors.accounts.check("bert", "another set of words")
    assert admin(monkeypatch, "user", "password", "nobody", *at, typed=PASSWORD) == 2
    capsys.readouterr()
    assert admin(monkeypatch, "user", "list", *at) == 0
    assert capsys.readouterr().out.split()[:2] == ["anna", "admin"]
    assert {entry.via for entry in doors.audit.entries()} == {"command"}
    office.close()


def test_a_token_is_printed_alone_and_once(
    ledger: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--ledger", ledger)
    assert admin(monkeypatch, "token", "create", "till 3", "--scope", "write", "--days", "30", *at) == 0
    secret = capsys.readouterr().out
    assert secret.count("\n") == 1
    office = open_database(ledger)
    found = Access(office).tokens.find(secret.strip())
    assert found is not None
    assert admin(monkeypatch, "token", "list", *at) == 0
    listed = capsys.readouterr().out
    assert "till 3" in listed
    assert secret.strip() not in listed
    assert admin(monkeypatch, "token", "revoke", found.id, *at) == 0
    assert Access(office).tokens.find(secret.strip()) is None
    office.close()
    assert admin(monkeypatch, "token", "revoke", found.id, *at) == 2
    assert admin(monkeypatch, "token", "create", "x", "--days", "0", *at) == 2
    assert "1 to 3650 days" in capsys.readouterr().err


def test_it_works_beside_a_ledger_that_is_in_use(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    running = open_ledger(ledger)
    assert admin(monkeypatch, "user", "create", "anna", "--ledger", ledger, typed=PASSWORD) == 0
    running.close()


def test_a_memory_keeps_no_account(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert admin(monkeypatch, "user", "list", "--ledger", "memory:") == 2
    assert "forgets" in capsys.readouterr().err

"""Accounts, logins, tokens, screens and the audit log: one contract for every database."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from people import PASSWORD, TESTER

from smartcart.server.access.access import Access
from smartcart.server.access.accounts import AccountError, Role
from smartcart.server.access.passwords import WeakPasswordError
from smartcart.server.access.tokens import Scope
from smartcart.server.database.database import open_database
from smartcart.server.ledger.address import open_ledger


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def doors(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Access]:
    match request.param:
        case "memory":
            url = "memory:"
        case "sqlite":
            url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        case _:
            url = str(request.getfixturevalue("postgres_url"))
    open_ledger(url).close()
    office = open_database(url, clock)
    yield Access(office)
    office.close()


def test_an_account_from_beginning_to_end(doors: Access, clock: Clock) -> None:
    accounts = doors.accounts
    assert not accounts.has_admin()
    boss, anna = (
        accounts.create(name, role, PASSWORD, TESTER) for name, role in (("boss", Role.ADMIN), ("anna", Role.STAFF))
    )
    assert accounts.has_admin()
    assert accounts.everybody() == [anna, boss]
    assert accounts.check("ANNA", PASSWORD) == anna
    assert accounts.check("anna", PASSWORD + "x") is None
    assert accounts.check("a\0", PASSWORD) is None
    with pytest.raises(AccountError, match="already"):
        accounts.create("anna", Role.STAFF, PASSWORD, TESTER)
    with pytest.raises(AccountError, match="last admin"):
        accounts.set_role("boss", Role.STAFF, TESTER)
    with pytest.raises(AccountError, match="no account"):
        accounts.disable("\0", TESTER)
    with pytest.raises(WeakPasswordError):
        accounts.set_password("anna", "anna123456", TESTER)
    assert accounts.check("anna", PASSWORD) == anna, "what was refused has changed nothing"
    clock.later(days=1)
    accounts.set_role("anna", Role.ADMIN, TESTER)
    accounts.disable("boss", TESTER)
    assert accounts.check("boss", PASSWORD) is None
    assert accounts.find("anna").changed_at == clock.now


def test_two_admins_who_disable_each_other_at_once_do_not_both(doors: Access) -> None:
    for name in ("one", "two"):
        doors.accounts.create(name, Role.ADMIN, PASSWORD, TESTER)
    refused: list[str] = []

    def disable(name: str) -> None:
        try:
            doors.accounts.disable(name, TESTER)
        except AccountError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=disable, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert doors.accounts.has_admin()


def test_a_login_lasts_as_long_as_it_is_used_and_no_longer_than_a_shift(doors: Access, clock: Clock) -> None:
    anna = doors.accounts.create("anna", Role.STAFF, PASSWORD, TESTER)
    secret = doors.logins.open(anna, TESTER)
    for _ in range(14):
        clock.later(minutes=50)
        assert doors.logins.find(secret) == ("anna", Role.STAFF)
    clock.later(minutes=50)
    assert doors.logins.find(secret) is None, "after twelve hours"
    secret = doors.logins.open(anna, TESTER)
    clock.later(minutes=61)
    assert doors.logins.find(secret) is None, "after an hour without use"
    assert doors.logins.find("") is None
    secret = doors.logins.open(anna, TESTER)
    doors.logins.close(secret, TESTER)
    assert doors.logins.find(secret) is None


def test_a_token_until_its_end(doors: Access, clock: Clock) -> None:
    token, secret = doors.tokens.create("till", Scope.READ, 1, TESTER)
    found = doors.tokens.find(secret)
    assert found == token
    assert doors.tokens.everything()[0].used_at == clock.now
    assert doors.tokens.find(secret[:-1]) is None
    clock.later(days=1)
    assert doors.tokens.find(secret) is None


def test_one_code_pairs_one_screen_though_two_ask_at_once(doors: Access) -> None:
    code = doors.screens.code("s", "c", TESTER)
    paired: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: paired.append(doors.screens.pair("s", "c", code, TESTER))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (secret,) = [secret for secret in paired if secret]
    assert doors.screens.find(secret, "s", "c") is not None
    assert doors.screens.find(secret, "s", "d") is None


def test_the_log_is_read_in_pages_and_written_out_whole(doors: Access) -> None:
    for number in range(1203):
        if number % 400 == 0:
            doors.audit.note(TESTER, "counted", str(number), picture=None, words="ü\n")
    first = doors.audit.entries(2)
    assert [entry.subject for entry in first] == ["1200", "800"]
    assert [entry.subject for entry in doors.audit.entries(5, before=first[-1].position)] == ["400", "0"]
    lines = "".join(doors.audit.lines()).splitlines()
    assert len(lines) == 4
    assert '"words": "ü\\n"' in lines[0]

"""How often somebody may try, on every database and with several servers on one."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from smartcart.server.access import rate_limit as tries_module
from smartcart.server.access.access import Access
from smartcart.server.access.authenticator import Authenticator, TooManyTriesError
from smartcart.server.access.rate_limit import Bucket, RateLimit
from smartcart.server.database.database import Database, open_database
from smartcart.server.database.tables import TRIES
from smartcart.server.ledger.address import open_ledger

SHARED = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
"""Not in a memory, which no two servers share."""


class Clock:
    """What all servers take for the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        made = str(request.getfixturevalue("postgres_url"))
    else:
        made = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'ledger.sqlite'}"}[request.param]
    open_ledger(made).close()
    return made


@pytest.fixture
def server(url: str, clock: Clock) -> Iterator[Callable[[], RateLimit]]:
    """What each server process has of it."""
    offices: list[Database] = []

    def make() -> RateLimit:
        offices.append(open_database(url, clock))
        return RateLimit(offices[-1])

    yield make
    for office in offices:
        office.close()


def bucket(whose: str = "anna", tries: int = 5, seconds: int = 50) -> Bucket:
    return Bucket(whose=whose, tries=tries, seconds=seconds)


def kept(tries: RateLimit) -> int:
    with tries._office.reading() as connection:
        return connection.execute(select(func.count()).select_from(TRIES)).scalar_one()


def test_a_few_are_free_and_then_one_has_to_wait(server: Callable[[], RateLimit], clock: Clock) -> None:
    tries = server()
    assert [tries.take(bucket()) for _ in range(7)] == [0] * 5 + [10] * 2
    assert tries.take(bucket("bert")) == 0
    clock.wait(9)
    assert tries.take(bucket()) == 1
    clock.wait(1)
    assert [tries.take(bucket()) for _ in range(2)] == [0, 10]
    clock.wait(50)
    assert [tries.take(bucket()) for _ in range(6)] == [0] * 5 + [10]


def test_a_good_try_is_given_back(server: Callable[[], RateLimit]) -> None:
    tries = server()
    for _ in range(20):
        assert tries.take(bucket()) == 0
        tries.give_back(bucket())
    tries.give_back(bucket(), bucket("nobody"))
    assert [tries.take(bucket()) for _ in range(6)] == [0] * 5 + [10]


def test_what_one_bucket_refuses_no_other_counts(server: Callable[[], RateLimit]) -> None:
    tries = server()
    full, other = bucket("full", tries=1), bucket("other")
    assert [tries.take(full, other) for _ in range(9)] == [0] + [50] * 8
    assert [tries.take(other) for _ in range(5)] == [0] * 4 + [10]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("url", ["memory"], indirect=True)
@given(pauses=st.lists(st.integers(0, 30), max_size=40), whose=st.uuids())
def test_it_lets_through_what_a_leaking_bucket_would(
    server: Callable[[], RateLimit], clock: Clock, pauses: list[int], whose: object
) -> None:
    tries, level = server(), 0.0
    for pause in pauses:
        clock.wait(pause)
        level = max(0.0, level - pause / 10)
        wait = tries.take(bucket(str(whose)))
        assert wait == pytest.approx(max(0.0, level + 1 - 5) * 10)
        level += wait == 0


@SHARED
def test_several_servers_count_as_one(server: Callable[[], RateLimit]) -> None:
    here, there = server(), server()
    assert [at.take(bucket()) for at in (here, there) * 3] == [0] * 5 + [10]


@SHARED
def test_of_many_who_try_at_once_no_more_are_let_through(server: Callable[[], RateLimit]) -> None:
    servers = [server(), server()]
    let_through: Counter[str] = Counter()
    lock = threading.Lock()

    def try_on(tries: RateLimit, own: str) -> None:
        for turn in range(10):
            buckets = [bucket(own, tries=100), bucket("anna", tries=20)]
            wait = tries.take(*(buckets if turn % 2 else buckets[::-1]))
            with lock:
                let_through[own] += wait == 0

    threads = [threading.Thread(target=try_on, args=(servers[n % 2], f"address {n}")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let_through.total() == 20


def test_what_is_kept_has_an_end_and_the_fullest_stay(
    server: Callable[[], RateLimit], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries_module, "MOST_BUCKETS", 10)
    tries = server()
    for _ in range(5):
        tries.take(bucket())
    for number in range(40):
        clock.wait(0.1)
        assert tries.take(bucket(f"somebody {number}")) == 0
    assert kept(tries) == 10
    assert tries.take(bucket()) == 6
    clock.wait(50)
    tries.take(bucket("somebody"))
    assert kept(tries) == 1


def test_a_clock_that_was_wrong_locks_nobody_out(server: Callable[[], RateLimit], clock: Clock) -> None:
    tries = server()
    clock.wait(86_400)
    for _ in range(6):
        tries.take(bucket())
    clock.wait(-86_400)
    assert [tries.take(bucket()) for _ in range(6)] == [0] * 5 + [10]


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_of_a_name_that_nobody_has_next_to_nothing_is_kept(url: str, clock: Clock) -> None:
    office = open_database(url, clock)
    desk = Authenticator(Access(office), lambda: None)
    for number in range(20):
        desk._attempt("hunter2 hunter2", f"192.0.2.{number}")
    with pytest.raises(TooManyTriesError):
        desk._attempt("Hunter2 hunter2 ", "198.51.100.1")
    some = {Bucket(whose=f"unknown {number:03x}", tries=1, seconds=1).key for number in range(16**3)}
    with office.reading() as connection:
        keys = set(connection.execute(select(TRIES.c.key)).scalars())
    assert len(keys) == 21
    assert len(keys & some) == 1, "one of 4,096 that thousands of names have in common"
    desk.close()
    office.close()


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_who_tries_too_often_stands_in_nobodys_way(url: str, clock: Clock) -> None:
    office = open_database(url, clock)
    desk, busy = Authenticator(Access(office), lambda: None), threading.Event()
    for number in range(10):
        desk._attempt(f"somebody {number}", "192.0.2.1")
    passwords = [desk._threads.submit(busy.wait, 60) for _ in range(2)]
    with pytest.raises(TooManyTriesError, match="wait 30 seconds"):
        asyncio.run(desk.log_in("anna", "x", "192.0.2.1"))
    assert not any(password.done() for password in passwords), "refused before those whose passwords are checked"
    busy.set()
    desk.close()
    office.close()

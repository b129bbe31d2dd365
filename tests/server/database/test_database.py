"""The office's tables: made, brought up to date, and shared by several, on every database."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, func, insert, select, text

from smartcart.server.database import migrations
from smartcart.server.database.database import Database, DatabaseError, open_database
from smartcart.server.database.tables import AUDIT, METADATA
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import Ledger

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENTRY = {"at": NOW, "actor": "a", "via": "login", "action": "x", "subject": "", "detail": "{}"}


KEPT = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
"""Not in a memory, which forgets."""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        case _:
            return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = open_ledger(url)
    yield opened
    opened.close()


@pytest.fixture
def open_again(url: str, ledger: Ledger) -> Iterator[Callable[[], Database]]:
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(url))
        return opened[-1]

    yield open_it
    for office in opened:
        office.close()


def test_the_migrations_make_the_tables_that_queries_name(open_again: Callable[[], Database], url: str) -> None:
    office = open_again()
    found = MetaData()
    with office.reading() as connection:
        schema = "smartcart" if url.startswith("postgres") else None
        found.reflect(connection, schema=schema, only=lambda name, _: name.startswith("office_"))
    for name, table in METADATA.tables.items():
        made = found.tables[f"smartcart.{name}" if schema else name]
        assert [(c.name, bool(c.nullable), bool(c.primary_key)) for c in table.columns] == [
            (c.name, bool(c.nullable) and not c.primary_key, bool(c.primary_key)) for c in made.columns
        ], name
        assert {index.name for index in table.indexes} == {
            index.name for index in made.indexes if not str(index.name).endswith("_key")
        }


@KEPT
def test_what_is_written_is_there_after_a_restart(url: str) -> None:
    open_ledger(url).close()
    office = open_database(url)
    with office.writing() as connection:
        connection.execute(insert(AUDIT), ENTRY)
    office.close()
    again = open_database(url)
    with again.reading() as connection:
        assert connection.execute(select(AUDIT.c.at)).scalar() == NOW
    again.close()


def test_many_threads_write_and_nothing_is_lost(open_again: Callable[[], Database]) -> None:
    office = open_again()

    def count_up() -> None:
        for _ in range(20):
            with office.writing() as connection:
                connection.execute(select(func.count()).select_from(AUDIT)).scalar()
                connection.execute(insert(AUDIT), ENTRY)

    threads = [threading.Thread(target=count_up) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.reading() as connection:
        assert connection.execute(select(func.count()).select_from(AUDIT)).scalar() == 100


def test_a_failed_transaction_leaves_nothing(open_again: Callable[[], Database]) -> None:
    office = open_again()
    with pytest.raises(ZeroDivisionError), office.writing() as connection:
        connection.execute(insert(AUDIT), ENTRY)
        _ = 1 / 0
    with office.reading() as connection:
        assert connection.execute(select(func.count()).select_from(AUDIT)).scalar() == 0


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    open_ledger(url).close()
    office = open_database(url, lambda: NOW)
    yield office
    office.close()


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_nothing_is_written_into_a_file_that_is_gone(in_a_file: Database, tmp_path: Path, ending: str) -> None:
    office = in_a_file
    (tmp_path / f"ledger.sqlite{ending}").rename(tmp_path / "away")
    with pytest.raises(DatabaseError, match="deleted or replaced"), office.writing() as connection:
        connection.execute(insert(AUDIT), ENTRY)
    with pytest.raises(DatabaseError, match="deleted or replaced"), office.reading():
        pass


@pytest.mark.parametrize(
    "time",
    [
        "no such",
        "",
        b"\xff",
        7,
        1.5,
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-02T03:04:05",
    ],
)
def test_a_damaged_time_is_long_ago(in_a_file: Database, time: object) -> None:
    with in_a_file.writing() as connection:
        connection.execute(insert(AUDIT), ENTRY)
        connection.exec_driver_sql("UPDATE office_audit SET at = ?", (time,))
        assert connection.execute(select(AUDIT.c.at)).scalar_one() == datetime(1970, 1, 1, tzinfo=UTC)


@KEPT
def test_a_newer_office_is_refused_in_plain_words(open_again: Callable[[], Database], url: str) -> None:
    office = open_again()
    with office.writing() as connection:
        schema = "smartcart." if url.startswith("postgres") else ""
        connection.execute(text(f"INSERT INTO {schema}office_version VALUES (999)"))
    with pytest.raises(DatabaseError, match="update smartcart"):
        open_again()


@KEPT
def test_an_older_office_is_brought_up_to_date(
    open_again: Callable[[], Database], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_again()
    added = (
        "CREATE TABLE office_more (position {serial}, picture {bytes}); CREATE INDEX office_i ON office_more (picture)"
    )
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, added))
    schema = "smartcart." if url.startswith("postgres") else ""
    for _ in range(2):
        with open_again().reading() as connection:
            assert connection.execute(text(f"SELECT count(*) FROM {schema}office_more")).scalar() == 0


@KEPT
def test_servers_that_start_at_once_make_the_tables_once(url: str, ledger: Ledger) -> None:
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(open_database(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    for office in opened:
        office.close()

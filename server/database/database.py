"""The server's own database tables, beside the ledger and in the same database.

They contain accounts, logins, API tokens, cart screens and the audit log, but no events. An SQLite file must have been
opened as a ledger before, which makes it one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, QueuePool, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from smartcart.server.database.migrations import NewerTablesError, migrate
from smartcart.server.database.open_files import OpenFiles
from smartcart.server.database.utc_datetime import utc_now
from smartcart.server.errors import ServerError

_BUSY_SECONDS: Final = 10
_SCHEMA: Final = "smartcart"  # the ledger's own in PostgreSQL


class DatabaseError(ServerError):
    """The server's own tables cannot be opened, read or written; the message says why and what to do."""


class Database:
    """Safe to use from several threads. Never request a second connection while holding one."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now, file: Path | None = None) -> None:
        """Brings the tables up to date.

        Raises:
            DatabaseError: they cannot be written, or are of a newer version.
        """
        self._engine = engine
        self._files: OpenFiles | None = None
        self.now = clock
        try:
            with self.writing() as connection:
                migrate(connection)
        except NewerTablesError as error:
            engine.dispose()
            raise DatabaseError(
                f"the server's tables are newer than this program ({error}): update smartcart"
            ) from None
        except BaseException:
            engine.dispose()
            raise
        self._files = OpenFiles(file) if file else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only connection."""
        with self._errors("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing. Handling an IntegrityError is up to the caller."""
        with self._errors("write"), self._engine.connect() as connection:
            connection = connection.execution_options(smartcart_writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Closes every connection; may be called twice."""
        self._engine.dispose()

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            self._check_files()
            yield
            self._check_files()
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise DatabaseError(f"cannot {doing} the server's own tables: {error.orig}") from error
        except SQLAlchemyError as error:
            raise DatabaseError(f"cannot {doing} the server's own tables: {error}") from error
        except (LookupError, TypeError, ValueError) as error:  # a stored row may contain nonsense
            raise DatabaseError(f"cannot {doing} the server's own tables: a row is damaged: {error}") from error

    def _check_files(self) -> None:
        gone = self._files.gone() if self._files else None
        if gone:
            raise DatabaseError(
                f"{gone} was deleted or replaced while the server used it: stop it, and put the file back"
            )


def inserting(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert with ``on_conflict_do_update``, in this database's dialect."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def open_database(ledger_url: str, clock: Callable[[], datetime] = utc_now) -> Database:
    """Opens the tables in the database of a ledger; ``memory:`` keeps nothing.

    Raises:
        DatabaseError: the database cannot be opened, or its tables are of a newer version.
    """
    if ledger_url == "memory:":
        return Database(_sqlite_engine(None), clock)
    if ledger_url.startswith("sqlite:///"):
        path = ledger_url.removeprefix("sqlite:///")
        return Database(_sqlite_engine(path), clock, Path(path))
    return Database(_postgres_engine(ledger_url), clock)


def _sqlite_engine(path: str | None) -> Engine:
    one = {"pool_size": 1, "max_overflow": 0} if path is None else {}  # each connection would have its own memory
    engine = create_engine(
        URL.create("sqlite", database=path),
        poolclass=QueuePool,
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
        **one,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # as in the ledger
        connection.isolation_level = None  # transactions are begun explicitly, see below
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # otherwise a reader that becomes a writer while another writes would fail at once instead of waiting
        writes = connection.get_execution_options().get("smartcart_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: str) -> Engine:
    import psycopg

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), pool_pre_ping=True)
    return engine.execution_options(schema_translate_map={None: _SCHEMA})

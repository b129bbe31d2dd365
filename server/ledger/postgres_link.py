"""A connection to PostgreSQL that is reopened with the next use after it was lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from smartcart.server.ledger.port import LedgerError
from smartcart.server.ledger.postgres_schema import Connection


class Link:
    """One connection, for one user at a time; opened on demand."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @contextmanager
    def use(self, doing: str) -> Iterator[Connection]:
        """A connection inside a transaction that is committed at the end."""
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(
                        self._url,
                        connect_timeout=5,
                        options="-c search_path=smartcart -c synchronous_commit=on",
                    )
                with self._connection.transaction():
                    yield self._connection
            except psycopg.Error as error:
                raise LedgerError(f"cannot {doing} the PostgreSQL ledger: {_why(error)}") from error

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _why(error: psycopg.Error) -> str:
    """The first line; PostgreSQL's messages never contain the password."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

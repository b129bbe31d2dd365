"""One server alone on an SQLite ledger: two under its one name at the broker throw each other out for ever.

Two on one PostgreSQL without ``--shared`` do so too, and both say what it is (``connection``), but neither is refused:
a lock there ends with its connection, so it is lost with every restart of the database while its server works on, and
it outlives a server whose machine lost power, by hours, while another one should take its place. Nothing is counted
twice meanwhile: the ledger knows every event by its id.
"""

import sqlite3
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

from smartcart.server.ledger.address import sqlite_path
from smartcart.server.ledger.port import LedgerError


def sole_use(ledger_url: str) -> AbstractContextManager[Any]:
    """A lock beside the file, which ends with this process, however it ends; other kinds of ledger need none.

    Raises:
        LedgerError: another server has it, or its folder cannot be written.
    """
    path = sqlite_path(ledger_url)
    if path is None:
        return nullcontext()
    try:
        guard = sqlite3.connect(f"{path.resolve()}.lock", timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.Error:
        raise LedgerError(f"cannot open the ledger {path}: its folder is missing or may not be written") from None
    try:
        guard.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        guard.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            why = f"another server uses the ledger {path}: stop that one, or let both share a PostgreSQL (--shared)"
            raise LedgerError(why) from None
        raise LedgerError(f"cannot open the ledger {path}: {path}.lock: {error}") from None
    return closing(guard)

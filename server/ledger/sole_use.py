"""One server per SQLite ledger: a broker would disconnect two under one name in turns, for ever.

The same happens to two on one PostgreSQL without ``--shared``. Both report it (``connection``), but neither is refused:
a lock there ends with its connection. So it would be lost with every restart of the database while its server works on,
and would outlive, by hours, a server whose machine lost power, while another one should take its place. Nothing is
counted twice meanwhile, since the ledger knows every event by its id.
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
        raise LedgerError(f"cannot open the ledger {path}: its folder is missing or not writable") from None
    try:
        guard.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        guard.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            why = f"another server uses the ledger {path}: stop that one, or let both share a PostgreSQL (--shared)"
            raise LedgerError(why) from None
        raise LedgerError(f"cannot open the ledger {path}: {path}.lock: {error}") from None
    return closing(guard)

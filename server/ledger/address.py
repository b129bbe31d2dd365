"""A ledger by its address: ``sqlite:///FILE``, ``postgresql://USER@HOST/DATABASE`` or ``memory:``."""

from pathlib import Path
from typing import Final

from smartcart.server.ledger.memory import MemoryLedger
from smartcart.server.ledger.port import Ledger, LedgerError
from smartcart.server.ledger.sqlite import SQLiteLedger

_SQLITE: Final = "sqlite:///"


def open_ledger(url: str, *, existing: bool = False) -> Ledger:
    """Opens a ledger, or creates it.

    Args:
        existing: requires a ledger that exists and is up to date; nothing is created or migrated.

    Raises:
        LedgerError: an unknown kind of URL, or the ledger cannot be opened.
    """
    if url == "memory:":
        return MemoryLedger()
    path = sqlite_path(url)
    if path is not None:
        return SQLiteLedger(path, existing=existing)
    if is_postgres(url):
        return _open_postgres(url, existing=existing)
    raise LedgerError("a ledger's address looks like sqlite:///smartcart.sqlite or postgresql://USER@HOST/DATABASE")


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite ledger; None for another kind."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) and len(url) > len(_SQLITE) else None


def is_postgres(url: str) -> bool:
    """True if it is the address of a PostgreSQL ledger."""
    return url.startswith(("postgresql://", "postgres://"))


def _open_postgres(url: str, *, existing: bool) -> Ledger:
    try:
        from smartcart.server.ledger.postgres import PostgresLedger
    except ImportError:
        raise LedgerError('a PostgreSQL ledger needs: pip install "smartcart[postgres]"') from None
    return PostgresLedger(url, existing=existing)

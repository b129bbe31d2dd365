"""Backs up a ledger while servers write to it, and restores it where there is none.

SQLite is copied by its own online backup, PostgreSQL by ``pg_dump`` and ``pg_restore``. Everything in the ledger's file
or schema is included, accounts too, so a backup is readable by its owner alone. It appears under its name only when it
is complete.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from smartcart.server.ledger.address import is_postgres, open_ledger, sqlite_path
from smartcart.server.ledger.port import LedgerError
from smartcart.server.ledger.sqlite_schema import DAMAGE, version_of


def backup(url: str, target: Path) -> None:
    """Writes a backup to a new file.

    Raises:
        LedgerError: the ledger cannot be read, or the target exists or cannot be written.
    """
    path = sqlite_path(url)
    with new_file(target) as part:
        if path is not None:
            _copy(path, part)
        elif is_postgres(url):
            from smartcart.server.ledger.postgres_backup import dump

            open_ledger(url, existing=True).close()
            dump(url, part)
        else:
            raise LedgerError("only a ledger on disk can be backed up: sqlite:///FILE or postgresql://…")


def restore(source: Path, url: str) -> None:
    """Restores a ledger from a backup and migrates it; never over an existing one.

    Raises:
        LedgerError: the backup is invalid, damaged, or of the other kind of ledger; or a ledger exists already.
    """
    if not source.is_file():
        raise LedgerError(f"there is no backup at {source}")
    path = sqlite_path(url)
    if path is not None:
        for beside in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))):
            if beside.exists():
                raise LedgerError(f"{beside} already exists: move it away, a restore overwrites nothing")
        with new_file(path) as part:
            _copy(source, part)
    elif is_postgres(url):
        from smartcart.server.ledger.postgres_backup import load

        load(source, url)
    else:
        raise LedgerError("a backup is restored to sqlite:///FILE or postgresql://…")
    open_ledger(url).close()


def _copy(source: Path, target: Path) -> None:
    """Copies in one read transaction, which does not block writers in WAL mode."""
    if not source.is_file():
        raise LedgerError(f"there is no ledger at {source}")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            if not version_of(old):
                raise LedgerError(f"{source} is not a ledger")
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            damage = new.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except DAMAGE as error:
        raise LedgerError(f"cannot copy {source}: {error}") from error
    if damage != "ok":
        raise LedgerError(f"{source} is damaged: {damage}")


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A file next to the target, readable by its owner alone, which gets its name when it is complete and on disk."""
    if target.exists():
        raise LedgerError(f"{target} already exists: give another name, nothing is overwritten")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise LedgerError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        try:
            part.rename(target)
        except OSError as error:
            raise LedgerError(f"cannot write {target}: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()

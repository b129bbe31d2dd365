"""Files that only their owner may read: those that a command writes, and older ones that it finds."""

import contextlib
import logging
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("smartcart.files")


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Files written meanwhile, including SQLite's own files beside a database, are unreadable for other users."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def warn_of_readers(database: Path) -> None:
    """Warns with a remedy if other users may read an SQLite file, or replace it in its folder (POSIX)."""
    if os.name != "posix":
        return
    files = [path for end in ("", "-wal", "-shm") if (path := Path(f"{database}{end}")).is_file()]
    if any(path.stat().st_mode & 0o077 for path in files):
        log.warning("other users may read %s: chmod 600 %s", database, shlex.join(map(str, files)))
    folder = database.absolute().parent
    if folder.is_dir() and folder.stat().st_mode & 0o1022 in (0o002, 0o020, 0o022):
        log.warning("other users may replace %s: chmod 700 %s", database, shlex.quote(str(folder)))

"""Checks that the files of an SQLite database are still those that were opened.

Anything written to a deleted or replaced file is lost with this process, so nothing may depend on it. This includes the
write-ahead log, which contains every commit before the file itself does.
"""

from pathlib import Path
from typing import Final

BESIDE: Final = ("", "-wal", "-shm")


class OpenFiles:
    """The file and its companions as they are now; create it while a connection keeps them open."""

    def __init__(self, path: Path) -> None:
        files = (path.with_name(path.name + ending) for ending in BESIDE)
        self._opened = {file: found for file in files if (found := _identity(file))}

    def gone(self) -> Path | None:
        """One of them that was deleted or replaced since; None while all are there."""
        return next((file for file, opened in self._opened.items() if _identity(file) != opened), None)


def _identity(file: Path) -> tuple[int, int] | None:
    """Device and inode; None if there is no file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

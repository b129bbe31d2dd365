"""Whether the files of an SQLite database are still those that were opened.

What is written into a file that was deleted or replaced is lost with this process: nobody may rely on it. That holds
for the write-ahead log as well, where every commit stands before it gets into the file itself.
"""

from pathlib import Path
from typing import Final

BESIDE: Final = ("", "-wal", "-shm")


class OpenFiles:
    """The file and what stands beside it now; to be made while a connection keeps them open."""

    def __init__(self, path: Path) -> None:
        files = (path.with_name(path.name + ending) for ending in BESIDE)
        self._opened = {file: found for file in files if (found := _identity(file))}

    def gone(self) -> Path | None:
        """One of them that was deleted or replaced since; None while all are there."""
        return next((file for file, opened in self._opened.items() if _identity(file) != opened), None)


def _identity(file: Path) -> tuple[int, int] | None:
    """Device and inode; None where nothing stands."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

"""The port through which events leave the edge, and its plainest adapter: JSON lines in a file."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from smartcart.edge.contract.events import Event
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.errors import EdgeError

Build = Callable[[str, int], Event]


class SinkError(EdgeError):
    """An event was not accepted; nothing of it was stored. The message says what to do."""


class Sink(Protocol):
    """Accepts events in order; ``build`` gets the id and sequence number assigned, and returns the event."""

    def open_session(self) -> str | None:
        """The session that an earlier run left open."""
        ...

    def start_session(self, build: Build) -> Event: ...

    def append(self, build: Build, *, ends: bool = False) -> Event: ...

    def depth(self) -> int:
        """The number of accepted events that the server is not yet known to have stored."""
        ...

    def full(self) -> bool: ...


class JsonLines:
    """Events as JSON lines, each flushed to the disk before ``append`` returns; a context manager.

    Raises:
        SinkError: the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seq = 0
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise SinkError(f"{path}: cannot be written: {error.strerror}") from error

    def open_session(self) -> str | None:
        return None

    def start_session(self, build: Build) -> Event:
        with self._lock:
            return self._write(build, 1)

    def append(self, build: Build, *, ends: bool = False) -> Event:
        with self._lock:
            return self._write(build, self._seq + 1)

    def depth(self) -> int:
        return 0

    def full(self) -> bool:
        return False

    def _write(self, build: Build, seq: int) -> Event:
        event = build(uuid7(), seq)
        line = event.to_bytes() + b"\n"
        start = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(start)
            raise SinkError(f"{self._path}: cannot be written: {error.strerror}") from error
        self._seq = seq
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

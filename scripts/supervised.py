"""Processes that are restarted whenever they end, as by systemd, and that may be killed at any moment."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from smartcart.scripts.signals import uninterrupted

RESTART_SECONDS: Final = 0.3


class Supervised:
    """One process; ``exits`` counts how often it ended by itself with an error.

    Args:
        words: the command line.
        before_start: called before each start but the first.
    """

    def __init__(
        self,
        name: str,
        words: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.exits = 0
        self.kills = 0
        self._words = [str(word) for word in words]
        self._log = log
        self._environment = dict(os.environ) | dict(environment or {})
        self._folder = folder
        self._before_start = before_start
        self._due = 0.0
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def finished(self) -> bool:
        """True if it has done its work and ended well."""
        return self._process.poll() == 0

    def tend(self) -> None:
        """Restarts it a moment after it has ended with an error."""
        code = self._process.poll()
        if code is None or code == 0:
            return
        if not self._due:
            self.exits += 1
            self._due = time.monotonic() + RESTART_SECONDS
        elif time.monotonic() >= self._due:
            self.restart()

    def kill(self) -> None:
        """Kills it as a power cut would, and waits until it is gone."""
        self.kills += 1
        self._process.kill()
        self._process.wait()
        self._due = time.monotonic()  # tend() must restart it without counting this as its own failure

    def restart(self) -> None:
        self._due = 0.0
        self._before_start()
        with uninterrupted():
            self._process = self._start()

    def stop(self, seconds: float = 30) -> int:
        """Asks it to end; returns its exit status, negative if it had to be killed."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.end()

    def end(self) -> int:
        """Kills it if it still runs, and does not restart it; returns its exit status."""
        self._process.kill()
        return self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment, cwd=self._folder
            )

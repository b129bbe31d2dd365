"""Real brokers and the real command for tests, and waiting for something to come about."""

import getpass
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SMARTCART = str(Path(sys.executable).with_name("smartcart"))
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(condition: Callable[[], object], timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


class Mosquitto:
    """A real Mosquitto process on a free port."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        assert MOSQUITTO
        self.port = port or free_port()
        self.config = folder / f"mosquitto-{self.port}.conf"
        # started by root it would become another user, who may not read the tests' folder
        common = [f"user {getpass.getuser()}", f"listener {self.port} 127.0.0.1"]
        self.config.write_text("\n".join([*common, *(lines or ["allow_anonymous true"])]))
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen([MOSQUITTO or "", "-c", str(self.config)], stdout=quiet, stderr=quiet)
        try:
            wait_until(self._answers)
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

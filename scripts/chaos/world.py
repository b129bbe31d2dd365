"""The processes of ``smartcart chaos``: broker, server, ledger and carts, any of which may be killed."""

import getpass
import random
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from smartcart.scripts.main import CommandError
from smartcart.scripts.own_postgres import OwnPostgres
from smartcart.scripts.signals import uninterrupted
from smartcart.scripts.supervised import Supervised

SMARTCART: Final = str(Path(sys.executable).with_name("smartcart"))
MOSQUITTO: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
set_tcp_nodelay true
max_inflight_messages 1000
persistence true
persistence_location {folder}/
autosave_interval 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPlan:
    """The plan of a run in ``folder``; ``events`` is the number of events of each cart."""

    folder: Path
    broker: Literal["embedded", "mosquitto"]
    ledger: Literal["sqlite", "postgres"]
    carts: int
    events: int
    seed: int


class ChaosWorld:
    """All processes; a context manager that starts and ends them."""

    def __init__(self, plan: WorldPlan, rng: random.Random) -> None:
        self._plan = plan
        self._rng = rng
        self.lost_states = 0
        self.broker_url = f"mqtt://127.0.0.1:{free_port()}"
        self.names = [f"cart-{i}" for i in range(plan.carts)]
        self._running: list[Supervised] = []

    def __iter__(self) -> Iterator[Supervised]:
        return iter(self._running)

    def answered(self) -> int:
        """The number of events that the carts know to be committed."""
        return sum(self._answered(name) for name in self.names)

    def _answered(self, name: str) -> int:
        try:
            return int((self._plan.folder / f"{name}.progress").read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def tend(self) -> None:
        """Restarts ended processes."""
        for process in self._running:
            process.tend()

    def done(self) -> bool:
        """True once every event of every cart is answered."""
        return all(cart.finished for cart in self.carts)

    def __enter__(self) -> "ChaosWorld":
        """Starts everything.

        Raises:
            CommandError: Mosquitto or PostgreSQL is requested but not installed.
        """
        try:
            self._start_database()
            self.broker = self._start_broker()
            self.server = self._start_server()
            self.carts = [self._start_cart(name) for name in self.names]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Asks all to end, the last one first; after an interrupt they are killed."""
        try:
            for process in reversed(self._running):
                process.stop()
        finally:
            with uninterrupted():
                for process in self._running:
                    process.end()

    def _start(self, name: str, words: list[str], **more: object) -> Supervised:
        folder = self._plan.folder
        home = {"HOME": str(folder)}
        log = folder / f"{name}.log"
        with uninterrupted():
            process = Supervised(name, words, log=log, folder=folder, environment=home, **more)  # type: ignore[arg-type]
            self._running.append(process)
        return process

    def _start_database(self) -> None:
        if self._plan.ledger == "sqlite":
            self.ledger_url = f"sqlite:///{self._plan.folder / 'ledger.sqlite'}"
            return
        postgres = OwnPostgres(self._plan.folder / "postgres", free_port())
        self.ledger_url = postgres.url
        self._start("ledger", postgres.words(), before_start=postgres.wait_until_gone)

    def _start_broker(self) -> Supervised:
        port = self.broker_url.rpartition(":")[2]
        if self._plan.broker == "embedded":
            return self._start("broker", [SMARTCART, "broker", "--port", port])
        program = mosquitto()
        config, state = self._plan.folder / "mosquitto.conf", self._plan.folder / "mosquitto"
        state.mkdir()
        config.write_text(MOSQUITTO.format(port=port, user=getpass.getuser(), folder=state))
        return self._start("broker", [program, "-c", str(config)], before_start=lambda: self._lose_state(state))

    def _lose_state(self, state: Path) -> None:
        """Every second restart finds an empty disk; the embedded broker never stores anything."""
        if self._rng.random() < 0.5:
            self.lost_states += 1
            for file in state.iterdir():
                file.unlink()

    def _start_server(self) -> Supervised:
        words = [SMARTCART, "server", "--broker", self.broker_url, "--ledger", self.ledger_url, "--port", "0"]
        return self._start("server", words)

    def _start_cart(self, name: str) -> Supervised:
        plan = self._plan
        words = [sys.executable, "-m", "smartcart.scripts.chaos.cart", name, "--folder", str(plan.folder)]
        more = ["--broker", self.broker_url, "--seed", str(plan.seed), "--events", str(plan.events)]
        return self._start(name, [*words, *more])


def mosquitto() -> str:
    """The path of Mosquitto.

    Raises:
        CommandError: it is not installed.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise CommandError("Mosquitto is not installed: on Debian, apt install mosquitto")
    return program


def free_port() -> int:
    """A free port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])

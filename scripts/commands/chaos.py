"""``smartcart chaos``: kills everything repeatedly while carts work, then counts lost and duplicate events."""

import argparse
import random
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartcart.scripts.chaos.world import ChaosWorld
    from smartcart.server.ledger.port import Ledger

STALL_SECONDS: Final = 300.0
SETTLE_SECONDS: Final = 2.0
WHILE_STARTING: Final = 0.3
"""How often a kill is followed at once by another one, in the middle of the restart."""


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.scripts.require import add_figures_options

    parser = commands.add_parser(
        "chaos",
        help="prove that nothing is lost or doubled: kill -9 of everything, or hostile messages",
        description=(
            "Runs carts (outbox and courier), broker, server and, with PostgreSQL, the ledger as separate "
            "processes, kills them at random with SIGKILL, even while they start, and empties the disk of every "
            "second broker. At the end every basket is compared with the script that the carts played. Exit status "
            "1 if an event is lost, doubled or altered, or a basket is wrong."
        ),
        epilog="Example:  smartcart chaos --kills 100 --events 10000 --broker mosquitto\n"
        "          smartcart chaos --fuzz 100000",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--events", type=int, default=2000, help="of all carts together (default: %(default)s)")
    parser.add_argument("--carts", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--broker", choices=("embedded", "mosquitto"), default="embedded")
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1, help="of events and kills (default: %(default)s)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work in this empty folder and keep it, including logs"
    )
    parser.add_argument("--fuzz", type=int, metavar="N", help="kill nothing; send N hostile messages instead")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report
    from smartcart.scripts.signals import stop_on_sigterm

    stop_on_sigterm()
    if args.carts < 1 or args.kills < 0 or args.events < 2 * args.carts:
        raise CommandError("give at least one cart, and two events for each cart")
    if args.keep and args.keep.exists() and any(args.keep.iterdir()):
        raise CommandError(f"{args.keep} is not empty: give a new folder")
    with tempfile.TemporaryDirectory(prefix="smartcart-chaos-") as temporary:
        folder = (args.keep or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # the database may be another user's
        if args.fuzz:
            from smartcart.scripts.chaos.fuzz import fuzz

            figures = fuzz(folder, count=args.fuzz, seed=args.seed, broker=args.broker, ledger=args.ledger)
        else:
            figures = _chaos(args, folder)
    text = "\n".join(f"{name}: {value}" for name, value in figures.items())
    return report(figures, args, text) or int(not figures["clean"])


def _chaos(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from smartcart.scripts.chaos.script import script
    from smartcart.scripts.chaos.verdict import judge
    from smartcart.scripts.chaos.world import ChaosWorld, WorldPlan

    each = -(-args.events // args.carts)
    rng = random.Random(f"{args.seed}/kills")
    started = time.monotonic()
    plan = WorldPlan(
        folder=folder, broker=args.broker, ledger=args.ledger, carts=args.carts, events=each, seed=args.seed
    )
    with ChaosWorld(plan, rng) as world:
        starting = _kill_all_along(world, rng, args.kills, each * args.carts)
        finished = _wait(world, world.done)
        ledger = _open_when_back(world)
        _pause(world, SETTLE_SECONDS)
        ended_well = world.server.stop() in (0, -signal.SIGTERM)  # the latter if it had only begun to start
        verdict = judge(ledger, {name: script(args.seed, name, each) for name in world.names})
        ledger.close()
        kills = {process.name: process.kills for process in world}
        exits = {process.name: process.exits for process in world if process.exits}
    return {
        "kills": sum(kills.values()),
        "killed": kills,
        "while_starting": starting,
        "lost_states": world.lost_states if args.broker == "mosquitto" else kills["broker"],
        "own_exits": exits,
        "finished": finished and ended_well,
        **asdict(verdict),
        "baskets_equal": verdict.wrong_baskets == 0,
        "seconds": round(time.monotonic() - started, 1),
        "clean": finished and ended_well and verdict.clean,
    }


def _kill_all_along(world: "ChaosWorld", rng: random.Random, kills: int, events: int) -> int:
    """Spreads the kills over the events: each waits until its share is answered; returns those hit while starting."""
    from tqdm import tqdm

    starting = done = 0
    with tqdm(total=kills, unit="kill", disable=None, leave=False) as bar:
        while done < kills:
            share = int(events * (done + rng.random()) / (kills + 1))
            if not _wait(world, partial(_reached, world, share)):
                return starting  # something has stopped for good: the verdict will say so
            _pause(world, rng.uniform(0, 0.3))
            victim = rng.choice([process for process in world if not process.finished])
            victim.kill()
            done += 1
            while done < kills and rng.random() < WHILE_STARTING:
                victim.restart()
                _pause(world, rng.uniform(0, 1.5))
                if victim.finished:
                    break
                victim.kill()
                done, starting = done + 1, starting + 1
            victim.restart()
            bar.n = done
            bar.refresh()
    return starting


def _reached(world: "ChaosWorld", share: int) -> bool:
    return world.answered() >= share or world.done()


def _open_when_back(world: "ChaosWorld") -> "Ledger":
    """A killed database takes a while to recover."""
    from smartcart.server.ledger.address import open_ledger
    from smartcart.server.ledger.port import LedgerError

    until = time.monotonic() + STALL_SECONDS
    while True:
        try:
            return open_ledger(world.ledger_url)
        except LedgerError:
            if time.monotonic() > until:
                raise
        _pause(world, 0.5)


def _pause(world: "ChaosWorld", seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        world.tend()
        time.sleep(0.01)


def _wait(world: "ChaosWorld", condition: Callable[[], bool]) -> bool:
    """Returns whether it happened; gives up when no event was answered for five minutes."""
    answered, since = -1, time.monotonic()
    while not condition():
        world.tend()
        now = world.answered()
        if now != answered:
            answered, since = now, time.monotonic()
        if time.monotonic() - since > STALL_SECONDS:
            return False
        time.sleep(0.02)
    return True

"""The ``smartcart`` command: one word, then the command's own words.

Every subcommand is one module of this package with ``add_parser(subparsers)``, whose parser sets ``run`` to a
function that takes the parsed arguments and returns the exit status. Modules import their heavy parts inside
``run``, so that ``smartcart --help`` answers at once and a command needs only its own extra.
"""

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from smartcart.datasets.errors import SimulatorError
from smartcart.edge.errors import EdgeError
from smartcart.models.errors import ModelsError
from smartcart.scripts.private_files import private_files
from smartcart.server.errors import ServerError

COMMANDS: Final = (
    "demo",
    "edge",
    "server",
    "admin",
    "broker",
    "pair",
    "chaos",
    "bench",
    "replay",
    "evaluate",
    "calibrate",
    "products",
    "datasets",
    "models",
)
PRIVATE: Final = ("edge", "server", "admin")
"""Commands whose files no other user may read: events, door codes, hashes of passwords and tokens."""


ROOM_ERRORS: Final = (EdgeError, ServerError, ModelsError, SimulatorError)
"""The base classes of each room's errors: all are one plain sentence for the user of the command."""


class CommandError(Exception):
    """A command could not run; the message is one plain sentence that says why and what to do."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="smartcart",
        description="A computer-vision smart cart: frames in, an exactly-once basket out.",
        epilog="Start here:  smartcart demo      then:  smartcart demo --camera 0",
    )
    top.add_argument("--version", action="version", version=f"smartcart {version('smartcart')}")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"smartcart.scripts.commands.{name}").add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; exit status 0 it ran, 1 a requirement does not hold, 2 it could not run."""
    args = parser().parse_args(arguments)
    try:
        with private_files() if args.command in PRIVATE else contextlib.nullcontext():
            return int(args.run(args))
    except (CommandError, *ROOM_ERRORS) as error:
        print(f"smartcart {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # an unwritable file, a full disk: the system's own message names it
        print(f"smartcart {args.command}: {error}", file=sys.stderr)
        return 2

"""``smartcart bench``: measures cart and store on this machine; each subject is a separate module."""

import argparse
import importlib
from typing import Any, Final

SUBJECTS: Final = ("edge", "server", "ledger", "pages")


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser(
        "bench",
        help="measure the cart's process and the store's side on this machine",
        description="Measures cart and store on this machine, each figure against a baseline of the same run.",
        epilog="Example:  smartcart bench server --carts 1000 --minutes 2",
    )
    subjects = parser.add_subparsers(title="subjects", dest="subject", required=True, metavar="SUBJECT")
    for name in SUBJECTS:
        importlib.import_module(f"smartcart.scripts.bench.{name}").add_parser(subjects)

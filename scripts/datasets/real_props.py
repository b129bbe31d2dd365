"""The options ``--skins`` and ``--surroundings`` of the commands that simulate."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartcart.datasets.products.products import Split
    from smartcart.datasets.skins.props import Props


@dataclass(frozen=True, slots=True)
class RealProps:
    """Where real surfaces come from, and of which split; every process reads them once for itself."""

    skins: tuple[Path, ...]
    surroundings: tuple[Path, ...]
    split: "Split"

    def read(self) -> "Props":
        """The props themselves; none where nothing is asked for."""
        from smartcart.datasets.skins.props import read_props

        return read_props(self.skins, self.surroundings, self.split)


def add_real_props(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "real surfaces (off by default)",
        "What is real is split as the products are: by a hash of names, prints that look alike together.",
    )
    group.add_argument(
        "--skins",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="scanned goods (objects.csv: name, label, x_m, y_m, z_m, mass_kg; NAME/NAME.obj and .jpg), or cut-outs "
        "(cutouts.csv), whose prints and fruit skins the products wear",
    )
    group.add_argument(
        "--surroundings",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="a data.yaml: floors, cut from between the boxes of its training pictures; folders: shelves from "
        "pictures, the room above from .hdr light probes",
    )


def real_props(args: argparse.Namespace, split: "Split") -> RealProps:
    """What was asked for, read once so that whatever is wrong with it is said before the work begins."""
    wanted = RealProps(tuple(args.skins), tuple(args.surroundings), split)
    wanted.read()
    return wanted

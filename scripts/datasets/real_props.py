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
    """The sources of real surfaces, and their split; every process reads them once."""

    skins: tuple[Path, ...]
    surroundings: tuple[Path, ...]
    split: "Split"

    def read(self) -> "Props":
        """The props themselves; empty if none were requested."""
        from smartcart.datasets.skins.props import read_props

        return read_props(self.skins, self.surroundings, self.split)


def add_real_props(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "real surfaces (off by default)",
        "Real surfaces are split as the products are: by a hash of names, with similar prints kept together.",
    )
    group.add_argument(
        "--skins",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="scanned goods (objects.csv: name, label, x_m, y_m, z_m, mass_kg; NAME/NAME.obj and .jpg), or "
        "cut-outs (cutouts.csv), whose prints and fruit skins are put on the products",
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
    """The requested sources, read once so that every error in them is reported before the work begins."""
    wanted = RealProps(tuple(args.skins), tuple(args.surroundings), split)
    wanted.read()
    return wanted

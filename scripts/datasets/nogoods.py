"""``smartcart datasets nogoods``: pictures without goods."""

import argparse
import json
import time
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.labels import DEFAULT_MODEL, HAND
from smartcart.scripts.datasets.real_props import RealProps, add_real_props, real_props
from smartcart.scripts.datasets.simulating import (
    SPLITS,
    add_jobs,
    each,
    positive,
    require_simulator,
    seed_number,
    split_of,
)
from smartcart.scripts.main import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartcart.datasets.products.products import Split
    from smartcart.datasets.products.textures import Picture
    from smartcart.datasets.real.nogoods import NoGoods

SURE: Final = 0.3


def add_no_goods(parts: "argparse._SubParsersAction[Any]") -> None:
    """Adds the command to ``smartcart datasets``."""
    command = parts.add_parser(
        "nogoods",
        help="a YOLO data set of pictures without goods",
        description="Pictures without goods, for training and for measuring false finds: photos known to be empty, "
        "the ground between labelled goods, and rendered empty carts. Hands keep their boxes; frontal "
        "faces are made unrecognisable.",
        epilog="For example:  smartcart datasets nogoods --empty hands_bare_empty/data.yaml --ground "
        "floor_cans/data.yaml shop_cart_tr/data.yaml --count 300 --seed 1 --out out/nogoods",
    )
    command.add_argument(
        "--empty",
        type=Path,
        nargs="+",
        default=[],
        metavar="DATA_YAML",
        help="sets without goods: their 'judges' lists every class, so that anything without a box is known to "
        "be absent",
    )
    command.add_argument(
        "--ground",
        type=Path,
        nargs="+",
        default=[],
        metavar="DATA_YAML",
        help="sets with a box around everything for sale: cuts from between the boxes",
    )
    command.add_argument("--no-carts", action="store_true", help="no rendered carts")
    command.add_argument("--count", type=positive, required=True, help="number of pictures")
    command.add_argument(
        "--seed", type=seed_number, required=True, help="number of the first picture; the others follow"
    )
    command.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, help="the detector that looks for unlabelled hands"
    )
    command.add_argument("--split", choices=SPLITS, help="from their train parts, or (val, test) from their val parts")
    command.add_argument("--out", type=Path, required=True, help="folder to write to")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    add_jobs(command)
    add_real_props(command)
    command.set_defaults(run=run_no_goods)


def run_no_goods(args: argparse.Namespace) -> int:
    """Writes the missing pictures."""
    begun = time.monotonic()
    require_simulator()
    if args.no_carts and not (args.empty or args.ground):
        raise CommandError("no source of pictures: give --empty or --ground, or omit --no-carts")
    split = split_of(args.split, args.seed, args.seed + args.count - 1)
    from smartcart.datasets.output.yolo import write_data_yaml

    _found(tuple(args.empty), tuple(args.ground), split)
    hand_seen(args.model)
    real = real_props(args, split)
    for name in ("images", "labels"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    work = partial(_write, split, args.out, tuple(args.empty), tuple(args.ground), args.model, real, not args.no_carts)
    hands = int(sum(each(work, range(args.seed, args.seed + args.count), args.jobs, "picture")))
    write_data_yaml(args.out, split)
    seconds = round(time.monotonic() - begun, 3)
    report = {"data": str(args.out / "data.yaml"), "images": args.count, "hands": hands, "seconds": seconds}
    print(json.dumps(report) if args.json else f"{args.count} pictures without goods, {hands} hands, in {args.out}")
    return 0


def _write(
    split: "Split",
    folder: Path,
    empty: tuple[Path, ...],
    ground: tuple[Path, ...],
    model: Path,
    real: RealProps,
    carts: bool,
    number: int,
) -> float:
    from smartcart.datasets.real.nogoods import write_no_goods

    found = _found(empty, ground, split)
    return write_no_goods(number, split, folder, found, real.read(), hands=hand_seen(model), carts=carts)


@cache
def _found(empty: tuple[Path, ...], ground: tuple[Path, ...], split: "Split") -> "NoGoods":
    """The sources, read once per process."""
    from smartcart.datasets.real.nogoods import read_no_goods

    return read_no_goods(empty, ground, split)


@cache
def hand_seen(model: Path) -> "Callable[[Picture], bool]":
    """Whether the model sees a hand in a picture; the model is opened once per process."""
    from smartcart.edge.capture.frames import Frame
    from smartcart.edge.vision.detector import OnnxDetector

    detector = OnnxDetector(model, confidence=SURE)

    def seen(picture: "Picture") -> bool:
        return any(box.label == HAND for box in detector.detect(Frame(image=picture, index=0, time=0.0)))

    return seen

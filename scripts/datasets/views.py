"""``smartcart datasets views``: products alone, turned before a camera, for training an embedding."""

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from smartcart.scripts.datasets.simulating import add_jobs, each, positive, require_simulator


def add_views(parts: "argparse._SubParsersAction[Any]") -> None:
    views = parts.add_parser(
        "views",
        help="products alone from all sides, cut out, for training an embedding",
        epilog="For example:  smartcart datasets views --shelves 30 --split train --out out/views --jobs 2\n"
        "              smartcart datasets views --of out/trips --views 24 --out out/turns   # they enrol them",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = views.add_mutually_exclusive_group(required=True)
    which.add_argument("--shelves", type=positive, help="this many shelves of 16 products each, for `models embedding`")
    which.add_argument(
        "--of", type=Path, nargs="+", metavar="PATH", help="the products of simulated clips, as folders of pictures"
    )
    views.add_argument(
        "--split", choices=("train", "val", "test"), default="train", help="which products (default train)"
    )
    views.add_argument("--views", type=positive, default=16, help="per product (default 16)")
    views.add_argument("--side", type=positive, default=136, help="of a view, pixels (default 136)")
    views.add_argument("--out", type=Path, required=True, help="the folder to write; existing files are kept")
    views.add_argument("--json", action="store_true", help="print the result as one JSON object")
    add_jobs(views)
    views.set_defaults(run=run_views)


def run_views(args: argparse.Namespace) -> int:
    """Writes the missing shelves or products."""
    begun = time.monotonic()
    require_simulator()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.of:
        named = _products_of(args.of)
        turn = partial(_turn, named, args.views, args.side, args.out)
        products = int(sum(each(turn, range(len(named)), args.jobs, "product")))
    else:
        work = partial(_write, args.split, args.views, args.side, args.out)
        products = int(sum(each(work, range(args.shelves), args.jobs, "shelf")))
    seconds = round(time.monotonic() - begun, 1)
    report = {"folder": str(args.out), "products": products, "views": products * args.views, "seconds": seconds}
    print(json.dumps(report) if args.json else f"{products} products, {report['views']} views in {args.out}")
    return 0


def _write(split: str, views: int, side: int, folder: Path, number: int) -> float:
    from smartcart.datasets.output.turntable import SHELF, write_shelf

    write_shelf(split, number, views, side, folder)  # type: ignore[arg-type]
    return SHELF


def _products_of(paths: Sequence[Path]) -> list[str]:
    """The names of the products in the truth of clips.

    Raises:
        CommandError: there are none.
    """
    from smartcart.models.dataset.truth import find_truth, read_truth
    from smartcart.scripts.main import CommandError

    named = {event.product for file in find_truth(paths) for event in read_truth(file).events if event.product}
    if not named:
        raise CommandError("these clips name no products: write them again with `smartcart datasets clips`")
    return sorted(named)


def _turn(named: Sequence[str], views: int, side: int, folder: Path, number: int) -> float:
    from smartcart.datasets.output.turntable import write_turn
    from smartcart.datasets.products.products import product_named

    write_turn(product_named(named[number]), views, side, folder)
    return 1

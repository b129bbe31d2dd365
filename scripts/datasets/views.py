"""``smartcart datasets views``: products alone, turned before a camera, for training an embedding."""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

from smartcart.scripts.datasets.simulating import add_jobs, each, positive, require_simulator


def add_views(parts: "argparse._SubParsersAction[Any]") -> None:
    views = parts.add_parser(
        "views",
        help="products alone from all sides, cut out: what an embedding learns from",
        epilog="For example:  smartcart datasets views --shelves 30 --split train --out out/views --jobs 2",
    )
    views.add_argument("--shelves", type=positive, required=True, help="of 16 products each")
    views.add_argument(
        "--split", choices=("train", "val", "test"), default="train", help="which products (default train)"
    )
    views.add_argument("--views", type=positive, default=16, help="of each product (default 16)")
    views.add_argument("--side", type=positive, default=136, help="of a view, pixels (default 136)")
    views.add_argument("--out", type=Path, required=True, help="the folder to write; what is there already stays")
    views.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    add_jobs(views)
    views.set_defaults(run=run_views)


def run_views(args: argparse.Namespace) -> int:
    """Writes the shelves that are not there yet."""
    begun = time.monotonic()
    require_simulator()
    args.out.mkdir(parents=True, exist_ok=True)
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

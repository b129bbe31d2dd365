"""``smartcart models average``: the mean of several checkpoints' weights."""

import argparse
import json
from pathlib import Path
from typing import Any


def add_average(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "average",
        help='average the weights of checkpoints (needs: pip install "smartcart[train]")',
        description="The average of checkpoints trained one from the other is better than each of them. Choose the "
        "shares on pictures that you do not report on.",
        epilog="Example:  smartcart models average --weights runs/a/weights/last.pt runs/b/weights/last.pt "
        "--shares 0.4 0.6 --out runs/ab",
    )
    parser.add_argument("--weights", type=Path, nargs="+", required=True, metavar="PT", help="two checkpoints or more")
    parser.add_argument("--shares", type=float, nargs="+", help="the share of each (default: equal)")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights/last.pt and record.json")
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    parser.set_defaults(run=run_average)


def run_average(args: argparse.Namespace) -> int:
    from smartcart.models.training.averaging import average

    record = average(args.weights, args.shares or [1.0] * len(args.weights), out=args.out)
    print(json.dumps(record) if args.json else f"{args.out}: the mean of {len(args.weights)} checkpoints")
    return 0

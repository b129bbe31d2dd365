"""``smartcart models recogniser``: trains the model that names items from their crops."""

import argparse
import json
from pathlib import Path
from typing import Any

from smartcart.models.labels import DEFAULT_MODEL
from smartcart.scripts.shared_scenes_option import add_shared_scenes


def add_recogniser(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "recogniser",
        help='train the model that names items from their crops (needs: pip install "smartcart[train]")',
        description="Cuts every labelled item out of the pictures, trains a classifier from a detector's backbone "
        "(or continues a recogniser), writes it as ONNX and reports how many crops of the val parts it "
        "names correctly.",
        epilog="Example:  smartcart models recogniser --data mine.yaml --weights models/smartcart-eye.onnx "
        "--out mine-recogniser.onnx",
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="YAML", help="data sets; joined by name")
    parser.add_argument("--resume", action="store_true", help="continue the interrupted training of --out")
    parser.add_argument(
        "--weights",
        type=Path,
        default=DEFAULT_MODEL,
        help="a detector, or a recogniser to continue (default: the shipped detector)",
    )
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.add_argument("--epochs", type=int, default=12, help="(default %(default)s)")
    parser.add_argument("--hours", type=float, help="a time budget that decides the number of epochs instead")
    parser.add_argument("--side", type=int, default=96, help="of a crop, pixels, a multiple of 32 (default 96)")
    parser.add_argument("--batch", type=int, default=128, help="crops per step (default %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="at the start (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--threads", type=int, help="of PyTorch (default: one a processor)")
    parser.add_argument(
        "--source", action="append", default=[], help="a training data set with author and licence; repeatable"
    )
    add_shared_scenes(parser)
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    parser.set_defaults(run=run_recogniser)


def run_recogniser(args: argparse.Namespace) -> int:
    from smartcart.models.recogniser.training import RecogniserRecipe, resume_recogniser, train_recogniser
    from smartcart.scripts.main import CommandError

    if bool(args.data) == args.resume:
        raise CommandError("give either --data, to start a training, or --resume, to continue the one of --out")
    if args.side < 32 or args.side % 32:
        raise CommandError(f"--side {args.side}: give a multiple of 32")
    chosen = ("side", "epochs", "hours", "batch", "learning_rate", "seed")
    settings = {name: getattr(args, name) for name in chosen} | ({"threads": args.threads} if args.threads else {})
    recipe = RecogniserRecipe(**settings)
    if args.resume:
        record = resume_recogniser(args.out)
    else:
        options = {"weights": args.weights, "sources": args.source, "shared_scenes": args.shared_scenes}
        record = train_recogniser(args.data, out=args.out, recipe=recipe, **options)
    if args.json:
        print(json.dumps(record))
        return 0
    print(f"{args.out}: learned from {record['crops']} crops in {record['seconds']:.0f} s")
    for name, part in record["right"].items():
        print(f"{name}: {part['right']:.1%} of {part['crops']} crops named right")
    return 0

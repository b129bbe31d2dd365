"""``smartcart models halve``: a file of half the size, its weights in 16 bits."""

import argparse
from pathlib import Path
from typing import Any


def add_halve(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "halve",
        help='keep the weights of an ONNX model in 16 bits: half the size (needs: pip install "smartcart[train]")',
        description="The weights are cast back to 32 bits when the file is loaded, so speed stays as it is. "
        "A training may start from the file.",
        epilog="Example:  smartcart models halve --model mine.onnx --out mine-small.onnx",
    )
    parser.add_argument("--model", type=Path, required=True, help="the fp32 ONNX file")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.set_defaults(run=run_halve)


def run_halve(args: argparse.Namespace) -> int:
    from smartcart.models.export.halve import halve
    from smartcart.models.training.training import MissingExtraError

    try:
        written = halve(args.model, args.out)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    print(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
    return 0

"""``smartcart models shrink``: a smaller file, its weights in 16 or 8 bits."""

import argparse
from pathlib import Path
from typing import Any


def add_shrink(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "shrink",
        help='keep the weights of an ONNX model in fewer bits (needs: pip install "smartcart[train]")',
        description="Half or a quarter of the size. The weights are converted back to 32 bits on loading, so the "
        "speed stays the same, and a training can start from it. For a faster model: models quantize.",
        epilog="Example:  smartcart models shrink --model mine.onnx --out mine-small.onnx",
    )
    parser.add_argument("--model", type=Path, required=True, help="the ONNX file, in 32 or 16 bits")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.add_argument(
        "--bits",
        type=int,
        choices=(16, 8),
        default=16,
        help="8 bits cost some accuracy: measure it (default: %(default)s)",
    )
    parser.set_defaults(run=run_shrink)


def run_shrink(args: argparse.Namespace) -> int:
    from smartcart.models.export.shrink import shrink
    from smartcart.models.training.training import MissingExtraError

    try:
        written = shrink(args.model, args.out, args.bits)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    print(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
    return 0

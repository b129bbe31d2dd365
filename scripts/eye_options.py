"""The options that every command with a camera or a clip shares; light, so that ``--help`` needs no OpenCV."""

import argparse
from pathlib import Path
from typing import Final

from smartcart.models.labels import DEFAULT_MODEL

NO_RECOGNISER: Final = Path("none")


def add_eye_options(parser: argparse.ArgumentParser, *, zone: bool = True) -> None:
    """``--model``, ``--recogniser``, ``--threads``, ``--detections``; unless the clip brings its own, ``--zone``."""
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="ONNX model (default: the shipped one)")
    parser.add_argument(
        "--recogniser",
        type=Path,
        metavar="FILE",
        help="ONNX classifier that names items from crops, or 'none' (default: the shipped one with the shipped model)",
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="ONNX Runtime threads; a model this small gains little from a second"
    )
    parser.add_argument("--detections", type=Path, metavar="FILE", help="play recorded detections instead of a model")
    if zone:
        parser.add_argument(
            "--zone", type=Path, metavar="FILE", help="basket polygon, as `smartcart calibrate` writes it"
        )

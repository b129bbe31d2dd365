"""The options shared by every command with a camera or a clip; light, so that ``--help`` needs no OpenCV."""

import argparse
import math
from pathlib import Path
from typing import Final

from smartcart.models.labels import DEFAULT_MODEL, HAND

NO_RECOGNISER: Final = Path("none")
NO_HAND: Final = "none"


def add_eye_options(parser: argparse.ArgumentParser, *, zone: bool = True) -> None:
    """``--model``, ``--recogniser``, ``--threads``, ``--detections``; and ``--zone``, unless the clip has its own."""
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
    parser.add_argument(
        "--hand-class",
        metavar="NAME",
        default=HAND,
        help="the model's class for hands (default: hand); 'none' if it has no such class; then items that "
        "vanish unseen are not reported",
    )
    parser.add_argument(
        "--gallery", type=Path, metavar="FILE", help="name products by this gallery, as `smartcart products` writes it"
    )
    parser.add_argument(
        "--embedding", type=Path, metavar="FILE", help="the ONNX model of the gallery (default: the shipped one)"
    )
    if zone:
        parser.add_argument(
            "--zone", type=Path, metavar="FILE", help="basket polygon, as `smartcart calibrate` writes it"
        )


def add_camera_options(parser: argparse.ArgumentParser) -> None:
    """``--size`` and ``--format``; the rate is the command's own ``--fps``."""
    parser.add_argument(
        "--size", type=picture_size, metavar="WxH", help="request this size from a webcam, e.g. 1280x720"
    )
    parser.add_argument(
        "--format",
        type=four_letters,
        metavar="CODE",
        help="request this format from a webcam (default: its own, or MJPG if size or rate need it)",
    )


def picture_size(text: str) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ArgumentTypeError: it is malformed.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(width), int(height)


def frame_rate(text: str) -> float:
    """Frames a second.

    Raises:
        ArgumentTypeError: it is not a number above 0.
    """
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate such as 30")
    return rate


def four_letters(text: str) -> str:
    """A camera's name for a format, in capitals.

    Raises:
        ArgumentTypeError: it is malformed.
    """
    if not (len(text) == 4 and text.isascii() and text.isalnum()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a format of four letters such as MJPG or YUYV")
    return text.upper()

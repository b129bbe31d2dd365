"""``smartcart datasets compose``: simulated things and hands on real pictures."""

import argparse
import json
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.labels import DEFAULT_MODEL
from smartcart.scripts.datasets.simulating import (
    add_common,
    add_jobs,
    each,
    positive,
    require_simulator,
    seed_number,
    split_of,
)

if TYPE_CHECKING:
    from smartcart.datasets.products.products import Split
    from smartcart.datasets.products.textures import Picture
    from smartcart.datasets.scene.rendering import Painter

SURE: Final = 0.3


def add_compose(parts: "argparse._SubParsersAction[Any]") -> None:
    """Adds the command to ``smartcart datasets``."""
    compose = parts.add_parser(
        "compose",
        help="a YOLO data set of simulated items and hands on real pictures",
        description="Simulated items and hands on real pictures, with exact boxes. Pictures from a data.yaml keep "
        "their own boxes, unless they are covered. Other pictures are blurred, and skipped if the "
        "model sees an item or a hand in them, because it would be unlabelled.",
        epilog="For example:  smartcart datasets compose --backgrounds photos rooms other/data.yaml --count 1500 "
        "--seed 1 --jobs 2 --out out/composed",
    )
    compose.add_argument(
        "--backgrounds",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="folders of pictures or of .hdr light probes, or a data.yaml (its training pictures)",
    )
    compose.add_argument("--count", type=positive, required=True, help="number of pictures")
    compose.add_argument(
        "--seed", type=seed_number, required=True, help="number of the first picture; the others follow"
    )
    compose.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, help="the detector that checks pictures without boxes"
    )
    add_common(compose)
    add_jobs(compose)
    compose.set_defaults(run=run_compose)


def run_compose(args: argparse.Namespace) -> int:
    """Writes the missing pictures."""
    begun = time.monotonic()
    require_simulator()
    split = split_of(args.split, args.seed, args.seed + args.count - 1)
    from smartcart.datasets.output.yolo import write_data_yaml
    from smartcart.datasets.photos.backgrounds import sources
    from smartcart.datasets.real.composing import PICTURES

    found = sources(args.backgrounds)
    backgrounds = sum(map(len, found))
    refusing(args.model)
    for name in ("images", "labels"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    wanted = range(args.seed, args.seed + args.count)
    scenes = range(wanted.start // PICTURES, (wanted.stop - 1) // PICTURES + 1)
    work = partial(_write, wanted, split, args.out, tuple(args.backgrounds), args.model, args.renderer)
    boxes = int(sum(each(work, scenes, args.jobs, "scene")))
    write_data_yaml(args.out, split)
    seconds = round(time.monotonic() - begun, 3)
    report = {
        "data": str(args.out / "data.yaml"),
        "images": args.count,
        "boxes": boxes,
        "backgrounds": backgrounds,
        "seconds": seconds,
    }
    words = f"{args.count} pictures with {boxes} boxes on {backgrounds} backgrounds in {args.out}"
    print(json.dumps(report) if args.json else words)
    return 0


def _write(
    wanted: range,
    split: "Split",
    folder: Path,
    backgrounds: tuple[Path, ...],
    model: Path,
    painter: "Painter",
    scene: int,
) -> float:
    from smartcart.datasets.real.composing import write_composition

    return write_composition(wanted, split, folder, _sources(backgrounds), refusing(model), scene, painter)


@cache
def _sources(backgrounds: tuple[Path, ...]) -> Any:
    """The backgrounds, read once per process."""
    from smartcart.datasets.photos.backgrounds import sources

    return sources(backgrounds)


@cache
def refusing(model: Path) -> Callable[["Picture"], bool]:
    """Whether the model sees anything in a picture; the model is opened once per process."""
    from smartcart.edge.capture.frames import Frame
    from smartcart.edge.vision.detector import OnnxDetector

    detector = OnnxDetector(model, confidence=SURE, hand_class=None)

    def refuse(picture: "Picture") -> bool:
        return bool(detector.detect(Frame(image=picture, index=0, time=0.0)))

    return refuse

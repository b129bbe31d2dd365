"""``smartcart models quantize``: an int8 file of an ONNX model. Here the edge's image preparation meets models."""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.models.labels import DEFAULT_MODEL

if TYPE_CHECKING:
    from smartcart.edge.vision.detector import Floats, OnnxDetector
    from smartcart.models.dataset.detection_dataset import LabelledPhoto


def add_quantize(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "quantize",
        help='write an int8 file of an ONNX model (needs: pip install "smartcart[train]")',
        description="Training pictures determine the range of every activation; the head stays in fp32.",
        epilog="Example:  smartcart models quantize --data mine.yaml --out mine-int8.onnx",
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the fp32 ONNX file (default: the shipped)")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="YAML", help="data sets: train parts")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.add_argument("--pictures", type=int, default=160, help="number of pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of their choice (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run_quantize)


def run_quantize(args: argparse.Namespace) -> int:
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.models.dataset.detection_dataset import read_dataset
    from smartcart.models.export.quantize import quantize
    from smartcart.models.training.training import MissingExtraError
    from smartcart.scripts.main import CommandError

    try:
        detector = OnnxDetector(args.model, hand_class=None)
        photos = [photo for file in args.data for part in read_dataset(file).train for photo in part.photos]
        chosen = random.Random(args.seed).sample(photos, min(args.pictures, len(photos)))
        written = quantize(args.model, _prepared(chosen, detector), args.out)
    except ModuleNotFoundError as error:
        raise CommandError(str(MissingExtraError(error))) from error
    report = {"file": str(written), "megabytes": round(written.stat().st_size / 1e6, 2), "pictures": len(chosen)}
    print(json.dumps(report) if args.json else f"{written}: {report['megabytes']} MB, {len(chosen)} pictures measured")
    return 0


def _prepared(photos: "Sequence[LabelledPhoto]", detector: "OnnxDetector") -> "Iterator[Floats]":
    import cv2
    import numpy as np
    from tqdm import tqdm

    from smartcart.models.dataset.detection_dataset import DatasetError

    for photo in tqdm(photos, unit="picture", disable=None):
        image = cv2.imread(str(photo.image))
        if image is None:
            raise DatasetError(f"{photo.image}: cannot be read as a picture")
        yield detector.prepare(np.asarray(image, np.uint8))[0]

"""``smartcart models``: train, export and evaluate the eye. Here the edge's detector meets the figures of models."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.models.labels import DEFAULT_MODEL

if TYPE_CHECKING:
    from tqdm import tqdm

    from smartcart.edge.detector import OnnxDetector
    from smartcart.models.detection_dataset import Part
    from smartcart.models.detection_metrics import DetectionFigures, JudgedPhoto
    from smartcart.models.training import Recipe

LOWEST_CONFIDENCE = 0.01
OVERLAP_KEPT = 0.6


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser("models", help="train, export and evaluate the model that sees items and hands")
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _add_train(actions)
    _add_export(actions)
    _add_evaluate(actions)


def _add_train(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "train",
        help='fine-tune a YOLO (needs: pip install "smartcart[train]")',
        epilog="Example:  smartcart models train --data mine.yaml --weights yolo11n.pt --out runs/mine --epochs 30",
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="YAML", help="data sets; joined by name")
    parser.add_argument("--weights", type=Path, help="start: a .pt, or a .safetensors of the network; none: scratch")
    parser.add_argument("--network", default="yolo11n.yaml", help="for a start without a .pt (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/eye"), help="folder of the run (default %(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted training in --out")
    parser.add_argument("--epochs", type=int, default=30, help="(default %(default)s)")
    parser.add_argument("--hours", type=float, help="a time budget that decides the number of epochs instead")
    parser.add_argument("--image-size", type=int, default=320, help="side in pixels (default %(default)s)")
    parser.add_argument("--freeze", type=int, default=10, help="first layers left as they are (default %(default)s)")
    parser.add_argument("--batch", type=int, default=16, help="photos a step (default %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="at the start (default %(default)s)")
    parser.add_argument("--close-mosaic", type=int, default=5, help="last epochs on whole photos (default %(default)s)")
    parser.add_argument("--bf16", action="store_true", help="16-bit floats: faster on processors that have them")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--threads", type=int, help="of PyTorch (default: one a processor)")
    parser.add_argument("--json", action="store_true", help="print the record as one JSON object")
    parser.set_defaults(run=_run_train)


def _add_export(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "export",
        help='write a checkpoint as ONNX (needs: pip install "smartcart[train]")',
        epilog="Example:  smartcart models export --weights runs/mine/weights/last.pt --out models/mine.onnx",
    )
    parser.add_argument("--weights", type=Path, required=True, help="the .pt of a training")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx to write")
    parser.add_argument("--size", type=_size, default=(320, 256), help="default WIDTHxHEIGHT (default 320x256)")
    parser.add_argument("--source", action="append", default=[], help="a data set with author and licence; repeat")
    parser.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    parser.set_defaults(run=_run_export)


def _add_evaluate(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "evaluate",
        help="measure an ONNX model on labelled photos, through the edge's own detector",
        epilog="Example:  smartcart models evaluate --data mine.yaml --json",
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="YAML", help="their val parts")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the ONNX file (default: the shipped one)")
    parser.add_argument("--threads", type=int, default=1, help="of ONNX Runtime (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_evaluate)


def _run_train(args: argparse.Namespace) -> int:
    from smartcart.models.detection_dataset import DatasetError
    from smartcart.models.training import TrainingError, resume, train
    from smartcart.scripts.main import CommandError

    if bool(args.data) == args.resume:
        raise CommandError("give either --data, to start a training, or --resume, to go on with the one in --out")
    try:
        if args.resume:
            record = resume(args.out)
        else:
            record = train(args.data, out=args.out, recipe=_recipe(args), weights=args.weights)
    except (DatasetError, TrainingError) as error:
        raise CommandError(str(error)) from error
    print(json.dumps(record) if args.json else f"{args.out}: {record['seconds']:.0f} s, losses {record['losses']}")
    return 0


def _recipe(args: argparse.Namespace) -> "Recipe":
    from smartcart.models.training import Recipe

    chosen = (
        "network",
        "epochs",
        "hours",
        "image_size",
        "freeze",
        "batch",
        "learning_rate",
        "close_mosaic",
        "bf16",
        "seed",
    )
    settings = {name: getattr(args, name) for name in chosen}
    return Recipe(**settings | ({"threads": args.threads} if args.threads else {}))


def _run_export(args: argparse.Namespace) -> int:
    from smartcart.models.export import ExportError, export
    from smartcart.models.training import TrainingError
    from smartcart.scripts.main import CommandError

    try:
        done = export(args.weights, out=args.out, size=args.size, sources=args.source)
    except (ExportError, TrainingError) as error:
        raise CommandError(str(error)) from error
    figures = {"file": str(done.file), "megabytes": round(done.megabytes, 2)}
    figures |= {"pixels_off": done.pixels_off, "score_off": done.score_off, "metadata": dict(done.metadata)}
    if args.json:
        print(json.dumps(figures))
    else:
        print(f"{done.file}: {done.megabytes:.1f} MB; off PyTorch by {done.pixels_off:.4f} pixels at most")
    return 0


def _run_evaluate(args: argparse.Namespace) -> int:
    from smartcart.edge.detector import ModelError, OnnxDetector
    from smartcart.models.detection_dataset import DatasetError
    from smartcart.models.detection_metrics import detection_figures
    from smartcart.models.training import MissingExtraError
    from smartcart.scripts.main import CommandError

    try:
        detector = OnnxDetector(args.model, threads=args.threads, confidence=LOWEST_CONFIDENCE, iou=OVERLAP_KEPT)
        judged = _judge(args.data, detector)
    except (ModelError, DatasetError) as error:
        raise CommandError(str(error)) from error
    except ModuleNotFoundError as error:
        raise CommandError(str(MissingExtraError(error))) from error
    per_set = {name: detection_figures(photos) for name, photos in judged.items()}
    pooled = detection_figures([photo for photos in judged.values() for photo in photos])
    not_judged = [label for label in detector.labels if label not in pooled.per_label]
    if args.json:
        report = _as_json(pooled) | {"not_judged": not_judged, "model": detector.model.hash}
        print(json.dumps(report | {"per_set": {name: _as_json(figures) for name, figures in per_set.items()}}))
    else:
        print(_table({**per_set, "all": pooled}, not_judged))
    return 0


def _judge(files: Sequence[Path], detector: "OnnxDetector") -> "Mapping[str, Sequence[JudgedPhoto]]":
    """What the detector finds on every ``val`` photo, by set and part."""
    from tqdm import tqdm

    from smartcart.models.detection_dataset import DatasetError, read_dataset

    parts = {f"{file.parent.name}/{part.name}": part for file in files for part in read_dataset(file).val}
    if not parts:
        raise DatasetError("none of the data sets has a 'val' part to measure on")
    with tqdm(total=sum(len(part.photos) for part in parts.values()), unit="photo", disable=None) as bar:
        return {name: list(_judge_part(part, detector, bar)) for name, part in parts.items()}


def _judge_part(part: "Part", detector: "OnnxDetector", bar: "tqdm[Any]") -> "Iterator[JudgedPhoto]":
    import cv2
    import numpy as np

    from smartcart.edge.frames import Frame
    from smartcart.models.detection_dataset import DatasetError
    from smartcart.models.detection_metrics import FoundBox, JudgedPhoto

    for index, photo in enumerate(part.photos):
        image = cv2.imread(str(photo.image))
        if image is None:
            raise DatasetError(f"{photo.image}: cannot be read as a picture")
        detections = detector.detect(Frame(image=np.asarray(image, np.uint8), index=index, time=0.0))
        found = [
            FoundBox(label=d.label, confidence=d.confidence, corners=(d.box.x1, d.box.y1, d.box.x2, d.box.y2))
            for d in detections
        ]
        yield JudgedPhoto(truth=photo.boxes, found=found, judges=part.judges, ignore_below=part.ignore_below)
        bar.update()


def _as_json(figures: "DetectionFigures") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "map50": figures.map50,
        "map50_95": figures.map50_95,
        "per_class": {label: asdict(of_label) for label, of_label in figures.per_label.items()},
        "images": figures.photos,
    }


def _table(sets: "Mapping[str, DetectionFigures]", not_judged: Sequence[str]) -> str:
    lines = [f"{'set':40} {'class':10} {'boxes':>6} {'mAP50':>6} {'mAP50-95':>8}"]
    for name, figures in sets.items():
        lines += [
            f"{name:40} {label:10} {of_label.boxes:6} {of_label.map50:6.3f} {of_label.map50_95:8.3f}"
            for label, of_label in figures.per_label.items()
        ]
        if figures.map50 is not None and figures.map50_95 is not None:
            lines.append(f"{name:40} {'mean':10} {'':6} {figures.map50:6.3f} {figures.map50_95:8.3f}")
    return "\n".join([*lines, f"not judged, for want of labelled boxes: {', '.join(not_judged) or 'none'}"])


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, e.g. 320x256")
    return int(width), int(height)

"""``smartcart models evaluate``: an ONNX file on labelled pictures, through the edge's own detector."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.labels import DEFAULT_MODEL, LABELS

if TYPE_CHECKING:
    from tqdm import tqdm

    from smartcart.edge.capture.frames import Image
    from smartcart.edge.vision.detection import Detector
    from smartcart.models.dataset.boxes import TrueBox
    from smartcart.models.dataset.judged_set import JudgedSet
    from smartcart.models.evaluation.detection_metrics import DetectionFigures, JudgedPhoto
    from smartcart.models.evaluation.recall import RecallFigures

LOWEST_CONFIDENCE: Final = 0.01
OVERLAP_KEPT: Final = 0.6


def add_evaluate(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "evaluate",
        help="measure an ONNX model on labelled pictures, through the edge's own detector",
        description="Average precision over all thresholds; recall, confusions and false items at one threshold.",
        epilog="Example:  smartcart models evaluate --data mine.yaml --clip out/clips/swap_test_000007.mp4 --json",
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="YAML", help="data sets: their val parts")
    parser.add_argument("--clip", type=Path, nargs="+", default=[], metavar="VIDEO", help="clips with frames.jsonl")
    parser.add_argument("--boxes", type=Path, help="the boxes of the one --clip, if it has no frames.jsonl")
    parser.add_argument("--every", type=int, default=1, help="every N-th of a clip's labelled frames (default 1)")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the ONNX file (default: the shipped one)")
    parser.add_argument(
        "--recogniser", type=Path, metavar="ONNX", help="also name each find from its crop with this model"
    )
    parser.add_argument("--confidence", type=float, default=0.25, help="for recall and confusions (default 0.25)")
    parser.add_argument("--threads", type=int, default=1, help="of ONNX Runtime (default %(default)s)")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="write confusions, recall and the worst pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.models.dataset.judged_set import clip_set, photo_sets
    from smartcart.models.evaluation.detection_metrics import detection_figures
    from smartcart.models.evaluation.recall import HALF, recall_figures
    from smartcart.models.training.training import MissingExtraError
    from smartcart.scripts.main import CommandError

    if not args.data and not args.clip:
        raise CommandError("give --data, a data set, or --clip, a labelled clip, or both")
    if args.boxes and len(args.clip) != 1:
        raise CommandError("--boxes belongs to one --clip")
    try:
        detector = OnnxDetector(
            args.model, threads=args.threads, confidence=LOWEST_CONFIDENCE, iou=OVERLAP_KEPT, hand_class=None
        )
        sets = [*photo_sets(args.data), *(clip_set(clip, args.boxes, every=max(1, args.every)) for clip in args.clip)]
        judged = _judge(sets, _with_recogniser(detector, args))
        if args.plots:
            from smartcart.models.evaluation.detector_plots import write_plots

            pictures = (image for one in sets for image, _ in one.pictures())
            everything = [photo for photos in judged.values() for photo in photos]
            write_plots(args.plots, everything, pictures, confidence=args.confidence)
    except ModuleNotFoundError as error:
        raise CommandError(str(MissingExtraError(error))) from error
    per_set = {name: detection_figures(photos) for name, photos in judged.items()}
    pooled = [photo for photos in judged.values() for photo in photos]
    figures, recall = detection_figures(pooled), recall_figures(pooled, confidence=args.confidence)
    half = detection_figures(pooled, least_visible=HALF) if any(_told(photo) for photo in pooled) else None
    not_judged = [label for label in detector.labels if label not in figures.per_label]
    if args.json:
        report = _as_json(figures) | {"not_judged": not_judged, "model": detector.model.hash}
        report |= {"half_visible": _as_json(half) if half else None}
        report |= {"recall": _recall_as_json(recall), "confidence": args.confidence}
        print(json.dumps(report | {"per_set": {name: _as_json(one) for name, one in per_set.items()}}))
    else:
        tables = {**per_set, "all": figures} | ({"all, things at least half visible": half} if half else {})
        print(_table(tables, not_judged))
        print(_recall_table(recall, args.confidence))
    return 0


def _with_recogniser(detector: "Detector", args: argparse.Namespace) -> "Detector":
    from smartcart.edge.vision.recogniser import OnnxRecogniser
    from smartcart.scripts.models.read_all import ReadAll

    return ReadAll(detector, OnnxRecogniser(args.recogniser, threads=args.threads)) if args.recogniser else detector


def _judge(sets: "Sequence[JudgedSet]", detector: "Detector") -> "Mapping[str, Sequence[JudgedPhoto]]":
    """The detector's finds in every picture, by set."""
    from tqdm import tqdm

    with tqdm(total=sum(one.size for one in sets), unit="picture", disable=None) as bar:
        return {one.name: list(_judge_set(one, detector, bar)) for one in sets}


def _judge_set(one: "JudgedSet", detector: "Detector", bar: "tqdm[Any]") -> "Iterator[JudgedPhoto]":
    for index, (image, truth) in enumerate(one.pictures()):
        yield _judge_picture(one, image, truth, detector, index)
        bar.update()


def _judge_picture(
    one: "JudgedSet", image: "Image", truth: "Sequence[TrueBox]", detector: "Detector", index: int
) -> "JudgedPhoto":
    from smartcart.edge.capture.frames import Frame
    from smartcart.models.evaluation.detection_metrics import FoundBox, JudgedPhoto

    found = [
        FoundBox(label=d.label, confidence=d.confidence, corners=(d.box.x1, d.box.y1, d.box.x2, d.box.y2))
        for d in detector.detect(Frame(image=image, index=index, time=0.0))
    ]
    return JudgedPhoto(truth=truth, found=found, judges=one.judges, ignore_below=one.ignore_below)


def _told(photo: "JudgedPhoto") -> bool:
    """True if the truth says how much of an object is visible."""
    return any(box.visible is not None for box in photo.truth)


def _as_json(figures: "DetectionFigures") -> dict[str, Any]:
    return {
        "map50": figures.map50,
        "map50_95": figures.map50_95,
        "per_class": {label: asdict(of_label) for label, of_label in figures.per_label.items()},
        "images": figures.photos,
    }


def _recall_as_json(recall: "RecallFigures") -> dict[str, Any]:
    return {
        "by_kind": {kind: asdict(one) for kind, one in recall.by_kind.items()},
        "by_label": {label: asdict(one) for label, one in recall.by_label.items()},
        "confusions": [[true, found, count] for (true, found), count in sorted(recall.confusions.items())],
        "empty_photos": recall.empty_photos,
        "false_items": recall.false_items,
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
    return "\n".join([*lines, f"not judged, for lack of labelled boxes: {', '.join(not_judged) or 'none'}"])


def _recall_table(recall: "RecallFigures", confidence: float) -> str:
    lines = [f"\n{f'recall at confidence {confidence:g}':40} {'boxes':>6} {'found':>6} {'right':>6}"]
    rows = [*recall.by_kind.items(), *((label, recall.by_label[label]) for label in LABELS if label in recall.by_label)]
    lines += [f"{kind:40} {r.total:6} {r.found / r.total:6.3f} {r.right / r.total:6.3f}" for kind, r in rows]
    if recall.empty_photos:
        lines.append(f"{recall.false_items} false items in {recall.empty_photos} pictures without an item")
    return "\n".join(lines)

"""``smartcart models names``: what is found in real pictures under any name, and how much of it is named correctly."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.labels import DEFAULT_MODEL, DEFAULT_RECOGNISER
from smartcart.scripts.pipeline_options import NO_RECOGNISER

if TYPE_CHECKING:
    from smartcart.models.evaluation.naming_figures import Empty, NamedPhoto, NamingFigures

WEAKEST: Final = 0.1


def add_names(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "names",
        help="measure what is found in labelled pictures under any name, and how much of it is named correctly",
        description="A true box is found if a detection of any item name meets it (IoU 0.5); of the found ones, "
        "the name by detector and recogniser together must be the true one, whatever the set labels. "
        "Pictures without an item count if 'judges' lists every class: then every find is wrong.",
        epilog="Example:  smartcart models names --data real/*/data.yaml --json",
    )
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="YAML", help="data sets: their val parts"
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the detector (default: the shipped one)")
    parser.add_argument(
        "--recogniser", type=Path, default=DEFAULT_RECOGNISER, help="or 'none' (default: the shipped one)"
    )
    parser.add_argument("--confidence", type=float, default=0.25, help="of a find (default %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of ONNX Runtime (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_names)


def run_names(args: argparse.Namespace) -> int:
    from smartcart.models.evaluation.naming_figures import naming_figures
    from smartcart.models.training.training import MissingExtraError
    from smartcart.scripts.main import CommandError

    try:
        found = dict(_found(args))
    except ModuleNotFoundError as error:
        raise CommandError(str(MissingExtraError(error))) from error
    figures = {name: naming_figures(photos, confidence=args.confidence) for name, photos in found.items()}
    if args.json:
        print(json.dumps({name: _plain(one) for name, one in figures.items()}))
    else:
        print("\n".join(_table(figures)))
    return 0


def _found(args: argparse.Namespace) -> "Iterator[tuple[str, Sequence[NamedPhoto]]]":
    from tqdm import tqdm

    from smartcart.datasets.photos.faces import faces
    from smartcart.edge.capture.frames import Frame
    from smartcart.edge.vision.detector import OnnxDetector
    from smartcart.edge.vision.recogniser import OnnxRecogniser
    from smartcart.models.dataset.judged_set import photo_sets
    from smartcart.models.evaluation.naming_figures import NamedPhoto
    from smartcart.models.labels import HAND, ITEMS
    from smartcart.scripts.models.name_all import name_all

    detector = OnnxDetector(args.model, threads=args.threads, confidence=min(args.confidence, WEAKEST))
    recogniser = None if args.recogniser == NO_RECOGNISER else OnnxRecogniser(args.recogniser, threads=args.threads)
    sets = photo_sets(args.data)
    with tqdm(total=sum(one.size for one in sets), unit="picture", disable=None) as bar:
        for one in sets:
            photos = []
            for index, (image, truth) in enumerate(one.pictures()):
                found = list(name_all(Frame(image=image, index=index, time=0.0), detector, recogniser))
                complete = one.judges >= set(ITEMS)
                photos.append(
                    NamedPhoto(
                        truth=truth,
                        found=found,
                        complete=complete,
                        ignore_below=one.ignore_below,
                        face=complete and all(box.label == HAND for box in truth) and bool(faces(image)),
                    )
                )
                bar.update()
            yield one.name, photos


def _plain(one: "NamingFigures") -> Mapping[str, Any]:
    from dataclasses import asdict

    return {
        "boxes": one.boxes,
        "found": one.found,
        "precision": one.precision,
        "named": one.named,
        "calibration_error": one.calibration_error,
        "empty": asdict(one.empty),
        "empty_with_hands": asdict(one.empty_with_hands),
        "empty_with_faces": asdict(one.empty_with_faces),
        "unlabelled": asdict(one.unlabelled),
        "per_label": {label: asdict(named) for label, named in one.per_label.items()},
        "confusions": one.worst_pairs,
    }


def _table(figures: "Mapping[str, NamingFigures]") -> Iterator[str]:
    yield f"{'set':34} {'boxes':>6} {'found':>6} {'precision':>9} {'named':>6}  by class: right of found of boxes"
    for name, one in figures.items():
        by_class = ", ".join(f"{label} {c.right}/{c.found}/{c.boxes}" for label, c in one.per_label.items())
        yield f"{name:34} {one.boxes:6} {_share(one.found)} {_share(one.precision):>9} {_share(one.named)}  {by_class}"
        if one.confusions:
            pairs = ", ".join(f"{true} as {name} {count}" for true, name, count in one.worst_pairs)
            yield f"{'':34} confusions: {pairs}"
        if one.empty.photos:
            kinds = {"all": one.empty, "with a hand": one.empty_with_hands, "with a face": one.empty_with_faces}
            apart = ", ".join(f"{kind} {_in_100(found)}" for kind, found in kinds.items() if found.photos)
            yield f"{'':34} false items in 100 pictures without goods: {apart}"
        if one.unlabelled.photos:
            yield f"{'':34} {one.unlabelled.finds} finds in {one.unlabelled.photos} pictures with unlabelled items"


def _in_100(found: "Empty") -> str:
    return f"{found.in_100:.1f} ({found.finds} in {found.photos})"


def _share(value: float | None) -> str:
    return f"{value:6.3f}" if value is not None else "     -"

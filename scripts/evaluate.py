"""``smartcart evaluate``: how many events of labelled clips the edge gets right."""

import argparse
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartcart.models.event_metrics import Replayed

HELP = "replay labelled clips (*.truth.json) and print how many events were told right"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.eye_options import add_eye_options
    from smartcart.scripts.require import add_figures_options

    parser = commands.add_parser(
        "evaluate",
        help=HELP,
        description=HELP + ". Zone and start count come from the truth file.",
        epilog="Example:  smartcart evaluate clips/ --jobs 2 --require 'event_accuracy >= 0.95'",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="clip, truth file, or folder of them")
    add_eye_options(parser, zone=False)
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time (default: %(default)s)")
    parser.add_argument("--catalogue", type=Path, help="prices (CSV or TOML), for the money error")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.models.event_metrics import figures
    from smartcart.models.truth import TruthError, find_truth
    from smartcart.scripts.eye import EDGE_ERRORS
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report

    try:
        truths = find_truth(args.paths)
        if args.detections and len(truths) > 1:
            raise CommandError("--detections belongs to one clip; name one")
        clips = _replay_all(truths, args)
        result = figures(clips, _prices(args.catalogue))
    except (TruthError, *EDGE_ERRORS) as error:
        raise CommandError(str(error)) from error
    return report(result, args, _table(result))


def _replay_all(truths: Sequence[Path], args: argparse.Namespace) -> "list[Replayed]":
    from smartcart.scripts.progress import progress

    if args.jobs <= 1 or len(truths) == 1:
        return [_replay(path, args) for path in progress(truths, total=len(truths), unit="clip")]
    with ProcessPoolExecutor(args.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        replayed = pool.map(_replay, truths, [_picklable(args)] * len(truths))
        return list(progress(replayed, total=len(truths), unit="clip"))


def _picklable(args: argparse.Namespace) -> argparse.Namespace:
    return argparse.Namespace(model=args.model, threads=args.threads, detections=args.detections)


def _replay(path: Path, args: argparse.Namespace) -> "Replayed":
    from smartcart.edge.zone import Zone
    from smartcart.models.event_metrics import Prediction, Replayed
    from smartcart.models.truth import read_truth
    from smartcart.scripts.eye import build_pipeline, open_detector, open_frames

    truth = read_truth(path)
    pipeline = build_pipeline(open_detector(args), Zone(truth.zone))
    predictions: list[Prediction] = []
    visits: dict[float, float] = {}
    sights: dict[str, list[float]] = {}
    frames = open_frames(str(path.parent / truth.video))
    for step in pipeline.run(frames):
        if (start := pipeline.judge.visit_since) is not None:
            visits[start] = step.frame.time
        for label in {d.label for d in step.detections}:
            sights.setdefault(label, []).append(step.frame.time)
        predictions += [
            Prediction(type=_change(d.type), label=d.label, t=d.media_time)
            for d in step.decisions
            for _ in range(d.quantity)
        ]
    frames.close()
    return Replayed(clip=truth.video, truth=truth, predictions=predictions, visits=tuple(visits.items()), sights=sights)


def _change(kind: str) -> Any:
    return {"item_added": "added", "item_removed": "removed"}.get(kind)


def _prices(catalogue: Path | None) -> Mapping[str, int] | None:
    if catalogue is None:
        return None
    from smartcart.scripts.main import CommandError
    from smartcart.server.catalogue import CatalogueError, load_catalogue

    try:
        products = load_catalogue(catalogue).products
    except CatalogueError as error:
        raise CommandError(str(error)) from error
    return {product.label: product.price for product in products if product.price is not None}


def _table(figures: Mapping[str, Any]) -> str:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    def between(interval: Sequence[float] | None) -> str:
        return "" if interval is None else f"  (95 % interval {interval[0]:.1%} to {interval[1]:.1%})"

    lines = [_clip_line(clip) for clip in figures["per_clip"]]
    lines += [
        f"{name.replace('_', ' '):18}{share(figures[name]):>7}{between(figures['intervals'][name])}"
        for name in ("event_accuracy", "recall", "precision")
    ]
    lines.append(f"{'f1':18}{share(figures['f1']):>7}")
    lines.append(f"{'baskets exact':18}{share(figures['cacc']):>7}")
    lines += [
        f"  {name:16}{share(row['event_accuracy']):>7}  {row['tp']} right, {row['fn']} missed, {row['fp']} wrong"
        for name, row in figures["by_situation"].items()
    ]
    return "\n".join(lines)


def _clip_line(clip: Mapping[str, Any]) -> str:
    basket = "exact" if clip["exact"] else f"{clip['basket']} instead of {clip['expected']}"
    counts = f"{clip['tp']} right, {clip['fn']} missed, {clip['fp']} wrong, {clip['uncertain']} uncertain"
    return f"{clip['clip']}: {counts}; basket {basket}"

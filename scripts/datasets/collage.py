"""``smartcart datasets collage``: real cut-outs of goods and hands on real pictures."""

import argparse
import json
import time
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.models.labels import DEFAULT_MODEL
from smartcart.scripts.datasets.compose import refusing
from smartcart.scripts.datasets.simulating import (
    SPLITS,
    add_jobs,
    each,
    positive,
    require_simulator,
    seed_number,
    seed_range,
    split_of,
)

if TYPE_CHECKING:
    from smartcart.datasets.collage.gallery import CutoutGallery
    from smartcart.datasets.photos.cutouts import Split


def add_collage(parts: "argparse._SubParsersAction[Any]") -> None:
    """Adds the command to ``smartcart datasets``."""
    collage = parts.add_parser(
        "collage",
        help="real cut-outs of goods and hands on real pictures",
        description="Real cut-outs of goods and hands on real pictures, with exact truth.",
        epilog="For example:  smartcart datasets collage pictures --cutouts cutouts --backgrounds photos/data.yaml "
        "--count 1500 --seed 1 --jobs 2 --out out/collages",
    )
    kinds = collage.add_subparsers(title="commands", dest="kind", required=True, metavar="KIND")
    _add_pictures(kinds)
    _add_clips(kinds)


def _add_pictures(kinds: "argparse._SubParsersAction[Any]") -> None:
    pictures = kinds.add_parser(
        "pictures",
        help="a YOLO data set",
        description="A YOLO data set. Light, colour, scale, sharpness and edges of the cut-outs are adapted to the "
        "picture; a box covers the visible part, and is omitted if that is under a third.",
        epilog="For example:  smartcart datasets collage pictures --cutouts cutouts --backgrounds photos/data.yaml "
        "--count 1500 --seed 1 --jobs 2 --out out/collages",
    )
    _add_material(pictures)
    pictures.add_argument(
        "--empty",
        type=Path,
        nargs="+",
        default=[],
        metavar="DATA_YAML",
        help="sets without goods ('judges' lists every class): pieces of their pictures, cut out like goods, are "
        "added without a box",
    )
    pictures.add_argument("--count", type=positive, required=True, help="number of pictures")
    pictures.add_argument(
        "--seed", type=seed_number, required=True, help="number of the first picture; the others follow"
    )
    _add_output(pictures)
    pictures.set_defaults(run=run_pictures)


def _add_clips(kinds: "argparse._SubParsersAction[Any]") -> None:
    clips = kinds.add_parser(
        "clips",
        help="labelled clips",
        description="Labelled clips: real hands carry real cut-outs in and out of a real picture, whose own goods "
        "do not move; all situations that this allows, with the faults of a cheap camera.",
        epilog="For example:  smartcart datasets collage clips --cutouts cutouts --backgrounds photos/data.yaml "
        "--seeds 0:30 --split test --jobs 2 --out out/collage_clips",
    )
    _add_material(clips)
    clips.add_argument(
        "--seeds", type=seed_range, required=True, metavar="A:B", help="from A up to, but not including, B"
    )
    _add_output(clips)
    clips.set_defaults(run=run_clips)


def _add_material(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--cutouts",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="RGBA pictures and their cutouts.csv (file, label, source_set, source_file, held, arm_leaves, boxes)",
    )
    command.add_argument(
        "--backgrounds",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="each a data.yaml (its training pictures, which keep their boxes) or a folder of pictures without goods; "
        "all are drawn from equally often",
    )
    command.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        metavar="SOURCE_SET",
        help="source sets of cut-outs reserved for measuring: all of them are in split test",
    )
    command.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, help="the detector that checks pictures without boxes"
    )


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--split", choices=SPLITS, help="which cut-outs may appear, by a hash of their photo (default train)"
    )
    command.add_argument("--out", type=Path, required=True, help="folder to write to")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    add_jobs(command)


def run_pictures(args: argparse.Namespace) -> int:
    """Writes the missing pictures."""
    begun = time.monotonic()
    require_simulator()
    split = split_of(args.split, args.seed, args.seed + args.count - 1)
    from smartcart.datasets.output.yolo import write_data_yaml

    cutouts, backgrounds = _material(args, split)
    _empty(tuple(args.empty), split)
    refusing(args.model)
    for name in ("images", "labels"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    work = partial(
        _write_picture,
        split,
        args.out,
        args.cutouts,
        tuple(args.leave_out),
        tuple(args.backgrounds),
        tuple(args.empty),
        args.model,
    )
    boxes = int(sum(each(work, range(args.seed, args.seed + args.count), args.jobs, "picture")))
    write_data_yaml(args.out, split)
    report = {
        "data": str(args.out / "data.yaml"),
        "images": args.count,
        "boxes": boxes,
        "cutouts": cutouts,
        "backgrounds": backgrounds,
        "seconds": round(time.monotonic() - begun, 3),
    }
    words = f"{args.count} pictures with {boxes} boxes, {cutouts} cut-outs on {backgrounds} backgrounds, in {args.out}"
    print(json.dumps(report) if args.json else words)
    return 0


def run_clips(args: argparse.Namespace) -> int:
    """Films the missing clips."""
    begun = time.monotonic()
    require_simulator()
    first, end = args.seeds
    split = split_of(args.split, first, end - 1)
    cutouts, backgrounds = _material(args, split)
    refusing(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    work = partial(
        _write_clip, split, args.out, args.cutouts, tuple(args.leave_out), tuple(args.backgrounds), args.model
    )
    media_seconds = round(sum(each(work, range(first, end), args.jobs, "clip")), 3)
    report = {
        "clips": end - first,
        "media_seconds": media_seconds,
        "cutouts": cutouts,
        "backgrounds": backgrounds,
        "seconds": round(time.monotonic() - begun, 3),
    }
    print(json.dumps(report) if args.json else f"{end - first} clips in {args.out}: {media_seconds} s of video")
    return 0


def _material(args: argparse.Namespace, split: "Split") -> tuple[int, int]:
    """The numbers of cut-outs and backgrounds; all errors in them are reported here."""
    gallery = _gallery(args.cutouts, split, tuple(args.leave_out))
    backgrounds = sum(map(len, _sources(tuple(args.backgrounds))))
    return gallery.count, backgrounds


def _write_picture(
    split: "Split",
    folder: Path,
    cutouts: Path,
    kept: tuple[str, ...],
    backgrounds: tuple[Path, ...],
    empty: tuple[Path, ...],
    model: Path,
    number: int,
) -> float:
    from smartcart.datasets.collage.pictures import write_collage

    gallery = _gallery(cutouts, split, kept)
    return write_collage(number, split, folder, gallery, _sources(backgrounds), refusing(model), _empty(empty, split))


def _write_clip(
    split: "Split",
    folder: Path,
    cutouts: Path,
    kept: tuple[str, ...],
    backgrounds: tuple[Path, ...],
    model: Path,
    seed: int,
) -> float:
    from smartcart.datasets.collage.clip import write_clip

    gallery = _gallery(cutouts, split, kept)
    return write_clip(seed, split, folder, gallery, _sources(backgrounds), refusing(model))


@cache
def _gallery(folder: Path, split: "Split", kept: tuple[str, ...]) -> "CutoutGallery":
    """The cut-outs, read once per process."""
    from smartcart.datasets.collage.gallery import CutoutGallery
    from smartcart.datasets.photos.cutouts import read_cutouts

    return CutoutGallery.of(read_cutouts(folder, split, kept))


@cache
def _empty(files: tuple[Path, ...], split: "Split") -> Any:
    """The photos without goods, read once per process."""
    from smartcart.datasets.real.nogoods import read_no_goods

    return read_no_goods(files, (), split).empty


@cache
def _sources(backgrounds: tuple[Path, ...]) -> Any:
    """The backgrounds, read once per process."""
    from smartcart.datasets.photos.backgrounds import sources

    return sources(backgrounds)

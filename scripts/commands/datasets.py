"""``smartcart datasets``: simulated, labelled video and training pictures of hands that fill a cart."""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.models.dataset.truth import SITUATIONS
from smartcart.scripts.datasets.collage import add_collage
from smartcart.scripts.datasets.compose import add_compose
from smartcart.scripts.datasets.labelled_data import add_labelled_data
from smartcart.scripts.datasets.nogoods import add_no_goods
from smartcart.scripts.datasets.real_props import RealProps, add_real_props, real_props
from smartcart.scripts.datasets.simulating import (
    add_common,
    add_jobs,
    each,
    positive,
    progress,
    rate,
    require_simulator,
    seed_number,
    seed_range,
    split_of,
)
from smartcart.scripts.datasets.views import add_views
from smartcart.scripts.main import CommandError

if TYPE_CHECKING:
    from smartcart.datasets.output.clip import Script
    from smartcart.datasets.products.products import Split
    from smartcart.datasets.scene.rendering import Painter


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    """Adds ``datasets`` with its own commands."""
    top = commands.add_parser(
        "datasets",
        help="simulate labelled clips and training pictures",
        description="Simulated carts: labelled clips and training pictures, as many as you want; and tools for "
        "other data sets.",
        epilog="For example:  smartcart datasets clip --seed 7 --situation single_add --out out/clips",
    )
    parts = top.add_subparsers(title="commands", dest="what", required=True, metavar="COMMAND")
    _add_clip(parts)
    _add_clips(parts)
    _add_frames(parts)
    add_views(parts)
    add_compose(parts)
    add_collage(parts)
    add_no_goods(parts)
    add_labelled_data(parts)


def _add_clip(parts: "argparse._SubParsersAction[Any]") -> None:
    clip = parts.add_parser(
        "clip",
        help="one labelled clip: a visit of one situation, or a whole trip",
        epilog="For example:  smartcart datasets clip --seed 7 --situation swap --out out/clips",
    )
    which = clip.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=seed_number, help="the clip's seed: the same seed gives the same clip")
    which.add_argument("--demo", action="store_true", help="render the demo's own clip again")
    _add_clip_options(clip)
    clip.set_defaults(run=run_clip)


def _add_clips(parts: "argparse._SubParsersAction[Any]") -> None:
    clips = parts.add_parser(
        "clips",
        help="many labelled clips; existing ones are kept",
        epilog="For example:  smartcart datasets clips --seeds 100:120 --out out/clips --jobs 2",
    )
    clips.add_argument(
        "--seeds", type=seed_range, required=True, metavar="A:B", help="from A up to, but not including, B"
    )
    clips.add_argument("--unrendered", action="store_true", help="truth and true boxes only, within seconds per trip")
    _add_clip_options(clips)
    add_jobs(clips)
    clips.set_defaults(run=run_clips)


def _add_frames(parts: "argparse._SubParsersAction[Any]") -> None:
    frames = parts.add_parser(
        "frames",
        help="a YOLO data set of rendered pictures, four of each scene",
        epilog="For example:  smartcart datasets frames --count 200 --seed 1 --split train --out out/frames",
    )
    frames.add_argument("--count", type=positive, required=True, help="how many pictures")
    frames.add_argument("--seed", type=seed_number, required=True, help="the first picture's number; the others follow")
    add_common(frames)
    add_real_props(frames)
    add_jobs(frames)
    frames.set_defaults(run=run_frames)


def _add_clip_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--situation", choices=SITUATIONS, help="one visit of this kind (default: a whole trip)")
    command.add_argument("--fps", type=rate, help="frames a second, 5 to 60 (default: drawn by the seed)")
    add_common(command)
    add_real_props(command)


def run_clip(args: argparse.Namespace) -> int:
    """Films one clip, replacing an existing one."""
    begun = time.monotonic()
    require_simulator()
    args.out.mkdir(parents=True, exist_ok=True)
    script = _demo_script(args) if args.demo else _script(args)
    from smartcart.datasets.output.clip import clip_files, film

    for _ in progress(film(script, args.out, args.renderer), script.frames, "frame"):
        pass
    files = clip_files(args.out, script.name)
    report = {
        "video": str(files.video),
        "truth": str(files.truth),
        "frames": script.frames,
        "seconds": round(time.monotonic() - begun, 3),
        "media_seconds": round(script.frames / script.fps, 3),
    }
    print(
        json.dumps(report) if args.json else f"{files.video}: {report['media_seconds']} s, truth in {files.truth.name}"
    )
    return 0


def run_clips(args: argparse.Namespace) -> int:
    """Films the missing clips."""
    begun = time.monotonic()
    require_simulator()
    first, end = args.seeds
    split = split_of(args.split, first, end - 1)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.unrendered and (args.skins or args.surroundings):
        raise CommandError("--unrendered renders nothing: omit --skins and --surroundings")
    work = partial(_film_one, split, args.situation, args.fps, args.out, args.renderer, real_props(args, split))
    if args.unrendered:
        work = partial(_write_trip, split, args.situation, args.fps, args.out)
    media_seconds = round(sum(each(work, range(first, end), args.jobs, "clip")), 3)
    seconds = round(time.monotonic() - begun, 3)
    report = {"clips": end - first, "seconds": seconds, "media_seconds": media_seconds}
    print(json.dumps(report) if args.json else f"{end - first} clips in {args.out}: {media_seconds} s of video")
    return 0


def run_frames(args: argparse.Namespace) -> int:
    """Writes the missing pictures."""
    begun = time.monotonic()
    require_simulator()
    split = split_of(args.split, args.seed, args.seed + args.count - 1)
    from smartcart.datasets.output.frames import FOLDERS
    from smartcart.datasets.output.yolo import write_data_yaml
    from smartcart.datasets.story.moment import MOMENTS

    for name in FOLDERS:
        (args.out / name).mkdir(parents=True, exist_ok=True)
    wanted = range(args.seed, args.seed + args.count)
    scenes = range(wanted.start // MOMENTS, (wanted.stop - 1) // MOMENTS + 1)
    work = partial(_write_scene, wanted, split, args.out, args.renderer, real_props(args, split))
    boxes = int(sum(each(work, scenes, args.jobs, "scene")))
    write_data_yaml(args.out, split)
    seconds = round(time.monotonic() - begun, 3)
    report = {"data": str(args.out / "data.yaml"), "images": args.count, "boxes": boxes, "seconds": seconds}
    print(json.dumps(report) if args.json else f"{args.count} pictures with {boxes} boxes in {args.out}")
    return 0


def _demo_script(args: argparse.Namespace) -> "Script":
    if args.situation or args.fps or args.split or args.skins or args.surroundings:
        raise CommandError(
            "--demo is one fixed clip: omit the options that would change it (--situation, --split, --skins …)"
        )
    from smartcart.datasets.output.demo_clip import demo_script

    return demo_script()


def _script(args: argparse.Namespace) -> "Script":
    from smartcart.datasets.output.clip import random_script

    split = split_of(args.split, args.seed, args.seed)
    props = real_props(args, split).read()
    return random_script(args.seed, split, situation=args.situation, fps=args.fps, props=props)


def _film_one(
    split: "Split",
    situation: str | None,
    fps: float | None,
    folder: Path,
    painter: "Painter",
    real: RealProps,
    seed: int,
) -> float:
    """Films one clip unless it exists; returns its length in seconds."""
    from smartcart.datasets.output.clip import clip_files, clip_name, film, length_s, random_script

    there = length_s(clip_files(folder, clip_name(seed, split, situation)))
    if there is not None:
        return there
    script = random_script(seed, split, situation=situation, fps=fps, props=real.read())
    for _ in film(script, folder, painter):
        pass
    return script.frames / script.fps


def _write_trip(split: "Split", situation: str | None, fps: float | None, folder: Path, seed: int) -> float:
    from smartcart.datasets.output.unrendered import write_trip

    return write_trip(seed, split, folder, situation=situation, fps=fps)


def _write_scene(wanted: range, split: "Split", folder: Path, painter: "Painter", real: RealProps, scene: int) -> float:
    from smartcart.datasets.output.frames import write_scene

    return write_scene(wanted, split, folder, scene, painter, real.read())

"""``smartcart datasets stats``, ``sheet`` and ``convert``: inspects labelled data, and converts others' data."""

import argparse
import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcart.scripts.main import CommandError
from smartcart.scripts.shared_scenes_option import add_shared_scenes

if TYPE_CHECKING:
    from smartcart.datasets.real.conversion import Converted
    from smartcart.datasets.real.definition import Definition, PartOf
    from smartcart.datasets.real.foreign import Foreign


def add_labelled_data(parts: "argparse._SubParsersAction[Any]") -> None:
    """Adds the three commands to ``smartcart datasets``."""
    _add_stats(parts)
    _add_sheet(parts)
    _add_convert(parts)


def _add_stats(parts: "argparse._SubParsersAction[Any]") -> None:
    stats = parts.add_parser(
        "stats",
        help="classes, sizes, visibility and positions of a labelled data set",
        epilog="For example:  smartcart datasets stats out/frames --out out/stats.png",
    )
    stats.add_argument("data", type=Path, nargs="+", help="a data.yaml, a folder with one, or a folder of clips")
    stats.add_argument("--out", type=Path, metavar="PNG", help="write the four plots to this picture")
    add_shared_scenes(stats)
    stats.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    stats.set_defaults(run=run_stats)


def _add_sheet(parts: "argparse._SubParsersAction[Any]") -> None:
    sheet = parts.add_parser(
        "sheet",
        help="a contact sheet of random pictures with their boxes",
        epilog="For example:  smartcart datasets sheet out/frames --out out/sheet.jpg --count 24",
    )
    sheet.add_argument("data", type=Path, nargs="+", help="a data.yaml, a folder with one, or a folder of clips")
    sheet.add_argument("--out", type=Path, required=True, metavar="PICTURE", help="the picture to write, .jpg or .png")
    sheet.add_argument("--count", type=_positive, default=24, help="number of pictures (default 24)")
    sheet.add_argument("--columns", type=_positive, default=6, help="pictures per row (default 6)")
    sheet.add_argument("--seed", type=int, default=0, help="seed of the random choice (default 0)")
    sheet.set_defaults(run=run_sheet)


def _add_convert(parts: "argparse._SubParsersAction[Any]") -> None:
    convert = parts.add_parser(
        "convert",
        help="a YOLO, COCO or VOC data set as a YOLO data set with the project's classes",
        description="A YOLO, COCO or VOC data set as a YOLO data set with the project's classes. A definition is a "
        ".toml file that names the parts of a set relative to --root, its form, classes and terms; "
        "some are shipped with the project.",
        epilog="For example:  smartcart datasets convert coco/train.json --map 'Tin=can,person=-' --out out/tins  or  "
        "smartcart datasets convert beverage3 --root photos --out out/beverage3",
    )
    convert.add_argument(
        "source", help="a data.yaml, a COCO .json, a folder with VOC .xml files, or a definition (its name or .toml)"
    )
    convert.add_argument("--root", type=Path, help="root folder of a definition's set")
    convert.add_argument("--from", dest="form", choices=("yolo", "coco", "voc"), help="its form (default: detected)")
    convert.add_argument("--images", type=Path, help="folder of the pictures, if not beside the labels")
    convert.add_argument("--map", default="", metavar="OLD=NEW,…", help="from its classes to ours; NEW - omits one")
    convert.add_argument("--split", choices=("train", "val"), help="part of the new set (default train)")
    convert.add_argument("--out", type=Path, required=True, help="folder to write to")
    add_shared_scenes(convert)
    convert.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    convert.set_defaults(run=run_convert)


def run_stats(args: argparse.Namespace) -> int:
    """Counts, prints, and plots on request."""
    _require()
    import cv2

    from smartcart.datasets.output.annotated import samples
    from smartcart.datasets.output.statistics import plot, statistics
    from smartcart.datasets.real.scenes import refuse_shared_scenes

    refuse_shared_scenes(args.data, args.shared_scenes)
    stats = statistics([sample for path in args.data for sample in samples(path)])
    if args.out is not None:
        _write(args.out, cv2.cvtColor(plot(stats), cv2.COLOR_RGB2BGR))
    report = stats.report() | ({"plot": str(args.out)} if args.out is not None else {})
    if args.json:
        print(json.dumps(report))
        return 0
    print(f"{stats.pictures} pictures, {stats.empty} without a box")
    for label, count in stats.classes.items():
        print(f"{label:10} {count:7}   median size {stats.median_size[label]:.3f}")
    return 0


def run_sheet(args: argparse.Namespace) -> int:
    """Draws the sheet."""
    _require()
    from smartcart.datasets.output.annotated import samples
    from smartcart.datasets.output.sheet import contact_sheet, drawn

    chosen = drawn([sample for path in args.data for sample in samples(path)], args.count, args.seed)
    _write(args.out, contact_sheet(chosen, min(args.columns, len(chosen))))
    print(f"{args.out}: {len(chosen)} pictures")
    return 0


def run_convert(args: argparse.Namespace) -> int:
    """Converts a whole data set."""
    begun = time.monotonic()
    _require()

    try:
        done = _convert_defined(args) if args.root is not None else _convert_found(args)
    except OSError as error:
        raise CommandError(f"{args.out}: cannot be written to ({error.strerror})") from error
    report = {
        "data": str(done.data),
        "images": done.pictures,
        "classes": done.classes,
        "dropped": done.dropped,
        "cut": done.cut,
        "outside": done.outside,
        "seconds": round(time.monotonic() - begun, 3),
    }
    words = f"{done.pictures} pictures with {sum(done.classes.values())} boxes in {args.out}"
    left_out = ", ".join(f"{count} {name}" for name, count in done.dropped.items())
    words += f"; omitted: {left_out}" if left_out else ""
    words += f"; boxes clipped at their picture's edge: {done.cut}" if done.cut else ""
    words += f"; boxes outside their picture, omitted: {done.outside}" if done.outside else ""
    print(json.dumps(report) if args.json else words)
    return 0


def _convert_found(args: argparse.Namespace) -> "Converted":
    """A data set in its own form."""
    from smartcart.datasets.real.conversion import class_map, convert
    from smartcart.datasets.real.definition import given
    from smartcart.datasets.real.foreign import form_of, read_foreign

    if args.source.endswith(".toml") or args.source in given():
        raise CommandError(f"{args.source} is a definition: give --root, the folder of the set")
    source = Path(args.source)
    found = read_foreign(source, args.form or form_of(source), args.images)
    return convert({args.split or "train": found}, class_map(args.map), args.out)


def _convert_defined(args: argparse.Namespace) -> "Converted":
    """The parts of a definition, below the root."""
    if args.form or args.images or args.split or args.map:
        raise CommandError("a definition is complete: omit --from, --images, --split and --map")
    from smartcart.datasets.real.conversion import convert
    from smartcart.datasets.real.definition import read_definition
    from smartcart.datasets.real.scenes import of_own_scenes

    defined = read_definition(args.source)
    parts = {name: _part_of(defined, part, args.root) for name, part in defined.parts.items()}
    return convert(
        of_own_scenes(parts, args.shared_scenes),
        defined.renamed,
        args.out,
        judges=defined.judges or None,
        ignore_below=defined.ignore_below,
        squeezed=defined.squeezed,
    )


def _part_of(defined: "Definition", part: "PartOf", root: Path) -> "list[Foreign]":
    from smartcart.datasets.errors import DataError
    from smartcart.datasets.real.foreign import read_foreign

    found = read_foreign(root / part.labels, defined.form, root / part.images, defined.classes)
    held = [picture for picture in found if part.holds(picture.image)]
    if not held:
        raise DataError(f"{root / part.images}: no picture matches {', '.join(part.only)}")
    return held


def _write(path: Path, picture: Any) -> None:
    import cv2

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = cv2.imwrite(str(path), picture)
    except (cv2.error, OSError):
        written = False
    if not written:
        raise CommandError(f"{path}: cannot be written; give a name that ends in .png or .jpg")


def _require() -> None:
    missing = [name for name in ("mujoco", "PIL", "yaml") if find_spec(name) is None]
    if missing:
        raise CommandError(f'this needs {", ".join(missing)}: pip install "smartcart[sim]"')


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number

"""``smartcart evaluate``: how many events of labelled clips the edge gets right."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartcart.scripts.evaluation.clip import LeftOut, Tested

HELP = "replay labelled clips (*.truth.json) and print how many events were reported correctly"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.pipeline_options import add_eye_options
    from smartcart.scripts.require import add_figures_options

    parser = commands.add_parser(
        "evaluate",
        help=HELP,
        description=HELP + ". Zone and initial count come from the truth file. Simulated clips without a video are "
        "decided from their true boxes, which --noise disturbs as a detector would.",
        epilog="Example:  smartcart evaluate clips/ --jobs 2 --require 'event_accuracy >= 0.95'",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="clip, truth file, or folder of them")
    add_eye_options(parser, zone=False)
    parser.add_argument(
        "--true-boxes", action="store_true", help="simulated clips: the true boxes instead of the model"
    )
    parser.add_argument(
        "--noise", type=Path, metavar="FILE", help="simulated clips: the true boxes through detector noise"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the noise (default: %(default)s)")
    parser.add_argument(
        "--fit-noise", type=Path, metavar="OUT", help="only fit the model's noise on rendered clips and write it"
    )
    parser.add_argument("--baselines", action="store_true", help="also count with three plain methods")
    parser.add_argument(
        "--hard-cases", type=Path, metavar="FILE", help="a sheet of pictures (.jpg, .png) of the errors"
    )
    parser.add_argument("--jobs", type=int, default=1, help="clips in parallel (default: %(default)s)")
    parser.add_argument("--catalogue", type=Path, help="prices (CSV or TOML), for the money error")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.models.dataset.truth import find_truth
    from smartcart.scripts.evaluation.table import table
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report

    _check_sheet(args.hard_cases)
    truths = find_truth(args.paths)
    if args.fit_noise:
        from smartcart.scripts.evaluation.noise_fitting import fit_noise

        return fit_noise(truths, args)
    if args.detections and len(truths) > 1:
        raise CommandError("--detections belongs to one clip; name one")
    tested, left_out = _sorted_out(_test_all(truths, args))
    prices = _prices(args.catalogue)
    _write_sheet(args.hard_cases, tested)
    result = summary(tested, prices) | {"left_out": [{"clip": one.clip, "why": one.why} for one in left_out]}
    status = report(result, args, table(result))
    for one in left_out:
        print(f"left out: {one.why}", file=sys.stderr)
    return status


def _sorted_out(results: "Sequence[Tested | LeftOut]") -> "tuple[list[Tested], list[LeftOut]]":
    """The usable clips, and the others.

    Raises:
        CommandError: none is usable.
    """
    from smartcart.scripts.evaluation.clip import LeftOut
    from smartcart.scripts.main import CommandError

    left_out = [one for one in results if isinstance(one, LeftOut)]
    if len(left_out) == len(results):
        raise CommandError("; ".join(one.why for one in left_out))
    return [one for one in results if not isinstance(one, LeftOut)], left_out


def summary(tested: Sequence["Tested"], prices: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Figures of all clips, and under ``groups`` those of real, collage, rendered and unrendered ones apart."""
    from smartcart.scripts.evaluation.clip import GROUPS

    groups = {group: [t for t in tested if t.group == group] for group in GROUPS}
    return _figures(tested, prices) | {
        "groups": {group: _figures(clips, prices) for group, clips in groups.items() if clips}
    }


def _figures(tested: Sequence["Tested"], prices: Mapping[str, int] | None) -> dict[str, Any]:
    from smartcart.models.evaluation.event_metrics import figures

    result = figures([t.replayed for t in tested], prices)
    blamed = [t.causes for t in tested if t.causes is not None]
    if len(blamed) == len(tested):
        from smartcart.scripts.evaluation.error_attribution import ROOMS

        total = sum(blamed, Counter[str]())
        result["errors"] = {room: total[room] for room in ROOMS}
    by_product = [t.by_product for t in tested if t.by_product is not None]
    if by_product:
        result["by_product"] = _plain(by_product)
    names = tested[0].baselines if tested else ()
    if names:
        result["baselines"] = {name: _plain([t.baselines[name] for t in tested]) for name in names}
    return result


def _plain(replayed: Iterable[Any]) -> dict[str, Any]:
    """The main figures of a baseline."""
    from smartcart.models.evaluation.event_metrics import figures

    result = figures(list(replayed))
    return {
        name: value for name, value in result.items() if name not in ("errors", "baselines", "per_clip", "by_label")
    }


def _test_all(truths: Sequence[Path], args: argparse.Namespace) -> "list[Tested | LeftOut]":
    from smartcart.scripts.progress import progress
    from smartcart.scripts.workers import workers

    if args.jobs <= 1 or len(truths) == 1:
        return [_test(path, args) for path in progress(truths, total=len(truths), unit="clip")]
    with workers(args.jobs) as pool:
        tested = pool.map(_test, truths, [_picklable(args)] * len(truths), chunksize=max(1, len(truths) // 200))
        return list(progress(tested, total=len(truths), unit="clip"))


def _check_sheet(sheet: Path | None) -> None:
    """Refuses unwritable outputs before the work."""
    from smartcart.scripts.evaluation.hard_cases import SUFFIXES
    from smartcart.scripts.main import CommandError

    if sheet is not None and (sheet.suffix.lower() not in SUFFIXES or not sheet.absolute().parent.is_dir()):
        raise CommandError(f"--hard-cases {sheet}: name a .jpg or .png file in a folder that exists")


def _write_sheet(sheet: Path | None, tested: Sequence["Tested"]) -> None:
    from smartcart.scripts.evaluation.hard_cases import write_sheet
    from smartcart.scripts.main import CommandError

    if sheet is None:
        return
    rows = [row for clip in tested for row in clip.error_rows]
    try:
        shown = write_sheet(sheet, rows)
    except OSError as error:
        raise CommandError(f"--hard-cases {sheet}: {error}") from error
    print(f"{sheet}: {shown} of {len(rows)} errors as pictures", file=sys.stderr)


def _picklable(args: argparse.Namespace) -> argparse.Namespace:
    return argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "run"})


def _test(path: Path, args: argparse.Namespace) -> "Tested | LeftOut":
    from smartcart.scripts.evaluation.clip import put_to_test_if_sound

    return put_to_test_if_sound(path, args)


def _prices(catalogue: Path | None) -> Mapping[str, int] | None:
    if catalogue is None:
        return None
    from smartcart.server.catalogue.file import load_catalogue

    products = load_catalogue(catalogue).products
    return {label: product.price for product in products if product.price is not None for label in product.labels}

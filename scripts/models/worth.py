"""``smartcart models worth``: what each data set contributes to unseen sources, as one table."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.labels import DEFAULT_MODEL

if TYPE_CHECKING:
    from smartcart.models.recogniser.worth import Worth

LABELS_SHOWN: Final = 4


def add_worth(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "worth",
        help='say how much each data set helps on unseen sources (needs: pip install "smartcart[train]")',
        description="Trains a small head over a fixed backbone on all data sets but one, and again without each "
        "other one, and counts the correctly named crops of the first: one table, with and without "
        "each set. Takes minutes on one core.",
        epilog="Example:  smartcart models worth --data real/*/data.yaml --weights yolo11n.pt",
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="YAML", help="their train parts")
    parser.add_argument(
        "--weights",
        type=Path,
        default=DEFAULT_MODEL,
        help="the detector whose backbone is used, ideally one not trained on any of the sets (default: the "
        "shipped one)",
    )
    parser.add_argument("--most", type=int, default=1500, help="maximum number of crops per set (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=run_worth)


def run_worth(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from smartcart.models.dataset.detection_dataset import read_dataset
    from smartcart.models.recogniser.training import sources_of
    from smartcart.models.recogniser.worth import worth
    from smartcart.models.training.training import MissingExtraError
    from smartcart.scripts.main import CommandError

    try:
        import torch

        torch.set_num_threads(args.threads)
        sources = sources_of([read_dataset(file) for file in args.data])
        found = worth(sources, weights=args.weights, most=args.most, seed=args.seed)
    except ModuleNotFoundError as error:
        raise CommandError(str(MissingExtraError(error))) from error
    print(json.dumps([asdict(one) for one in found]) if args.json else "\n".join(_table(found)))
    return 0


def _table(found: "Sequence[Worth]") -> Iterator[str]:
    yield "| source | crops | what it shows most | named right, never seen | worth to others, points | most to |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        labels = ", ".join(one.labels[:LABELS_SHOWN]) + (", …" if len(one.labels) > LABELS_SHOWN else "")
        unseen = "-" if one.unseen is None else f"{one.unseen:.3f}"
        best = "-" if one.best is None else f"{one.best[0]} {100 * one.best[1]:+.1f}"
        yield f"| {one.name} | {one.crops} | {labels} | {unseen} | {100 * one.gain:+.2f} | {best} |"

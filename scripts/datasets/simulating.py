"""Shared parts of the commands that simulate: seeds, their splits, options, and work spread over processes."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smartcart.scripts.main import CommandError
from smartcart.scripts.workers import workers

if TYPE_CHECKING:
    from smartcart.datasets.products.products import Split

RESERVED_FROM: Final = 900_000
RENDERERS: Final = ("classic", "filament")
SPLITS: Final = ("train", "val", "test")


def add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--split",
        choices=SPLITS,
        help=f"which products may appear (default train; always test from {RESERVED_FROM} up)",
    )
    command.add_argument(
        "--renderer",
        choices=RENDERERS,
        default="classic",
        help="classic (OpenGL), or filament: soft shadows and ambient light, at three times the cost (Vulkan)",
    )
    command.add_argument("--out", type=Path, required=True, help="folder to write to")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")


def add_jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--jobs", type=positive, default=1, help="number of processes (default 1)")


def each(work: Callable[[int], float], seeds: range, jobs: int, unit: str) -> Iterator[float]:
    """Does the work for each seed, in order, with progress on stderr."""
    if jobs == 1:
        yield from progress(map(work, seeds), len(seeds), unit)
    else:
        with workers(jobs) as pool:
            yield from progress(pool.map(work, seeds), len(seeds), unit)


def progress(steps: Iterable[float], total: int, unit: str) -> Iterable[float]:
    from tqdm import tqdm

    return tqdm(steps, total=total, unit=unit, disable=None)


def split_of(asked: str | None, first: int, last: int) -> "Split":
    """The split of these seeds; those from ``RESERVED_FROM`` up are reserved for independent checks."""
    if last >= RESERVED_FROM:
        if first < RESERVED_FROM or asked not in (None, "test"):
            raise CommandError(
                f"seeds from {RESERVED_FROM} up are reserved for checks: use --split test, or lower seeds"
            )
        return "test"
    return "val" if asked == "val" else "test" if asked == "test" else "train"


def require_simulator() -> None:
    missing = [name for name in ("mujoco", "av", "skimage", "PIL", "yaml") if find_spec(name) is None]
    if missing:
        raise CommandError(f'the simulator needs {", ".join(missing)}: pip install "smartcart[sim]"')


def seed_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def seed_range(text: str) -> tuple[int, int]:
    first, _, end = text.partition(":")
    if not (first.isdigit() and end.isdigit() and int(first) < int(end)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of seeds such as 100:120")
    return int(first), int(end)


def rate(text: str) -> float:
    number = float(text)
    if not 5 <= number <= 60:
        raise argparse.ArgumentTypeError("must be between 5 and 60")
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number

"""A progress bar on stderr, if that is a terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(things: Iterable[T], *, total: int | None, unit: str) -> Iterator[T]:
    """The same items, counted on stderr as they pass."""
    return iter(tqdm(things, total=total, unit=unit, disable=None, leave=False))

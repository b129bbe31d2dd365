"""A folder of cut-outs: RGBA pictures of goods and hands, and a table of their contents."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.errors import DataError
from smartcart.models.labels import HAND, LABELS

TABLE: Final = "cutouts.csv"
COLUMNS: Final = ("file", "label", "source_set", "source_file", "held", "arm_leaves", "boxes")
EDGES: Final = frozenset("lrtb")
COPY_MARK: Final = ".rf."
TRAIN_BELOW: Final = 14
VAL_BELOW: Final = 17
BUCKETS: Final = 20

Split = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
Rgba = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelBox:
    """A box in a cut-out's own pixels: left, top, width and height."""

    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """One row of the table.

    Attributes:
        file: the picture.
        label: its class; of a held item, the item's.
        source_set: the set of photos that it was cut from.
        source_file: the photo.
        held: whether a hand holds the item.
        arm_leaves: the edges of the cut-out at which an arm continues, of ``lrtb``.
        boxes: its things, if there are several.
    """

    file: Path
    label: str
    source_set: str
    source_file: str
    held: bool
    arm_leaves: str
    boxes: tuple[PixelBox, ...]

    def split(self, kept: Iterable[str]) -> Split:
        """Its split: always test for sets that are ``kept`` for measuring, otherwise by a hash of the photo.

        Roboflow names copies of one photo ``NAME.rf.HASH``; they stay together.
        """
        if self.source_set in kept:
            return "test"
        return split_of_name(self.source_file.split(COPY_MARK)[0])


def split_of_name(name: str) -> Split:
    """The split of a source by a hash of its name: 70 % train, 15 % val, 15 % test."""
    bucket = int(hashlib.sha512(name.encode()).hexdigest()[:8], 16) % BUCKETS
    return "train" if bucket < TRAIN_BELOW else "val" if bucket < VAL_BELOW else "test"


def read_cutouts(folder: Path, split: Split, kept: Sequence[str] = ()) -> list[Cutout]:
    """The cut-outs of a split, each checked once.

    Args:
        folder: contains the table and its pictures.
        split: which cut-outs.
        kept: source sets whose cut-outs are all in the test split.

    Raises:
        DataError: the table or a picture is unusable, or a set in ``kept`` is not in the table.
    """
    table = read_table(folder)
    if unknown := set(kept) - {cutout.source_set for cutout in table}:
        raise DataError(f"{folder / TABLE}: no source set is called {sorted(unknown)[0]!r}")
    chosen = [cutout for cutout in table if cutout.split(kept) == split]
    for cutout in chosen:
        read_rgba(cutout.file)
    for what, found in (("goods", [c for c in chosen if c.label != HAND]), ("hands", _hands(chosen))):
        if not found:
            raise DataError(f"{folder / TABLE}: no {what} of split {split}")
    return chosen


def read_rgba(file: Path) -> Rgba:
    """A cut-out's pixels: blue, green, red and opacity, (h, w, 4).

    Raises:
        DataError: it cannot be read, or nothing in it is cut out.
    """
    try:
        picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        picture = None
    if picture is None or picture.dtype != np.uint8:
        raise DataError(f"{file}: cannot be read as a picture of 8 bits")
    if picture.ndim != 3 or picture.shape[2] != 4:
        raise DataError(f"{file}: has no alpha channel, so that nothing is cut out")
    if not 0 < np.count_nonzero(picture[..., 3] > 127) < picture[..., 3].size:
        raise DataError(f"{file}: its alpha channel is the same everywhere, so that nothing is cut out")
    return np.asarray(picture, np.uint8)


def _hands(cutouts: Sequence[Cutout]) -> list[Cutout]:
    return [cutout for cutout in cutouts if cutout.label == HAND and cutout.arm_leaves]


def read_table(folder: Path) -> list[Cutout]:
    """Every row of a folder's table; the pictures are not read.

    Raises:
        DataError: the table is unusable.
    """
    file = folder / TABLE
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise DataError(f"{file}: has no column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
            return [_cutout(file, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file}: cannot be read ({error})") from error


def _cutout(table: Path, line: int, row: dict[str, str]) -> Cutout:
    where = f"{table} line {line}"
    if any(not isinstance(row[name], str) for name in COLUMNS):
        raise DataError(f"{where}: fewer fields than in the first line")
    file = table.parent / row["file"]
    if not file.is_file():
        raise DataError(f"{where}: {file} does not exist")
    if row["label"] not in LABELS:
        raise DataError(f"{where}: class {row['label']!r} is not in the class list ({', '.join(LABELS)})")
    if row["held"] not in ("yes", "no") or not set(row["arm_leaves"]) <= EDGES:
        raise DataError(f"{where}: 'held' must be yes or no, and 'arm_leaves' letters of l, r, t and b")
    boxes = tuple(_box(where, text) for text in row["boxes"].split())
    if row["held"] == "yes" and {box.label for box in boxes} != {row["label"], HAND}:
        raise DataError(f"{where}: a held item needs its own box and the hand's, as LABEL:left,top,width,height")
    return Cutout(
        file=file,
        label=row["label"],
        source_set=row["source_set"],
        source_file=row["source_file"],
        held=row["held"] == "yes",
        arm_leaves=row["arm_leaves"],
        boxes=boxes,
    )


def _box(where: str, text: str) -> PixelBox:
    label, _, numbers = text.partition(":")
    try:
        left, top, width, height = (float(number) for number in numbers.split(","))
    except ValueError:
        raise DataError(f"{where}: {text!r} is not LABEL:left,top,width,height") from None
    if label not in LABELS or width <= 0 or height <= 0:
        raise DataError(f"{where}: {text!r} is not a box of a class in the class list")
    return PixelBox(label=label, left=left, top=top, width=width, height=height)

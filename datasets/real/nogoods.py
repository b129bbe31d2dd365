"""Pictures without goods: what else a camera on a cart sees, so that a detector learns to ignore it.

Three kinds: photos known to be empty (hands, sleeves, torsos, furniture), with their boxes of hands; the ground of
photos whose goods are labelled (floors, tables, basket walls), cut from between the boxes; and rendered empty carts
(walls, wheels, gloves, passers-by).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.output.yolo import yolo_line
from smartcart.datasets.photos.backgrounds import Background, BackgroundSource, Marks
from smartcart.datasets.photos.faces import veiled
from smartcart.datasets.pictures import write_jpeg
from smartcart.datasets.products.products import SPLIT_NUMBER, Split
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.moment import empty_moment
from smartcart.models.dataset.boxes import Corners
from smartcart.models.dataset.detection_dataset import DatasetError, DatasetPart, LabelledPhoto, read_dataset
from smartcart.models.labels import HAND, ITEMS

SIZE: Final = (640, 480)
STREAM: Final = 21
TRIES: Final = 40
MARGIN: Final = 0.015
LEAST_CUT: Final = 0.18
CUTS: Final = 9
MOSTLY: Final = 0.6
CARTS: Final = 0.3

Refuse = Callable[[Picture], bool]
Keep = Callable[[Corners], "Corners | tuple[()] | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoGoods:
    """The sources of pictures without goods.

    Attributes:
        empty: photos without goods, with their boxes of hands; in groups that are drawn equally often.
        ground: photos with boxes around all goods; in groups likewise.
    """

    empty: tuple[tuple[BackgroundSource, ...], ...] = ()
    ground: tuple[tuple[BackgroundSource, ...], ...] = ()


def read_no_goods(empty: Iterable[Path], ground: Iterable[Path], split: Split) -> NoGoods:
    """Takes the ``train`` parts for split train, the ``val`` parts for the others.

    Raises:
        DataError: a data set is unusable, or one that is given as empty has boxes of goods or does not label every
            class completely: then unlabelled goods may be in it.
    """
    return NoGoods(
        empty=tuple(_empty(file, part) for file in empty for part in _parts(file, split)),
        ground=tuple(_sources(part.photos) for file in ground for part in _parts(file, split)),
    )


def write_no_goods(
    number: int, split: Split, folder: Path, found: NoGoods, props: Props = PLAIN, *, hands: Refuse, carts: bool = True
) -> int:
    """Writes one picture with its YOLO label file, unless both exist; returns its number of boxes (of hands).

    Args:
        number: the picture's; the same number and sources give the same picture.
        split: of the sources.
        folder: contains ``images`` and ``labels``.
        found: the sources.
        props: the real parts of rendered carts.
        hands: whether a picture (BGR) shows a hand: a cut of the ground must not, because it would be unlabelled.
        carts: whether some pictures are rendered carts.

    Raises:
        DataError: a picture cannot be read.
        RenderingError: there is no OpenGL to render with.
    """
    stem = f"nogoods_{split}_{number:06d}"
    labels = folder / "labels" / f"{stem}.txt"
    if not labels.exists():
        picture, boxes = _drawn(
            np.random.default_rng([number, SPLIT_NUMBER[split], STREAM]), found, props, hands, carts
        )
        write_jpeg(folder / "images" / f"{stem}.jpg", picture)
        labels.write_text("".join(yolo_line(label, box) for label, box in boxes), encoding="utf-8")
    return len(labels.read_text(encoding="utf-8").splitlines())


def _drawn(rng: np.random.Generator, found: NoGoods, props: Props, hands: Refuse, carts: bool) -> tuple[Picture, Marks]:
    """A picture (BGR) of any available kind; a ground without room between its boxes is drawn again."""
    photos = bool(found.empty or found.ground)
    if carts and (not photos or rng.random() < CARTS):
        made = empty_moment(rng, props)
        return made.picture, made.boxes
    for _ in range(TRIES):
        if found.empty and (not found.ground or rng.random() < 0.5):
            cut = _cut(rng, _any(rng, found.empty), _whole)
            if cut is not None:
                return veiled(cut.picture, cut.boxes), cut.boxes
        elif found.ground:
            cut = _cut(rng, _any(rng, found.ground), _untouched)
            if cut is not None and not hands(cut.picture):
                return veiled(cut.picture), ()
    raise DataError("the boxes leave no room for a picture without goods; give sets with more ground, or empty ones")


def _any(rng: np.random.Generator, groups: Sequence[Sequence[BackgroundSource]]) -> BackgroundSource:
    group = groups[int(rng.integers(len(groups)))]
    return group[int(rng.integers(len(group)))]


def _cut(rng: np.random.Generator, source: BackgroundSource, keep: Keep) -> Background | None:
    """A cut (BGR) as large as its boxes allow; None if none was found.

    Args:
        rng: draws.
        source: the source.
        keep: the kept part of a box, which is given in shares of the cut; None if the cut is not allowed.
    """
    photo = cv2.imread(str(source.file), cv2.IMREAD_COLOR)
    if photo is None:
        raise DataError(f"{source.file}: cannot be read as a picture")
    height, width = photo.shape[:2]
    largest = min(width / SIZE[0], height / SIZE[1])
    for share in np.linspace(1.0, LEAST_CUT, CUTS):
        wide, high = int(SIZE[0] * largest * share), int(SIZE[1] * largest * share)
        x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
        kept = [
            (
                label,
                keep(
                    (
                        (x1 * width - x) / wide,
                        (y1 * height - y) / high,
                        (x2 * width - x) / wide,
                        (y2 * height - y) / high,
                    )
                ),
            )
            for label, (x1, y1, x2, y2) in source.boxes or ()
        ]
        if all(box is not None for _, box in kept):
            way = cv2.INTER_AREA if wide > SIZE[0] else cv2.INTER_CUBIC
            picture = np.asarray(cv2.resize(photo[y : y + high, x : x + wide], SIZE, interpolation=way), np.uint8)
            return Background(picture=picture, boxes=tuple((label, box) for label, box in kept if box))
    return None


def _untouched(box: Corners) -> Corners | tuple[()] | None:
    """A box and its neighbourhood must be outside the cut: boxes are loose."""
    x1, y1, x2, y2 = box
    outside = x1 > 1 + MARGIN or x2 < -MARGIN or y1 > 1 + MARGIN or y2 < -MARGIN
    return () if outside else None


def _whole(box: Corners) -> Corners | tuple[()] | None:
    """A hand must be mostly in the cut, or not at all: unlabelled fingers would teach to overlook hands."""
    x1, y1, x2, y2 = box
    cut = max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)
    left = max(cut[2] - cut[0], 0.0) * max(cut[3] - cut[1], 0.0) / ((x2 - x1) * (y2 - y1))
    return cut if left > MOSTLY else _untouched(box)


def _parts(file: Path, split: Split) -> Sequence[DatasetPart]:
    try:
        found = read_dataset(file)
    except DatasetError as error:
        raise DataError(str(error)) from error
    parts = found.train if split == "train" else found.val
    if not parts:
        raise DataError(f"{file}: has no part '{'train' if split == 'train' else 'val'}'")
    return parts


def _empty(file: Path, part: DatasetPart) -> tuple[BackgroundSource, ...]:
    if missing := set(ITEMS) - part.judges:
        raise DataError(
            f"{file}: does not judge {', '.join(sorted(missing)[:3])} …: it may show unlabelled goods. If it shows "
            "none, let 'judges' list every class"
        )
    if boxed := next((p for p in part.photos if any(box.label != HAND for box in p.boxes)), None):
        raise DataError(f"{boxed.label_file}: contains goods, but {file} was given as empty")
    return _sources(part.photos)


def _sources(photos: Sequence[LabelledPhoto]) -> tuple[BackgroundSource, ...]:
    return tuple(
        BackgroundSource(file=photo.image, boxes=tuple((box.label, box.corners) for box in photo.boxes))
        for photo in photos
    )

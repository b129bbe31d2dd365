"""Cuts labelled pictures into crops for training: every labelled item, and places without one."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from smartcart.models.crop import Image, item_crop
from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.dataset.detection_dataset import DatasetError, LabelledPhoto
from smartcart.models.evaluation.detection_metrics import overlaps
from smartcart.models.labels import HAND, ITEMS, UNKNOWN

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]

NAMES: Final = (*ITEMS, UNKNOWN)
SHAKEN: Final = 0.06
LEAST_PIXELS: Final = 10
PLACES_TRIED: Final = 6
PLACE_SIDES: Final = (0.12, 0.5)
MOST_SHARED: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSource:
    """Pictures of one origin to learn from.

    Attributes:
        name: for tables.
        photos: the pictures with their boxes.
        complete: whether every item in them is labelled, so that there are none outside the boxes.
        rendered: whether the simulator made them.
    """

    name: str
    photos: Sequence[LabelledPhoto]
    complete: bool
    rendered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """Crops to learn from, N of them.

    Attributes:
        pixels: ``[N, 3, side, side]``, red-green-blue.
        names: the number of each one's name in ``NAMES``.
        sources: the number of each one's source.
        rendered: whether the simulator made it.
    """

    pixels: Pixels
    names: Numbers
    sources: Numbers
    rendered: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)


def cut(
    sources: Sequence[CropSource],
    side: int,
    *,
    rng: np.random.Generator,
    copies: int = 1,
    least_visible: float = 0.5,
    nothing: float = 0.0,
) -> Crops:
    """Every item's crop, as the edge cuts it, and crops of places without an item.

    Args:
        sources: labelled pictures by origin.
        side: of a crop, in pixels.
        rng: shakes the boxes and draws the empty places.
        copies: how often each box is cut; from two on, jittered by a share of its sides, like a detector's boxes.
        least_visible: items with a smaller visible share are skipped.
        nothing: how many crops without an item are cut on average from a picture of a complete source, besides its
            hands.

    Raises:
        DatasetError: a picture cannot be read, or none contains an item.
    """
    pixels: list[Image] = []
    names: list[int] = []
    origins: list[int] = []
    pictures = [(number, photo) for number, source in enumerate(sources) for photo in source.photos]
    for number, photo in tqdm(pictures, unit="picture", desc="cutting", file=sys.stderr, disable=None):
        boxes = [box for box in photo.boxes if box.label != HAND and (box.visible or 1.0) >= least_visible]
        wants_nothing = nothing > 0 and sources[number].complete
        image = _read(photo) if boxes or wants_nothing else None
        if image is None:
            continue
        places = [(box.label, corners) for box in boxes for corners in _cut_at(box, copies, rng)]
        if wants_nothing:
            places += [(UNKNOWN, corners) for corners in _empty_places(photo, rng, rng.poisson(nothing))]
        for label, corners in places:
            if _large_enough(corners, image):
                pixels.append(item_crop(image, corners, side)[..., ::-1].transpose(2, 0, 1))
                names.append(NAMES.index(label))
                origins.append(number)
    if not any(name < len(ITEMS) for name in names):
        raise DatasetError("none of the pictures holds an item that can be cut out")
    from_sources = np.array(origins, np.int64)
    return Crops(
        pixels=np.ascontiguousarray(pixels),
        names=np.array(names, np.int64),
        sources=from_sources,
        rendered=np.array([source.rendered for source in sources], bool)[from_sources],
    )


def _read(photo: LabelledPhoto) -> Image:
    image = cv2.imread(str(photo.image))
    if image is None:
        raise DatasetError(f"{photo.image}: cannot be read as a picture")
    return np.asarray(image, np.uint8)


def _large_enough(corners: Corners, image: Image) -> bool:
    height, width = image.shape[:2]
    return bool(min((corners[2] - corners[0]) * width, (corners[3] - corners[1]) * height) >= LEAST_PIXELS)


def _cut_at(box: TrueBox, copies: int, rng: np.random.Generator) -> Iterator[Corners]:
    if copies <= 1:
        yield box.corners
        return
    x1, y1, x2, y2 = box.corners
    scale = SHAKEN * np.array([x2 - x1, y2 - y1] * 2)
    for _ in range(copies):
        a, b, c, d = np.clip(np.array(box.corners) + rng.normal(0, scale), 0, 1).tolist()
        yield a, b, c, d


def _empty_places(photo: LabelledPhoto, rng: np.random.Generator, wanted: int) -> Iterator[Corners]:
    """Rectangles that hardly overlap any box, and the hands."""
    yield from (box.corners for box in photo.boxes if box.label == HAND and rng.random() < 0.5)
    boxed = [box.corners for box in photo.boxes]
    for _ in range(wanted):
        for _ in range(PLACES_TRIED):
            width, height = rng.uniform(*PLACE_SIDES, 2)
            x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
            place = (float(x), float(y), float(x + width), float(y + height))
            if overlaps([place], boxed).max(initial=0.0) <= MOST_SHARED and not any(
                place[0] < (b[0] + b[2]) / 2 < place[2] and place[1] < (b[1] + b[3]) / 2 < place[3] for b in boxed
            ):
                yield place
                break

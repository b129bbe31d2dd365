"""Cuts the boxed items out of labelled pictures, as crops to learn from."""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from smartcart.models.crop import item_crop
from smartcart.models.detection_dataset import DatasetError, LabelledPhoto
from smartcart.models.detection_metrics import Corners, TrueBox
from smartcart.models.labels import HAND, ITEMS

Crops = NDArray[np.uint8]
Numbers = NDArray[np.int64]

SHAKEN: Final = 0.05
LEAST_PIXELS: Final = 10


def cut_items(
    photos: Iterable[LabelledPhoto], side: int, *, rng: np.random.Generator, copies: int = 1, least_visible: float = 0.5
) -> tuple[Crops, Numbers]:
    """Every item's crop, as the edge cuts it.

    Args:
        photos: labelled pictures.
        side: of a crop, in pixels.
        rng: shakes the boxes.
        copies: how often each box is cut; from two on, shaken by a twentieth of its sides, as a detector's boxes are.
        least_visible: boxes of items of which less can be seen are left out.

    Returns:
        Crops ``[N, 3, side, side]``, red-green-blue, and the number of each one's label in ``ITEMS``.

    Raises:
        DatasetError: a picture cannot be read, or none holds an item.
    """
    crops: list[Crops] = []
    numbers: list[int] = []
    for photo in tqdm(list(photos), unit="picture", desc="cutting", file=sys.stderr, disable=None):
        boxes = [box for box in photo.boxes if box.label != HAND and (box.visible or 1.0) >= least_visible]
        image = cv2.imread(str(photo.image)) if boxes else None
        if boxes and image is None:
            raise DatasetError(f"{photo.image}: cannot be read as a picture")
        for box in boxes:
            for corners in _shaken(box, copies, rng) if copies > 1 else [box.corners]:
                height, width = np.asarray(image).shape[:2]
                if min((corners[2] - corners[0]) * width, (corners[3] - corners[1]) * height) < LEAST_PIXELS:
                    continue
                crop = item_crop(np.asarray(image, np.uint8), corners, side)
                crops.append(crop[..., ::-1].transpose(2, 0, 1))
                numbers.append(ITEMS.index(box.label))
    if not crops:
        raise DatasetError("none of the pictures holds an item that can be cut out")
    return np.ascontiguousarray(crops), np.array(numbers, np.int64)


def _shaken(box: TrueBox, copies: int, rng: np.random.Generator) -> Iterator[Corners]:
    x1, y1, x2, y2 = box.corners
    scale = SHAKEN * np.array([x2 - x1, y2 - y1] * 2)
    for _ in range(copies):
        a, b, c, d = np.clip(np.array(box.corners) + rng.normal(0, scale), 0, 1).tolist()
        yield a, b, c, d

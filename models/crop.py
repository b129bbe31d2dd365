"""How an item is cut out of a picture for recognition; training and edge must cut alike."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SURROUND: Final = 1.3
FADED: Final = 0.6
GREY: Final = 114


def item_crop(image: Image, corners: tuple[float, float, float, float], side: int) -> Image:
    """The square around a box; parts outside the box fade to grey, parts outside the picture are grey.

    The square keeps the item's proportions and a little of its surroundings; the fading shows which object in it is
    meant.

    Args:
        image: height x width x 3, 8 bits.
        corners: x1 y1 x2 y2 of the box as shares of the picture, inside it.
        side: of the crop, in pixels.

    Returns:
        side x side x 3, 8 bits.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = corners[0] * width, corners[1] * height, corners[2] * width, corners[3] * height
    length = max(2, round(SURROUND * max(x2 - x1, y2 - y1)))
    left, top = round((x1 + x2 - length) / 2), round((y1 + y2 - length) / 2)
    square = np.full((length, length, 3), GREY, np.uint8)
    seen = _part(left, top, left + length, top + length, width, height)
    square[_inside(seen, left, top)] = image[seen]
    faded = (square * (1 - FADED) + GREY * FADED).astype(np.uint8)
    box = _inside(_part(int(x1), int(y1), int(np.ceil(x2)), int(np.ceil(y2)), width, height), left, top)
    faded[box] = square[box]
    how = cv2.INTER_AREA if length > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(faded, (side, side), interpolation=how), np.uint8)


def _part(x1: int, y1: int, x2: int, y2: int, width: int, height: int) -> tuple[slice, slice]:
    """The rows and columns of a rectangle inside the picture."""
    return slice(max(y1, 0), max(min(y2, height), 0)), slice(max(x1, 0), max(min(x2, width), 0))


def _inside(part: tuple[slice, slice], left: int, top: int) -> tuple[slice, slice]:
    rows, columns = part
    return slice(max(rows.start - top, 0), rows.stop - top), slice(max(columns.start - left, 0), columns.stop - left)

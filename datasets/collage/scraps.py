"""Scraps: pieces of photos without goods, cut out like goods and mixed with them, without a box.

Without them, the surest sign of an item in a collage would be that it was pasted.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.collage.piece import Piece, cleaned
from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.backgrounds import BackgroundSource
from smartcart.datasets.photos.cutouts import Rgba

LENGTH_CM: Final = (5.0, 26.0)
SHORTEST: Final = 0.35  # its aspect ratio
LEAST_PX: Final = 24
CORNERS: Final = 24
TRIES: Final = 8


def scrap(rng: np.random.Generator, groups: Sequence[Sequence[BackgroundSource]], px_per_cm: float) -> Piece | None:
    """A scrap as large as goods, from a place without a box; None if no such place was found.

    Raises:
        DataError: a photo cannot be read.
    """
    group = groups[int(rng.integers(len(groups)))]
    source = group[int(rng.integers(len(group)))]
    photo = cv2.imread(str(source.file), cv2.IMREAD_COLOR)
    if photo is None:
        raise DataError(f"{source.file}: cannot be read as a picture")
    height, width = photo.shape[:2]
    length = max(float(rng.uniform(*LENGTH_CM)) * px_per_cm, LEAST_PX)
    wide, high = int(length), max(int(length * rng.uniform(SHORTEST, 1.0)), LEAST_PX // 2)
    for _ in range(TRIES):
        share = float(rng.uniform(0.15, 0.5)) * min(width / wide, height / high)
        across, down = max(int(wide * share), 2), max(int(high * share), 2)
        x, y = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
        if not any(
            box[0] * width < x + across and box[2] * width > x and box[1] * height < y + down and box[3] * height > y
            for _, box in source.boxes or ()
        ):
            part = cv2.resize(photo[y : y + down, x : x + across], (wide, high), interpolation=cv2.INTER_AREA)
            rgba = cleaned(np.dstack([part, _outline(rng, wide, high)]).astype(np.uint8))
            piece = Piece(rgba=rgba, parts=(), anchor=(rgba.shape[1] / 2, rgba.shape[0] / 2))
            return piece.turned(float(rng.uniform(-np.pi, np.pi)))
    return None


def _outline(rng: np.random.Generator, wide: int, high: int) -> Rgba:
    """A mask (high, wide) between an ellipse and a rectangle, more or less irregular."""
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    power = float(rng.choice([2.0, 3.0, 8.0]))
    radius = (np.abs(np.cos(angle)) ** power + np.abs(np.sin(angle)) ** power) ** (-1 / power)
    radius = radius * (1 - np.abs(rng.normal(0, rng.choice([0.0, 0.06, 0.15]), CORNERS)))
    points = np.stack([np.cos(angle) * wide, np.sin(angle) * high], 1) * radius[:, None] * 0.49 + [wide / 2, high / 2]
    mask = np.zeros((high, wide), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 255, cv2.LINE_AA)
    return mask

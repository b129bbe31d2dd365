"""A contact sheet: pictures drawn at random, with their boxes."""

import cv2
import numpy as np

from smartcart.datasets.output.annotated import Sample
from smartcart.datasets.products.textures import Picture
from smartcart.models.labels import HAND, LABELS

WIDTH = 320
HEIGHT = 240


def contact_sheet(chosen: list[Sample], columns: int) -> Picture:
    """The pictures in rows of ``columns``, each with its boxes and their classes (BGR)."""
    tiles = [_tile(sample) for sample in chosen]
    tiles += [np.full((HEIGHT, WIDTH, 3), 24, np.uint8)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def drawn(found: list[Sample], count: int, seed: int) -> list[Sample]:
    """``count`` of the samples, or all when there are fewer, in a random order fixed by the seed."""
    order = np.random.default_rng(seed).permutation(len(found))[:count]
    return [found[k] for k in order]


def colour(label: str) -> tuple[int, int, int]:
    """The colour of a class (BGR)."""
    if label == HAND:
        return 255, 160, 40
    hue = LABELS.index(label) * 53 % 180 if label in LABELS else 0
    blue, green, red = cv2.cvtColor(np.array([[[hue, 190, 255]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)


def _tile(sample: Sample) -> Picture:
    """One picture at the sheet's size, its shape kept, with the boxes on it."""
    picture = sample.picture()
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    for mark in sample.marks:
        x1, y1, x2, y2 = (round(v * size[k % 2]) for k, v in enumerate(mark.box))
        cv2.rectangle(small, (x1, y1), (x2 - 1, y2 - 1), colour(mark.label), 1)
        cv2.putText(small, mark.label, (x1 + 1, max(8, y1 - 2)), cv2.FONT_HERSHEY_PLAIN, 0.7, colour(mark.label), 1)
    tile = np.full((HEIGHT, WIDTH, 3), 24, np.uint8)
    tile[: size[1], : size[0]] = small
    return tile

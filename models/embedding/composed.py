"""Training crops of rendered products: views without surroundings laid over real ones, cut as the edge cuts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.crop import FADED, GREY, SURROUND
from smartcart.models.dataset.detection_dataset import DatasetError

Pixels = NDArray[np.uint8]

SHAKEN: Final = 0.06
HELD_SHARE: Final = 0.5
SKIN: Final = ((90, 60, 45), (235, 195, 170))


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Cut-out products: ``pixels`` ``[N, side, side, 4]`` with opacity, ``products`` the product number of each."""

    pixels: Pixels
    products: NDArray[np.int64]
    names: Sequence[str]


def read_views(folders: Sequence[Path]) -> Views:
    """The views written by ``smartcart datasets views``.

    Raises:
        DatasetError: there are none.
    """
    pixels: list[Pixels] = []
    products: list[NDArray[np.int64]] = []
    names: list[str] = []
    for file in sorted(file for folder in folders for file in folder.glob("views_*.npz")):
        with np.load(file) as shelf:
            seen = shelf["pixels"]
            known = [str(name) for name in shelf["names"]]
        numbers = [_number(names, name) for name in known]
        pixels.append(seen.reshape(-1, *seen.shape[2:]))
        products.append(np.repeat(np.array(numbers, np.int64), seen.shape[1]))
    if not pixels:
        raise DatasetError(f"{', '.join(map(str, folders))}: no views; write some with `smartcart datasets views`")
    whole = np.concatenate(pixels)
    clear = whole[..., 3].mean((1, 2)) > 255 * 0.02
    return Views(pixels=whole[clear], products=np.concatenate(products)[clear], names=names)


def _number(names: list[str], name: str) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)


def laid(view: Pixels, ground: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """A view turned in its plane over a ground (``[3, side, side]`` RGB), as the edge would cut it; the same form.

    Half of them are partly covered as by fingers, and all are in different light.
    """
    size = view.shape[0]
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.uniform(0, 360)), float(rng.uniform(0.6, 1.0)))
    turned = cv2.warpAffine(view, turn, (size, size), flags=cv2.INTER_LINEAR)
    rows, columns = np.flatnonzero(turned[..., 3].any(1)), np.flatnonzero(turned[..., 3].any(0))
    cut = turned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    share = float(rng.normal(1, SHAKEN)) / SURROUND
    scale = side * float(np.clip(share, 0.6, 0.95)) / max(cut.shape[:2])
    cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = cut.shape[:2]
    shake = rng.normal(0, SHAKEN / 2, 2) * (height, width)
    y = int(np.clip((side - height) / 2 + shake[0], 0, side - height))
    x = int(np.clip((side - width) / 2 + shake[1], 0, side - width))
    square = np.ascontiguousarray(ground.transpose(1, 2, 0)).astype(np.float32)
    opacity = cut[..., 3:].astype(np.float32) / 255
    light = rng.uniform(0.75, 1.3) * rng.uniform(0.92, 1.08, 3)
    lit = np.clip(cut[..., :3] * light + rng.uniform(-12, 12), 0, 255)
    square[y : y + height, x : x + width] = square[y : y + height, x : x + width] * (1 - opacity) + lit * opacity
    if rng.random() < HELD_SHARE:
        _cover(square, (x, y, width, height), rng)
    faded = square * (1 - FADED) + GREY * FADED
    faded[y : y + height, x : x + width] = square[y : y + height, x : x + width]
    return _coarser(np.asarray(faded, np.uint8), rng).transpose(2, 0, 1)


def _cover(square: NDArray[np.float32], box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Three fingers over one edge of a box."""
    x, y, width, height = box
    skin = np.array([rng.uniform(low, high) for low, high in zip(*SKIN, strict=True)])
    angle = float(rng.uniform(0, 2 * np.pi))
    middle = np.array([x + width / 2, y + height / 2])
    way = np.array([np.cos(angle), np.sin(angle)])
    edge = middle + way * np.array([width, height]) / 2
    across = np.array([-way[1], way[0]])
    long, thick = 0.28 * min(width, height), 0.07 * max(width, height)
    for k in (-1, 0, 1):
        at = edge + across * k * 2.1 * thick
        axes = (max(1, int(long * rng.uniform(0.7, 1.1))), max(1, int(thick)))
        tone = (skin * rng.uniform(0.85, 1.1)).tolist()
        cv2.ellipse(square, (int(at[0]), int(at[1])), axes, np.degrees(angle), 0, 360, tone, -1, cv2.LINE_AA)


def _coarser(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Some with as few pixels as a distant object, and all with a sensor's noise."""
    side = picture.shape[0]
    if rng.random() < 0.5:
        few = int(rng.integers(36, 96))
        small = cv2.resize(picture, (few, few), interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    noise = rng.normal(0, rng.uniform(0, 6), picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)

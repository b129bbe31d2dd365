"""A tiny data set of drawn photos: blue bottles and red cans on a grey ground."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

NAMES = ("bottle", "can")
COLOURS = ((200, 80, 40), (40, 40, 210))


ToySet = Callable[..., Path]


@pytest.fixture(scope="session")
def write_toy_set() -> ToySet:
    """Writes a toy set into a folder and gives its ``data.yaml``."""
    return _write_toy_set


def _write_toy_set(
    folder: Path, *, train: int = 4, val: int = 2, names: tuple[str, ...] = NAMES, side: int = 96
) -> Path:
    for number in range(train + val):
        split = "train" if number < train else "val"
        rng = np.random.default_rng(number)
        kind = number % 2
        x, y, width, height = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65), 0.3, (0.6, 0.4)[kind]
        image = rng.normal(120, 10, (side, side, 3)).clip(0, 255).astype(np.uint8)
        corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) * side
        x1, y1, x2, y2 = (int(value) for value in corners)
        cv2.rectangle(image, (x1, y1), (x2, y2), COLOURS[kind], -1)
        for kind_of_file in ("images", "labels"):
            (folder / split / kind_of_file).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / split / "images" / f"{number}.png"), image)
        label_file = folder / split / "labels" / f"{number}.txt"
        label_file.write_text(f"{kind} {x:.5f} {y:.5f} {width} {height}\n", encoding="ascii")
    lines = ["path: .", "train: train/images", *(["val: val/images"] if val else []), f"names: [{', '.join(names)}]"]
    file = folder / "data.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file

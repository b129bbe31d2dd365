"""The shop around the cart: floors and shelves."""

import cv2
import numpy as np

from smartcart.datasets.products.textures import Picture, grain, vivid


def floor(rng: np.random.Generator, size: int = 512) -> Picture:
    """Tiles, boards, or poured concrete."""
    warm = rng.uniform(-1, 1)
    base = rng.uniform(70, 225) + np.array([8.0, 0.0, -8.0]) * warm
    sheet = np.broadcast_to(base, (size, size, 3)) + grain(rng, size, size, 60, 7)[..., None]
    sheet = sheet + grain(rng, size, size, 3, rng.uniform(2, 8))[..., None]
    kind = int(rng.integers(3))
    if kind == 0:
        step = size // int(rng.integers(2, 6))
        chequer = (np.add.outer(np.arange(size) // step, np.arange(size) // step) % 2)[..., None]
        sheet = sheet + chequer * rng.uniform(-45, 20) * (rng.random() < 0.4)
        for k in range(0, size, step):
            sheet[k : k + 3] *= 0.72
            sheet[:, k : k + 3] *= 0.72
    elif kind == 1:
        sheet = sheet * np.array([1.0, 0.85, 0.65])
        sheet = sheet + cv2.resize(rng.normal(0, 12, (size // 64, size // 4)), (size, size))[..., None]
        sheet[:: size // 8] *= 0.6
    return np.clip(sheet, 0, 255).astype(np.uint8)


def shelf(rng: np.random.Generator, width: int = 1024, height: int = 384) -> Picture:
    """Rows of packs behind price rails, a little out of focus."""
    sheet = np.full((height, width, 3), rng.integers(25, 110), np.uint8)
    rows = int(rng.integers(3, 6))
    for row in range(rows):
        bottom, x = (row + 1) * height // rows - 10, 0
        while x < width:
            wide, count, colour = int(rng.integers(14, 48)), int(rng.integers(2, 7)), vivid(rng)
            tall = int(height / rows * rng.uniform(0.5, 0.85))
            for _ in range(count):
                cv2.rectangle(sheet, (x, bottom - tall), (x + wide - 2, bottom), colour, -1)
                inside = (x + 3, bottom - tall // 2), (x + wide - 5, bottom - tall // 4)
                cv2.rectangle(sheet, *inside, tuple(255 - c for c in colour), -1)
                x += wide
        sheet[bottom : bottom + 10] = rng.integers(190, 240)
        for x in range(0, width, 44):
            tag = (250, 235, 90) if rng.random() < 0.3 else (250, 250, 250)
            cv2.rectangle(sheet, (x, bottom + 1), (x + 26, bottom + 8), tag, -1)
    return np.asarray(cv2.GaussianBlur(sheet, (0, 0), rng.uniform(1.2, 3.0)), np.uint8)

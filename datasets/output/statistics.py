"""The contents of a labelled data set: classes, sizes, visibility and positions, as figures and as one picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from smartcart.datasets.output.annotated import Mark, Sample
from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.textures import Picture
from smartcart.models.labels import LABELS

PANEL: Final = (640, 420)
INK: Final = (40, 40, 46)
BAR: Final = (66, 118, 190)
SIZES: Final = (0.0, 0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 1.01)
SHARES: Final = tuple(k / 10 for k in range(11))
CELLS: Final = (24, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts over a data set.

    Attributes:
        pictures: their number, and ``empty`` of them without any box.
        classes: boxes of each class, in the order of the class list.
        sizes: boxes by the square root of their area as a share of the picture, between the steps of ``SIZES``.
        visibility: boxes by visible share in tenths; empty if unknown.
        positions: the number of boxes that cover each cell of a grid over the picture.
        median_size: the median of that size for each class.
    """

    pictures: int
    empty: int
    classes: dict[str, int]
    sizes: tuple[int, ...]
    visibility: tuple[int, ...]
    positions: FloatArray
    median_size: dict[str, float]

    def report(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "images": self.pictures,
            "empty": self.empty,
            "boxes": sum(self.classes.values()),
            "classes": self.classes,
            "median_size": self.median_size,
            "sizes": dict(zip([f"{a:.2f}-{min(b, 1):.2f}" for a, b in _steps(SIZES)], self.sizes, strict=True)),
            "visibility": list(self.visibility),
        }


def statistics(found: Sequence[Sample]) -> Statistics:
    """Counts over these samples."""
    marks = [mark for sample in found for mark in sample.marks]
    number = Counter(mark.label for mark in marks)
    visible = [mark.visible for mark in marks if mark.visible is not None]
    sizes = {label: [_size(mark) for mark in marks if mark.label == label] for label in number}
    return Statistics(
        pictures=len(found),
        empty=sum(not sample.marks for sample in found),
        classes={label: number[label] for label in LABELS if number[label]},
        sizes=tuple(int(n) for n in np.histogram([_size(mark) for mark in marks], SIZES)[0]),
        visibility=tuple(int(n) for n in np.histogram(visible, SHARES)[0]) if visible else (),
        positions=_positions(marks),
        median_size={label: round(float(np.median(sizes[label])), 4) for label in LABELS if label in sizes},
    )


def plot(stats: Statistics) -> Picture:
    """Four panels in one picture (RGB): classes, sizes, visibility, positions."""
    title = f"{stats.pictures} pictures, {sum(stats.classes.values())} boxes, {stats.empty} without any"
    panels = [
        _bars(title, list(stats.classes), list(stats.classes.values())),
        _bars("size of a box (root of its area)", [f"<{b:.2f}" for _, b in _steps(SIZES)], list(stats.sizes)),
        _bars("visible share", [f"<{b:.1f}" for _, b in _steps(SHARES)], list(stats.visibility)),
        _map("positions of boxes", stats.positions),
    ]
    return np.asarray(np.vstack([np.hstack(panels[:2]), np.hstack(panels[2:])]), np.uint8)


def _steps(edges: Sequence[float]) -> list[tuple[float, float]]:
    return list(pairwise(edges))


def _size(mark: Mark) -> float:
    x1, y1, x2, y2 = mark.box
    return float(np.sqrt(max(x2 - x1, 0) * max(y2 - y1, 0)))


def _positions(marks: Sequence[Mark]) -> FloatArray:
    rows, columns = CELLS
    grid = np.zeros(CELLS)
    for mark in marks:
        x1, y1, x2, y2 = np.clip(mark.box, 0, 1)
        grid[int(y1 * rows) : int(np.ceil(y2 * rows)), int(x1 * columns) : int(np.ceil(x2 * columns))] += 1
    return grid


def _panel(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", PANEL, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((16, 12), title, font=ImageFont.load_default(17), fill=INK)
    return image, draw


def _bars(title: str, names: list[str], counts: list[int]) -> Picture:
    """One level bar a name, with its count."""
    image, draw = _panel(title)
    font, width, height = ImageFont.load_default(13), PANEL[0], PANEL[1]
    if not counts:
        draw.text((16, 60), "not in this data", font=font, fill=INK)
    step = (height - 60) / max(len(names), 1)
    for k, (name, count) in enumerate(zip(names, counts, strict=False)):
        top = 48 + k * step
        long = (width - 190) * count / max(*counts, 1)
        draw.text((16, top), name, font=font, fill=INK)
        draw.rectangle([100, top + 1, 100 + long, top + step * 0.72], fill=BAR)
        draw.text((106 + long, top), str(count), font=font, fill=INK)
    return np.asarray(image)


def _map(title: str, grid: FloatArray) -> Picture:
    """A heat map in the picture's shape."""
    image, _ = _panel(title)
    heat = (255 * grid / max(float(grid.max()), 1.0)).astype(np.uint8)
    width = round((PANEL[1] - 70) * 4 / 3)
    large = cv2.resize(heat, (width, PANEL[1] - 70), interpolation=cv2.INTER_NEAREST)
    coloured = cv2.cvtColor(cv2.applyColorMap(large, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    image.paste(Image.fromarray(np.asarray(coloured, np.uint8)), (16, 48))
    return np.asarray(image)

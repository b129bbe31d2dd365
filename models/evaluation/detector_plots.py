"""Pictures of a detector's errors: the confusion matrix, recall by visibility, and the worst pictures with boxes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.boxes import Corners
from smartcart.models.evaluation.detection_metrics import JudgedPhoto
from smartcart.models.evaluation.recall import NOTHING, Mistakes, RecallFigures, compare, recall_figures
from smartcart.models.labels import LABELS

Image = NDArray[np.uint8]

WORST: Final = 24
COLUMNS: Final = 6
TILE: Final = (320, 240)
FOUND, MISSED, MISTAKEN, FALSE = (90, 200, 90), (60, 60, 240), (40, 170, 250), (230, 120, 220)


def write_plots(folder: Path, photos: Sequence[JudgedPhoto], pictures: Iterable[Image], *, confidence: float) -> None:
    """Writes ``confusions.png``, ``recall.png`` and ``worst.jpg``.

    Args:
        folder: created if missing.
        photos: the compared photos.
        pictures: the same photos' pictures (BGR), in the same order.
        confidence: the edge's threshold.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = recall_figures(photos, confidence=confidence)
    _plot_confusions(figures, folder / "confusions.png")
    _plot_recall(figures, folder / "recall.png")
    mistakes = [compare(photo, confidence=confidence) for photo in photos]
    worst = set(sorted(range(len(mistakes)), key=lambda k: -mistakes[k].count)[:WORST])
    tiles = [_tile(image, mistakes[k]) for k, image in enumerate(pictures) if k in worst]
    cv2.imwrite(str(folder / "worst.jpg"), _sheet(tiles), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _plot_confusions(figures: RecallFigures, file: Path) -> None:
    from matplotlib.figure import Figure

    names = [label for label in LABELS if label in figures.by_label] + [NOTHING]
    counts = np.array([[figures.confusions.get((true, found), 0) for found in names] for true in names], float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8.4, 7.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        shade = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", fontsize=7, color=shade)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("found as")
    axes.set_ylabel("is")
    figure.savefig(file, dpi=110)


def _plot_recall(figures: RecallFigures, file: Path) -> None:
    from matplotlib.figure import Figure

    kinds = list(figures.by_kind)
    figure = Figure(figsize=(7.0, 0.5 + 0.42 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    found = [figures.by_kind[kind].found / figures.by_kind[kind].total for kind in kinds]
    right = [figures.by_kind[kind].right / figures.by_kind[kind].total for kind in kinds]
    axes.barh(kinds, found, color="#b9d3ee", label="found")
    axes.barh(kinds, right, color="#2b6cb0", height=0.45, label="found, right label")
    for row, kind in enumerate(kinds):
        axes.text(1.01, row, f"{figures.by_kind[kind].total}", va="center", fontsize=8)
    axes.set_xlim(0, 1.08)
    axes.invert_yaxis()
    axes.set_xlabel("share of true boxes (their number at the right)")
    axes.legend(loc="lower left")
    figure.savefig(file, dpi=110)


def _tile(image: Image, mistakes: Mistakes) -> Image:
    tile = np.asarray(cv2.resize(image, TILE, interpolation=cv2.INTER_AREA), np.uint8)
    for box, label in mistakes.seen:
        colour = FOUND if label == box.label else MISSED if label is None else MISTAKEN
        _draw(tile, box.corners, colour, "" if label == box.label else f"{box.label}>{label or '-'}")
    for found in mistakes.false:
        _draw(tile, found.corners, FALSE, f"+{found.label}")
    return tile


def _draw(tile: Image, corners: Corners, colour: tuple[int, int, int], text: str) -> None:
    x1, y1, x2, y2 = (round(v * side) for v, side in zip(corners, TILE * 2, strict=True))
    cv2.rectangle(tile, (x1, y1), (x2, y2), colour, 1)
    cv2.putText(tile, text, (x1 + 1, max(y1 - 2, 9)), cv2.FONT_HERSHEY_SIMPLEX, 0.32, colour, 1, cv2.LINE_AA)


def _sheet(tiles: Sequence[Image]) -> Image:
    width, height = TILE
    sheet = np.full((max(1, -(-len(tiles) // COLUMNS)) * height, COLUMNS * width, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return sheet

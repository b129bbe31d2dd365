"""Average precision of detections, as COCO computes it, for each data set only over the labels that it judges.

Source of the figures: T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context" (2014) and its evaluation: within a
photo each detection, best first, takes the free true box of its label with the highest overlap; precision is made
monotonous and read at 101 recall levels. Pure: no files, no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.boxes import Corners, TrueBox

Floats = NDArray[np.float64]

OVERLAPS = tuple(0.5 + 0.05 * step for step in range(10))
RECALL_LEVELS = np.linspace(0, 1, 101)
BEST_PER_PHOTO = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBox:
    """A box that a model found; confidence in [0, 1]."""

    label: str
    confidence: float
    corners: Corners


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """The truth and the detections of one photo.

    Attributes:
        truth: the drawn boxes.
        found: the model's boxes, at a low threshold, so that the whole precision-recall curve is covered.
        judges: the labels that are labelled completely; boxes of other labels count neither way.
        ignore_below: share of the picture below which things were left unlabelled on purpose: a smaller detection
            without a true box counts neither way.
    """

    truth: Sequence[TrueBox]
    found: Sequence[FoundBox]
    judges: frozenset[str]
    ignore_below: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """Average precision of one label, and the number of its true boxes."""

    map50: float
    map50_95: float
    boxes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionFigures:
    """Means over the labels that have true boxes; None if there is none."""

    map50: float | None
    map50_95: float | None
    per_label: Mapping[str, LabelFigures]
    photos: int


def detection_figures(photos: Sequence[JudgedPhoto], *, least_visible: float = 0.0) -> DetectionFigures:
    """The figures over all photos, pooled.

    Args:
        photos: the truth and the detections.
        least_visible: true boxes of objects with a smaller visible share need not be found: finding them counts neither
            way, as with COCO's crowds.
    """
    needed = [box for photo in photos for box in photo.truth if box.label in photo.judges and _seen(box, least_visible)]
    per_label = {label: _label_figures(label, photos, least_visible) for label in sorted({box.label for box in needed})}
    return DetectionFigures(
        map50=_mean(figures.map50 for figures in per_label.values()),
        map50_95=_mean(figures.map50_95 for figures in per_label.values()),
        per_label=per_label,
        photos=len(photos),
    )


def average_precision(confidence: Floats, hit: NDArray[np.bool_], true_boxes: int) -> float:
    """The area under the monotonous precision-recall curve, read at 101 recall levels.

    Args:
        confidence: one for each detection, any order.
        hit: whether that detection took a true box.
        true_boxes: their number; at least 1.

    >>> average_precision(np.array([0.9, 0.8]), np.array([True, False]), 1)
    1.0
    """
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(hit[order])
    recall = hits / true_boxes
    precision = hits / np.arange(1, len(order) + 1)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(envelope[np.searchsorted(recall, RECALL_LEVELS, side="left")].mean())


def overlaps(one: Sequence[Corners], other: Sequence[Corners]) -> Floats:
    """Intersection over union of every box of ``one`` with every box of ``other``, ``[len(one), len(other)]``."""
    a = np.asarray(one, float).reshape(-1, 1, 4)
    b = np.asarray(other, float).reshape(1, -1, 4)
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    shared = sides.prod(axis=2)
    union = (a[..., 2:] - a[..., :2]).prod(axis=2) + (b[..., 2:] - b[..., :2]).prod(axis=2) - shared
    ratio: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _seen(box: TrueBox, least_visible: float) -> bool:
    return box.visible is None or box.visible >= least_visible


def _label_figures(label: str, photos: Sequence[JudgedPhoto], least_visible: float) -> LabelFigures:
    confidence: list[float] = []
    hits: list[NDArray[np.bool_]] = [np.zeros((len(OVERLAPS), 0), bool)]
    counted: list[NDArray[np.bool_]] = [np.zeros((len(OVERLAPS), 0), bool)]
    boxes = 0
    for photo in photos:
        if label not in photo.judges:
            continue
        truth = sorted(
            (box for box in photo.truth if box.label == label), key=lambda box: not _seen(box, least_visible)
        )
        needed = sum(_seen(box, least_visible) for box in truth)
        found = sorted((box for box in photo.found if box.label == label), key=lambda box: -box.confidence)
        found = found[:BEST_PER_PHOTO]
        taken = _taken([box.corners for box in found], [box.corners for box in truth], needed)
        small = np.array([_area(box.corners) < photo.ignore_below for box in found], bool)
        boxes += needed
        confidence.extend(box.confidence for box in found)
        hits.append((taken >= 0) & (taken < needed))
        counted.append((taken < needed) & ((taken >= 0) | ~small))
    hit_all, counted_all, confidence_all = np.hstack(hits), np.hstack(counted), np.array(confidence, float)
    precision = [
        average_precision(confidence_all[use], hit[use], boxes) for hit, use in zip(hit_all, counted_all, strict=True)
    ]
    return LabelFigures(map50=precision[0], map50_95=sum(precision) / len(precision), boxes=boxes)


def _taken(found: Sequence[Corners], truth: Sequence[Corners], needed: int) -> NDArray[np.int64]:
    """The true box that each detection (best first) takes, or -1, at each overlap: ``[len(OVERLAPS), len(found)]``.

    The first ``needed`` true boxes are taken before the others.
    """
    taken = np.full((len(OVERLAPS), len(found)), -1, np.int64)
    if not found or not truth:
        return taken
    overlap = overlaps(found, truth)
    for level, least in enumerate(OVERLAPS):
        free = np.ones(len(truth), bool)
        for index, row in enumerate(overlap):
            fits = np.where(free & (row >= least), row, -1.0)
            first = fits[:needed] if (fits[:needed] >= 0).any() else fits
            best = int(first.argmax())
            if first[best] >= 0:
                free[best] = False
                taken[level, index] = best
    return taken


def _area(corners: Corners) -> float:
    return (corners[2] - corners[0]) * (corners[3] - corners[1])

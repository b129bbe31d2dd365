"""A model's finds and errors at its working confidence: recall by kind, confusions, false items.

Average precision summarises all thresholds; these figures are for the one that the edge uses. A true box is *found* by
a detection that overlaps it enough, one to one, best confidence first, with its own label before others. Pure: no
files, no clock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.evaluation.detection_metrics import FoundBox, JudgedPhoto, overlaps
from smartcart.models.labels import HAND

LEAST_OVERLAP: Final = 0.5
CONFIDENCE: Final = 0.25
NOTHING: Final = "nothing"
VISIBLE_FROM: Final = (0.0, 0.25, 0.5, 0.75)
HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """For ``total`` true boxes, how many were found at all and how many with the correct label."""

    total: int = 0
    found: int = 0
    right: int = 0

    def __add__(self, other: "Recall") -> "Recall":
        """Both together."""
        return Recall(total=self.total + other.total, found=self.found + other.found, right=self.right + other.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """One compared photo: each true box with the label it was found under (None: missed), and the other detections."""

    seen: Sequence[tuple[TrueBox, str | None]]
    false: Sequence[FoundBox]

    @property
    def count(self) -> int:
        """Missed, mislabelled and false boxes."""
        return sum(label != box.label for box, label in self.seen) + len(self.false)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFigures:
    """Figures over many photos.

    Attributes:
        by_kind: recall of ``hand``, ``items``, ``held``, ``resting``, ``half visible`` (at least half) and of the steps
            of visibility (``visible 0.25-0.5``), if the truth contains them.
        by_label: recall of each label.
        confusions: how often a true label was found as another; ``nothing`` for missed or invented objects.
        empty_photos: the number of photos without items.
        false_items: the number of items found in them.
    """

    by_kind: Mapping[str, Recall]
    by_label: Mapping[str, Recall]
    confusions: Mapping[tuple[str, str], int]
    empty_photos: int
    false_items: int


def compare(photo: JudgedPhoto, *, confidence: float = CONFIDENCE) -> Mistakes:
    """The found, missed, mislabelled and invented objects of one photo, among the labels that it judges."""
    truth = [box for box in photo.truth if box.label in photo.judges]
    found = [box for box in photo.found if box.confidence >= confidence and box.label in photo.judges]
    found.sort(key=lambda box: -box.confidence)
    taken: dict[int, int] = {}
    near = overlaps([box.corners for box in found], [box.corners for box in truth])
    for same in (True, False):
        for number, box in enumerate(found):
            if number in taken.values():
                continue
            free = [k for k, true in enumerate(truth) if k not in taken and (true.label == box.label) is same]
            best = max(free, key=lambda k: float(near[number, k]), default=None)
            if best is not None and near[number, best] >= LEAST_OVERLAP and _alike(truth[best].label, box.label):
                taken[best] = number
    seen = [(box, found[taken[k]].label if k in taken else None) for k, box in enumerate(truth)]
    false = [box for number, box in enumerate(found) if number not in taken.values()]
    false = [box for box in false if _area(box.corners) >= photo.ignore_below]
    return Mistakes(seen=seen, false=false)


def recall_figures(photos: Iterable[JudgedPhoto], *, confidence: float = CONFIDENCE) -> RecallFigures:
    """The figures over all photos, pooled."""
    by_kind: dict[str, Recall] = {}
    by_label: dict[str, Recall] = {}
    confusions: Counter[tuple[str, str]] = Counter()
    empty = false_items = 0
    for photo in photos:
        mistakes = compare(photo, confidence=confidence)
        for box, label in mistakes.seen:
            one = Recall(total=1, found=int(label is not None), right=int(label == box.label))
            by_label[box.label] = by_label.get(box.label, Recall()) + one
            for kind in _kinds(box):
                by_kind[kind] = by_kind.get(kind, Recall()) + one
            confusions[box.label, label or NOTHING] += 1
        confusions.update((NOTHING, box.label) for box in mistakes.false)
        if all(box.label == HAND for box in photo.truth) and photo.judges - {HAND}:
            empty += 1
            false_items += sum(box.label != HAND for box in mistakes.false)
    return RecallFigures(
        by_kind=dict(sorted(by_kind.items())),
        by_label=dict(sorted(by_label.items())),
        confusions=confusions,
        empty_photos=empty,
        false_items=false_items,
    )


def _alike(one: str, other: str) -> bool:
    """A hand never counts as an item with a wrong label."""
    return (one == HAND) == (other == HAND)


def _kinds(box: TrueBox) -> Iterable[str]:
    if box.label == HAND:
        return ["hand"]
    kinds = ["items"]
    if box.held is not None:
        kinds.append("held" if box.held else "resting")
    if box.visible is not None:
        step = int(np.searchsorted(VISIBLE_FROM, box.visible, side="right")) - 1
        upper = (*VISIBLE_FROM, 1.0)[step + 1]
        kinds.append(f"visible {VISIBLE_FROM[step]:g}-{upper:g}")
        if box.visible >= HALF:
            kinds.append("half visible")
    return kinds


def _area(corners: Corners) -> float:
    return (corners[2] - corners[0]) * (corners[3] - corners[1])

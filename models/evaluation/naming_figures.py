"""What is found in real pictures under any name, and how much of it is named correctly.

Average precision requires the correct name at once, and ignores labels that a set does not contain. Here the two
questions are separate: a true box of an item is *found* if a detection of any item name matches it, and its name is
correct if it is the true one, whatever the set labels. Pure: no files, no clock.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.evaluation.detection_metrics import overlaps
from smartcart.models.evaluation.recall import CONFIDENCE, LEAST_OVERLAP
from smartcart.models.labels import HAND, ITEMS

CALIBRATION_BINS: Final = 10
PAIRS_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFind:
    """One find: ``confidence`` that it is there, and ``share``, the probability of its name."""

    corners: Corners
    confidence: float
    label: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPhoto:
    """The truth and the finds of one photo, each object once.

    ``complete`` says that every item is labelled, so that a find outside all boxes is wrong. If things below a share of
    the picture were left unlabelled (``ignore_below``), a find that small outside all boxes counts neither way.
    ``face`` says that there is a face in it.
    """

    truth: Sequence[TrueBox]
    found: Sequence[NamedFind]
    complete: bool
    ignore_below: float = 0.0
    face: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """Photos without a box of an item, and the number of items found in them."""

    photos: int = 0
    finds: int = 0

    @property
    def in_100(self) -> float | None:
        """Items found in 100 such photos."""
        return 100 * self.finds / self.photos if self.photos else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """For ``boxes`` true boxes of one label, how many were found, and how many of those were named correctly."""

    boxes: int = 0
    found: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingFigures:
    """Figures over many photos, at one confidence.

    Attributes:
        per_label: of each true label.
        detections: item detections that count: those that match a true box and, in completely labelled sets, the
            others.
        false_items: the number of these without a true box.
        empty: photos without items; any find is wrong.
        empty_with_hands: those of them that show a hand.
        empty_with_faces: those that show a face.
        unlabelled: photos without a box of an item, in sets that do not label every item: finds may be right.
        confusions: (true label, given name) to count, for finds with a wrong name.
        calibration_error: expected calibration error over ten bins of the confidence in the name, in [0, 1]; None if
            nothing was found.
    """

    per_label: Mapping[str, Named]
    detections: int
    false_items: int
    empty: Empty
    empty_with_hands: Empty
    empty_with_faces: Empty
    unlabelled: Empty
    confusions: Mapping[tuple[str, str], int]
    calibration_error: float | None

    @property
    def boxes(self) -> int:
        return sum(one.boxes for one in self.per_label.values())

    @property
    def found(self) -> float | None:
        """Share of the true boxes that were found."""
        return _share(sum(one.found for one in self.per_label.values()), self.boxes)

    @property
    def named(self) -> float | None:
        """Share of the finds that were named correctly."""
        found = sum(one.found for one in self.per_label.values())
        return _share(sum(one.right for one in self.per_label.values()), found)

    @property
    def precision(self) -> float | None:
        """Share of the detections that match a true box."""
        return _share(self.detections - self.false_items, self.detections)

    @property
    def worst_pairs(self) -> Sequence[tuple[str, str, int]]:
        """The most frequent confusions: true label, given name, count."""
        ranked = sorted(self.confusions.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(true, name, count) for (true, name), count in ranked[:PAIRS_SHOWN]]


@dataclass(slots=True)
class _Sum:
    boxes: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    names: list[tuple[float, bool]] = field(default_factory=list)
    met: int = 0
    false: int = 0
    photos: Counter[str] = field(default_factory=Counter)
    finds: Counter[str] = field(default_factory=Counter)

    def empty(self, kind: str) -> Empty:
        return Empty(photos=self.photos[kind], finds=self.finds[kind])


def naming_figures(photos: Iterable[NamedPhoto], *, confidence: float = CONFIDENCE) -> NamingFigures:
    """The figures over all photos, pooled; without hands and detections below ``confidence``."""
    total = _Sum()
    for photo in photos:
        _add(total, photo, confidence)
    return NamingFigures(
        per_label={
            label: Named(boxes=total.boxes[label], found=total.found[label], right=total.right[label])
            for label in ITEMS
            if total.boxes[label]
        },
        detections=total.met + total.false,
        false_items=total.false,
        empty=total.empty("empty"),
        empty_with_hands=total.empty("hand"),
        empty_with_faces=total.empty("face"),
        unlabelled=total.empty("unlabelled"),
        confusions=total.confusions,
        calibration_error=calibration_error(total.names),
    )


def calibration_error(named: Sequence[tuple[float, bool]]) -> float | None:
    """The mean distance between confidence and share correct, over ten equal bins, weighted by their sizes.

    Source: Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).

    Args:
        named: the probability of each given name, and whether it was correct.

    >>> calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)])
    0.0
    """
    if not named:
        return None
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(CALIBRATION_BINS)]
    for probability, right in named:
        bins[min(int(probability * CALIBRATION_BINS), CALIBRATION_BINS - 1)].append((probability, right))
    return sum(abs(sum(p - right for p, right in one)) for one in bins) / len(named)


def _add(total: _Sum, photo: NamedPhoto, confidence: float) -> None:
    truth = [box for box in photo.truth if box.label != HAND]
    found = [box for box in photo.found if box.label != HAND and box.confidence >= confidence]
    found.sort(key=lambda box: -box.confidence)
    pairs = _met(truth, found)
    total.boxes.update(box.label for box in truth)
    for true, box in pairs:
        right = box.label == true.label
        total.found[true.label] += 1
        total.right[true.label] += right
        total.names.append((box.share, right))
        if not right:
            total.confusions[true.label, box.label] += 1
    met = {id(box) for _, box in pairs}
    missed = sum(id(box) not in met and _area(box.corners) >= photo.ignore_below for box in found)
    total.met += len(pairs)
    if photo.complete:
        total.false += missed
    for kind in _kinds(photo) if not truth else ():
        total.photos[kind] += 1
        total.finds[kind] += missed


def _kinds(photo: NamedPhoto) -> Iterator[str]:
    """The kinds of a photo without a box of an item."""
    if not photo.complete:
        yield "unlabelled"
        return
    yield "empty"
    if photo.truth:
        yield "hand"
    if photo.face:
        yield "face"


def _met(truth: Sequence[TrueBox], found: Sequence[NamedFind]) -> list[tuple[TrueBox, NamedFind]]:
    """Each detection, best first, with the free true box that it overlaps most, if enough."""
    near = overlaps([box.corners for box in found], [box.corners for box in truth])
    free = set(range(len(truth)))
    pairs = []
    for number, box in enumerate(found):
        best = max(free, key=lambda k: float(near[number, k]), default=None)
        if best is not None and near[number, best] >= LEAST_OVERLAP:
            free.discard(best)
            pairs.append((truth[best], box))
    return pairs


def _area(corners: Corners) -> float:
    return (corners[2] - corners[0]) * (corners[3] - corners[1])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

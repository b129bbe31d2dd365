"""Enrolment: from a person turning a product before the camera to the few prototypes that represent it.

Only sharp and new views are taken, up to ``MOST``, each also as it will look in a cart; they are then clustered into
prototypes. No picture is kept.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.gallery.embedder import Embedder
from smartcart.edge.gallery.gallery_file import MAX_PROTOTYPES, Enrolled, Floats, GalleryError
from smartcart.edge.gallery.sightings import LEAST_PIXELS, sharpness
from smartcart.edge.gallery.views import as_in_carts, product_on_plain_ground
from smartcart.edge.vision.detection import Box, Detection
from smartcart.models.labels import HAND

MOST: Final = 40
ENOUGH: Final = 20
FEWEST: Final = 3
NEW: Final = 0.93
BLURRED: Final = 0.25
LEAST_CONFIDENCE: Final = 0.25
RIVAL: Final = 0.4
SAME_THING: Final = 0.5
LABEL_SHARE: Final = 0.15
LEAST_SHOWN: Final = 0.15
WHOLE: Final = Box(0.02, 0.02, 0.98, 0.98)
ROUNDS: Final = 12

Seen = Literal["taken", "known view", "no item", "two items", "blurred", "too small", "full"]
ADVICE: Final[dict[Seen, str]] = {
    "taken": "go on turning it",
    "known view": "turn it to a side that was not seen yet",
    "no item": "hold the product before the camera",
    "two items": "hold one product alone",
    "blurred": "hold it still for a moment, or bring more light",
    "too small": "bring it nearer to the camera",
    "full": "that is enough: every side was seen",
}


class Enrolment:
    """Takes one product's views, frame by frame.

    Args:
        whole_pictures: each picture shows the product alone, as in a catalogue. On a plain ground the product is
            whatever differs from it; elsewhere, if nothing, several things or only a part is found, the whole picture
            is used.
    """

    def __init__(self, embedder: Embedder, *, whole_pictures: bool = False) -> None:
        self._embedder = embedder
        self._whole = whole_pictures
        self._rows: list[Floats] = []
        self._in_carts: list[Floats] = []
        self._labels: Counter[str] = Counter()
        self.seen: Counter[Seen] = Counter()
        self.box: Box | None = None

    @property
    def progress(self) -> float:
        """How full the ring is, in [0, 1]."""
        return min(1.0, len(self._rows) / ENOUGH)

    @property
    def views(self) -> int:
        """The number of views taken."""
        return len(self._rows)

    def see(self, frame: Frame, found: Sequence[Detection]) -> Seen:
        """Takes a frame with its detections; returns the result for this view."""
        self.box, said = self._look(frame, found)
        self.seen[said] += 1
        return said

    def _look(self, frame: Frame, found: Sequence[Detection]) -> tuple[Box | None, Seen]:
        if len(self._rows) >= MOST:
            return None, "full"
        items = [d for d in found if d.label != HAND and d.confidence >= LEAST_CONFIDENCE]
        box, label, said = _one_of(items, [d.box for d in found if d.label == HAND])
        if self._whole:
            alone = product_on_plain_ground(frame.image)
            if alone is not None:
                box, said = alone, "taken"
            elif box is None or said == "two items" or box.area < LEAST_SHOWN:
                box, said = WHOLE, "taken"
        if box is None or said != "taken":
            return box, said
        return box, self._take(frame.image, box, label)

    def _take(self, image: Image, box: Box, label: str | None) -> Seen:
        height, width = image.shape[:2]
        if min(box.width * width, box.height * height) < 2 * LEAST_PIXELS:
            return "too small"
        if sharpness(image, box) < BLURRED:
            return "blurred"
        row = self._embedder.embed(image, [box])[0]
        if self._rows and float((np.array(self._rows) @ row).max()) > NEW:
            return "known view"
        self._rows.append(row)
        self._in_carts += [self._embedder.embed(seen, [box])[0] for seen in as_in_carts(image, box)]
        if label is not None:
            self._labels[label] += 1
        return "taken"

    def enrolled(self, sku: str, name: str, *, tentative: bool = False) -> Enrolled:
        """What was learnt.

        Args:
            tentative: one view is enough for a product that is only to be suggested.

        Raises:
            GalleryError: too few views were taken; the message names the most frequent reason.
        """
        fewest = 1 if tentative else FEWEST
        if len(self._rows) < fewest:
            why: Seen = next((s for s, _ in self.seen.most_common() if s not in ("taken", "known view")), "known view")
            raise GalleryError(
                f"only {len(self._rows)} usable views of {sku} (at least {fewest} are needed); "
                f"most often: {why}: {ADVICE[why]}"
            )
        whole = sum(self._labels.values())
        labels = tuple(sorted(label for label, n in self._labels.items() if n >= LABEL_SHARE * whole))
        rows = prototypes(np.array(self._rows + self._in_carts))
        return Enrolled(sku=sku, name=name, labels=labels, prototypes=rows, tentative=tentative)


def prototypes(rows: Floats) -> Floats:
    """At most ``MAX_PROTOTYPES`` unit vectors that represent these, by spherical k-means from far-apart starts."""
    count = min(MAX_PROTOTYPES, len(rows))
    centres = [rows[0]]
    while len(centres) < count:
        centres.append(rows[int((rows @ np.array(centres).T).max(1).argmin())])
    middle = np.array(centres, np.float32)
    for _ in range(ROUNDS):
        owner = (rows @ middle.T).argmax(1)
        sums = np.array([rows[owner == k].sum(0) if (owner == k).any() else middle[k] for k in range(count)])
        middle = np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)
    return middle


def _one_of(items: Sequence[Detection], hands: Sequence[Box]) -> tuple[Box | None, str | None, Seen]:
    """The one item that is shown: the one at a hand, or the largest; None if two are shown alike."""
    if not items:
        return None, None, "no item"
    held = [d for d in items if any(d.box.overlap(hand) > 0 for hand in hands)] or list(items)
    first = max(held, key=lambda d: d.box.area * d.confidence)
    for other in held:
        apart = other.box.overlap(first.box) < SAME_THING * min(other.box.area, first.box.area)
        if other is not first and apart and other.confidence >= RIVAL and other.box.area > RIVAL * first.box.area:
            return first.box, None, "two items"
    return first.box, first.label, "taken"

"""The best crops of each item on a visit, from which it can be named later.

A crop is good if it is large, sharp and hardly covered by hands. The ``KEPT`` best of each track are embedded, a few
crops a frame and no two within ``APART`` seconds, so that a visit costs little and its best moments decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.gallery.embedder import Embedder
from smartcart.edge.gallery.gallery_file import Floats
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

KEPT: Final = 8
CROPS_A_FRAME: Final = 2
APART: Final = 0.15
LEAST_PIXELS: Final = 24
MOST_COVERED: Final = 0.6
SHARP_SIDE: Final = 64
REMEMBERED_SECONDS: Final = 600.0
MOST_TRACKS: Final = 400


@dataclass(slots=True)
class _Sights:
    """One track's (quality, embedding) pairs, best first, and when it was last embedded."""

    last: float
    best: list[tuple[float, Floats]] = field(default_factory=list)

    def worth(self, quality: float) -> bool:
        return len(self.best) < KEPT or quality > 1.1 * self.best[-1][0]

    def keep(self, quality: float, row: Floats) -> None:
        self.best = sorted([*self.best, (quality, row)], key=lambda pair: -pair[0])[:KEPT]


class Sightings:
    """Takes every frame's tracks, and returns what it kept of each."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._of: dict[int, _Sights] = {}

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Embeds the crops of this frame that are better than those kept."""
        hands = [track.box for track in tracks if track.is_hand]
        chosen: list[tuple[float, float, Track]] = []
        for track in tracks:
            kept = self._of.get(track.id)
            if track.is_hand or not track.seen or (kept is not None and frame.time - kept.last < APART):
                continue
            quality = quality_of(frame.image, track.box, hands)
            if quality > 0 and (kept is None or kept.worth(quality)):
                chosen.append((quality / (1 + len(kept.best) if kept else 1), quality, track))
        chosen = sorted(chosen, key=lambda one: -one[0])[:CROPS_A_FRAME]
        if not chosen:
            return
        boxes = [track.box for *_, track in chosen]
        rows = self._embedder.embed(frame.image, boxes)
        for (_, quality, track), row in zip(chosen, rows, strict=True):
            kept = self._of.setdefault(track.id, _Sights(last=frame.time))
            kept.last = frame.time
            kept.keep(quality, row)
        self._forget(frame.time)

    def embeddings(self, tracks: Sequence[int]) -> Floats:
        """The best of these tracks, ``[N, width]``, at most ``KEPT``."""
        best = sorted((one for track in tracks if track in self._of for one in self._of[track].best), key=_first)
        return np.array([row for _, row in best[:KEPT]], np.float32)

    def _forget(self, now: float) -> None:
        if len(self._of) > MOST_TRACKS:
            self._of = {i: kept for i, kept in self._of.items() if now - kept.last < REMEMBERED_SECONDS}
        while len(self._of) > 2 * MOST_TRACKS:
            del self._of[min(self._of, key=lambda i: self._of[i].last)]


def _first(pair: tuple[float, Floats]) -> float:
    return -pair[0]


def quality_of(image: Image, box: Box, hands: Sequence[Box]) -> float:
    """How informative a crop is, from 0: its size and sharpness, less the part that a hand covers."""
    height, width = image.shape[:2]
    side = min(box.width * width, box.height * height)
    if side < LEAST_PIXELS:
        return 0.0
    covered = min(1.0, max((box.overlap(hand) for hand in hands), default=0.0) / max(box.area, 1e-9))
    if covered > MOST_COVERED:
        return 0.0
    return float(min(side, 160.0) / 160 * (1 - covered) * sharpness(image, box))


def sharpness(image: Image, box: Box) -> float:
    """From 0 (blurred) towards 1: the strength of the finest edges in a box, independent of its size."""
    height, width = image.shape[:2]
    cut = image[int(box.y1 * height) : int(box.y2 * height) + 1, int(box.x1 * width) : int(box.x2 * width) + 1]
    grey = cv2.cvtColor(np.ascontiguousarray(cut), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SHARP_SIDE, SHARP_SIDE), interpolation=cv2.INTER_AREA)
    edges = float(cv2.Laplacian(small, cv2.CV_32F).var())
    return edges / (edges + 200.0)

"""The witness of change: keeps small pictures of the zone, and compares its looks before and after a visit.

*Before* is the median of the last quiet second before the hand, *after* that of the visit's last frames. It reports
nothing while a part of the zone moves.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.judge.change import Change, ChangedPlace, Kind
from smartcart.edge.judge.comparison import Mask, Spot, alike, differing, polarity, relit, spots
from smartcart.edge.judge.settings import WITNESS
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A place's looks without an item and with it."""

    mask: Mask
    without: Image
    with_it: Image


class ChangeWitness:
    """Fills the port of a witness of change; feed it every frame, before the judge."""

    def __init__(self, zone: Zone) -> None:
        corners = np.array(zone.polygon)
        low, high = corners.min(axis=0), corners.max(axis=0)
        self._low = np.clip(low - WITNESS.margin * (high - low), 0, 1)
        self._high = np.clip(high + WITNESS.margin * (high - low), 0, 1)
        self._corners = corners
        self._zone: Mask = np.zeros((0, 0), np.uint8)
        self._recent: deque[tuple[float, Image]] = deque()
        self._newest: float | None = None
        self._before: Image | None = None
        self._layers: deque[_Layer] = deque(maxlen=WITNESS.layers)

    def see(self, frame: Frame) -> None:
        """Keeps the zone of a frame, if it is due."""
        view = self.view(frame)
        if view is not None:
            self.keep(frame.time, view)

    def view(self, frame: Frame) -> Image | None:
        """A small picture of the zone, for some ten frames a second; None for the others."""
        if self._newest is not None and 0 <= frame.time - self._newest < WITNESS.every:
            return None
        self._newest = frame.time
        return self._small(frame.image)

    def keep(self, time: float, view: Image) -> None:
        """Keeps a small picture; ``time`` is its media time in seconds."""
        if self._zone.shape != view.shape[:2]:
            self._resized(view.shape[1], view.shape[0])
        self._recent.append((time, view))
        while time - self._recent[0][0] > WITNESS.kept:
            self._recent.popleft()

    def began(self, time: float) -> None:
        self._before = self._still(time - WITNESS.coming - WITNESS.quiet, time - WITNESS.coming)

    def change(self, since: float, time: float, hands: Sequence[Box]) -> Change | None:
        after = self._still(max(since, time - WITNESS.latest), time)
        if self._before is None or after is None or self._moves(after):
            return None
        then = relit(self._before, after)
        mask = differing(then, after, self._zone)
        found = spots(mask)
        reached = self._drawn(hands)
        near = [spot for spot in found if int((spot.mask * reached).sum()) >= WITNESS.hand_at * spot.area]
        calm = (1 - mask) * self._zone
        signs = [polarity(then, after, spot.mask, calm) + self._as_before(after, spot) for spot in near]
        kinds = _kinds(near, signs, np.clip(then, 0, 255).astype(np.uint8), after)
        self._learn(near, kinds, after)
        whole = max(int(self._zone.sum()), 1)
        places = [
            ChangedPlace(box=self._box(spot), kind=kind, share=round(spot.area / whole, 4))
            for spot, kind in zip(near, kinds, strict=True)
        ]
        return Change(share=round(int(mask.sum()) / whole, 4), places=tuple(places))

    # --- pictures ---

    def _small(self, image: Image) -> Image:
        height, width = image.shape[:2]
        x1, y1 = np.floor(self._low * (width, height)).astype(int)
        x2, y2 = np.maximum(np.ceil(self._high * (width, height)).astype(int), (x1 + 1, y1 + 1))
        part = image[y1:y2, x1:x2]
        scale = min(1.0, WITNESS.side / max(part.shape[:2]))
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _resized(self, width: int, height: int) -> None:
        """The picture has another size than before: the kept ones are of no use."""
        self._recent.clear()
        self._layers.clear()
        self._before = None
        self._zone = np.zeros((height, width), np.uint8)
        cv2.fillPoly(self._zone, [np.round(self._pixels(self._corners)).astype(np.int32)], (1.0,))

    def _still(self, since: float, until: float) -> Image | None:
        """The median picture of a period; None if there are too few pictures."""
        taken = [image for time, image in self._recent if since <= time <= until]
        if len(taken) < WITNESS.least:
            return None
        few = [taken[i] for i in np.linspace(0, len(taken) - 1, min(WITNESS.most, len(taken))).round().astype(int)]
        return np.asarray(np.sort(np.stack(few), axis=0)[len(few) // 2])

    def _moves(self, still: Image) -> bool:
        """True if the newest picture shows that part of the zone moves."""
        newest = self._recent[-1][1].astype(np.float32)
        return int(differing(newest, still, self._zone).sum()) > WITNESS.moving * int(self._zone.sum())

    # --- places ---

    def _as_before(self, after: Image, spot: Spot) -> float:
        """In [-1, 1], near 1 if a place looks as it once did with an item in it, near -1 as it did without."""
        known = next((layer for layer in reversed(self._layers) if _same_place(layer.mask, spot.mask)), None)
        if known is None:
            return 0.0
        inside = spot.mask > 0
        off = [
            float(np.abs(relit(image, after) - after)[inside].mean()) + 1.0 for image in (known.without, known.with_it)
        ]
        return (off[0] - off[1]) / (off[0] + off[1])

    def _learn(self, near: Sequence[Spot], kinds: Sequence[Kind | None], after: Image) -> None:
        assert self._before is not None
        for spot, kind in zip(near, kinds, strict=True):
            if kind == "added":
                self._layers.append(_Layer(mask=spot.mask, without=self._before, with_it=after))
            elif kind == "removed":
                self._layers.append(_Layer(mask=spot.mask, without=after, with_it=self._before))

    def _drawn(self, boxes: Sequence[Box]) -> Mask:
        """Places that hands could reach: their boxes, a tenth larger."""
        drawn = np.zeros_like(self._zone)
        ends = np.array(boxes, float).reshape(-1, 2, 2)
        wider = ends + WITNESS.reach * (ends - ends[:, ::-1])
        corners = self._pixels(wider.reshape(-1, 2)).reshape(-1, 4)
        for x1, y1, x2, y2 in np.round(corners).astype(int).tolist():
            cv2.rectangle(drawn, (x1, y1), (x2, y2), (1.0,), cv2.FILLED)
        return drawn

    def _pixels(self, points: Points) -> Points:
        """Points of the picture (x, y in shares of it) in pixels of the kept picture."""
        return np.asarray((points - self._low) / (self._high - self._low) * self._zone.shape[::-1])

    def _box(self, spot: Spot) -> Box:
        x, y, width, height = cv2.boundingRect(spot.mask)
        ends = np.array([(x, y), (x + width, y + height)]) / self._zone.shape[::-1]
        return Box(*np.clip(self._low + ends * (self._high - self._low), 0, 1).round(4).ravel().tolist())


def _kinds(near: Sequence[Spot], signs: Sequence[float], then: Image, now: Image) -> list[Kind | None]:
    """The result for each place; an item gone from one and standing at another has moved."""
    kinds: list[Kind | None] = [
        "added" if s >= WITNESS.clear else "removed" if s <= -WITNESS.clear else None for s in signs
    ]
    for i, gone in enumerate(near):
        for j, come in enumerate(near):
            if kinds[i] == "removed" and kinds[j] == "added" and _same_thing(gone, come, then, now):
                kinds[i] = kinds[j] = "moved"
    return kinds


def _same_thing(gone: Spot, come: Spot, then: Image, now: Image) -> bool:
    size = min(gone.area, come.area) / max(gone.area, come.area)
    return size >= WITNESS.same_size and alike(then, gone.mask, now, come.mask) >= WITNESS.same_thing


def _same_place(a: Mask, b: Mask) -> bool:
    return bool(int((a & b).sum()) >= WITNESS.same_place * int((a | b).sum()))

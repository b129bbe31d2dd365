"""The judge's belief of the basket's contents: one entry an item, kept through occlusion and lost tracks."""

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from smartcart.edge.judge.outcome import Grounds
from smartcart.edge.judge.settings import HISTORY, INVENTORY
from smartcart.edge.judge.track_history import TrackHistory, drift, likeness
from smartcart.edge.vision.detection import Box

NO_TRACK: Final = 0  # tracks are numbered from 1


@dataclass(slots=True)
class Missing:
    """An item missing from its place at the end of a visit, without having been seen to leave.

    ``time`` is that end in seconds; ``touched`` is whether a hand was at it, ``support`` how steadily it was seen
    before; ``unseen`` are the quiet seconds since in which it did not come back.
    """

    time: float
    touched: bool
    support: float
    covered: float
    story: Grounds
    unseen: float = 0.0


@dataclass(slots=True)
class Resting:
    """One item at its place.

    ``support`` in [0, 1] is how steadily it is seen while nobody reaches in; ``touched`` counts the frames of this
    visit in which a hand overlapped it; ``hidden`` marks an item that is there though out of sight, ``missing`` one of
    which that is open; ``reported`` is the class under which it was reported as added, if it was.
    """

    box: Box
    votes: dict[str, float]
    track: int
    since: float
    seen: float
    support: float = 1.0
    touched: int = 0
    hidden: bool = False
    missing: Missing | None = None
    reported: str | None = None
    _lately: deque[tuple[float, float]] = field(default_factory=deque)

    @property
    def label(self) -> str:
        return max(self.votes, key=lambda label: self.votes[label])

    def copy(self) -> "Resting":
        """A copy of the item as a separate entry."""
        missing = replace(self.missing) if self.missing else None
        return replace(self, votes=dict(self.votes), missing=missing, _lately=deque(self._lately))

    def is_at(self, box: Box) -> bool:
        """True if a box is at this item's place: over it, a part of it, or the whole of an item seen in part."""
        shared = self.box.overlap(box)
        if self.box.iou(box) >= INVENTORY.same_place or shared > INVENTORY.within * box.area:
            return True
        return shared > INVENTORY.within * self.box.area and box.area < INVENTORY.much_larger * self.box.area

    def steady(self, time: float, rate: float) -> None:
        """Updates the support after a quiet moment in which it was seen or not."""
        self._lately.append((time, self.support))
        while time - self._lately[0][0] > INVENTORY.reaching:
            self._lately.popleft()
        self.support += rate * ((1.0 if self.seen == time else 0.0) - self.support)

    def reached_for(self) -> None:
        """A visit begins: in the last moments before it, the approaching hand may have hidden the item."""
        self.touched = 0
        self.support = self._lately[0][1] if self._lately else self.support

    def lost_before(self, path: TrackHistory) -> bool:
        """True if it was in sight until just before the other was first seen."""
        return not self.hidden and 0 <= path.track.first - self.seen <= INVENTORY.displaced_within

    def could_roll(self, path: TrackHistory) -> bool:
        """True if it could have moved to where the other was first seen, since it was last seen itself."""
        (x, y), (px, py) = self.box.centre, path.track.origin.centre
        return math.hypot(px - x, py - y) <= INVENTORY.rolling * (path.track.first - self.seen)

    def see(self, path: TrackHistory, gain: Mapping[str, float]) -> None:
        """Takes an observation of the item at rest, with the votes that its track won since the last one."""
        self.box, self.track, self.seen = path.track.box, path.track.id, path.last
        self.hidden, self.missing = False, None
        for label, votes in gain.items():
            self.votes[label] = self.votes.get(label, 0.0) + votes


@dataclass(slots=True)
class Inventory:
    """All items believed to be in the basket."""

    items: list[Resting] = field(default_factory=list)

    def copy(self) -> "Inventory":
        """An inventory with its own entries, which can change while these stay."""
        return Inventory(items=[item.copy() for item in self.items])

    def find(self, path: TrackHistory) -> Resting | None:
        """The entry of a resting item's track history.

        It has the same track; otherwise it is the best at the same place that is not in sight itself.
        """
        track = path.track
        for item in self.items:
            if item.track == track.id:
                return item
        here = [item for item in self.items if item.seen < path.last and item.is_at(track.box)]
        alike = [item for item in here if likeness(item.votes, track.votes) >= INVENTORY.unlike]
        return max(alike, key=lambda item: (item.label == track.label, item.box.iou(track.box)), default=None)

    def displaced(self, path: TrackHistory) -> Resting | None:
        """The entry that may explain something that comes into sight without a hand.

        It is similar, and was just pushed aside or rolled away or, if this one was not seen to come in, was out of
        sight.
        """
        alike = [i for i in self.items if likeness(i.votes, path.track.votes) >= HISTORY.alike]
        begin = path.track.origin
        pushed = [i for i in alike if i.lost_before(path) and drift(i.box, begin) <= INVENTORY.near]
        rolled = [i for i in alike if i.hidden or (i.lost_before(path) and i.could_roll(path))]
        return min(pushed or ([] if path.carried else rolled), key=lambda i: drift(i.box, begin), default=None)

    def add(self, path: TrackHistory) -> Resting:
        item = Resting(
            box=path.track.box,
            votes=dict(path.track.votes),
            track=path.track.id,
            since=path.rests_since or path.last,
            seen=path.last,
        )
        self.items.append(item)
        return item

    def release(self, track: int) -> None:
        """Removes this track from all entries: it belongs to another item."""
        for item in self.items:
            if item.track == track:
                item.track = NO_TRACK

    def count(self) -> dict[str, int]:
        """Number of items of each class believed to be in the basket."""
        return dict(sorted(Counter(item.label for item in self.items).items()))

    def remove(self, item: Resting) -> None:
        self.items.remove(item)

    def fade(self, time: float, elapsed: float) -> None:
        """Updates the support of the entries; drops those that were seen only briefly, long ago."""
        rate = min(1.0, INVENTORY.support_rate * elapsed)
        for item in self.items:
            item.steady(time, rate)
        self.items = [
            i
            for i in self.items
            if i.hidden or time - i.seen < INVENTORY.phantom_after or i.seen - i.since > INVENTORY.sure_after
        ]

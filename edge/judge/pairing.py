"""Matches the items in the basket after a visit with those before it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from smartcart.edge.judge.inventory import Resting
from smartcart.edge.judge.settings import HISTORY, INVENTORY, PAIRING
from smartcart.edge.judge.track_history import TrackHistory, likeness, vote_gain
from smartcart.edge.judge.trajectory import Trajectory
from smartcart.edge.judge.visit import Visit


def thread_of(item: Resting, threads: Sequence[Trajectory]) -> Trajectory | None:
    """The trajectory of a known item's track."""
    return next((thread for thread in threads if item.track in thread.tracks), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One visit's pairing.

    ``items`` are known from before, ``present`` are those of ``threads`` that stand there after; ``time`` is the media
    time of the end of the visit in seconds.
    """

    visit: Visit
    items: Sequence[Resting]
    threads: Sequence[Trajectory]
    present: Sequence[Trajectory]
    time: float

    def settle(self) -> tuple[list[Trajectory], list[Resting]]:
        """Gives each known item at most one partner, with the largest sum of fits, and updates the item.

        Returns the new and the missing items.
        """
        if not self.items or not self.present:
            return list(self.present), list(self.items)
        fit = self._fits()
        rows, columns = linear_sum_assignment(-fit)
        pairs = [(r, c) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if fit[r, c] >= PAIRING.least]
        for row, column in pairs:
            path = self.present[column].end
            self.items[row].see(path, self._gain(path))
        known, found = {r for r, _ in pairs}, {c for _, c in pairs}
        return (
            [thread for c, thread in enumerate(self.present) if c not in found],
            [item for r, item in enumerate(self.items) if r not in known],
        )

    def freed(self, thread: Trajectory) -> Trajectory:
        """Another item under the same track: only what was seen since it rests counts as its own."""
        path = copy(thread.end)
        gain = self._gain(path)
        seen = max(1, round(self.visit.seen_share(path.track.id) * self.visit.tail))
        since = self.visit.quiet_since or path.track.first
        path.track = replace(path.track, votes=gain or path.track.votes, hits=seen, first=since, origin=path.track.box)
        return Trajectory(paths=(path,))

    def _fits(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        tracks = {item.track for item in self.items}
        own = [self.freed(thread) if thread.end.track.id in tracks else thread for thread in self.present]
        choice = list(zip(self.present, own, strict=True))
        return np.array(
            [[self._fit(i, t if i.track in t.tracks else alone) for t, alone in choice] for i in self.items]
        )

    def _gain(self, path: TrackHistory) -> dict[str, float]:
        return vote_gain(path.track.votes, self.visit.votes_at_rest.get(path.track.id, {}))

    def _fit(self, item: Resting, thread: Trajectory) -> float:
        """How well an item seen afterwards fits a known one; below ``least`` they are different."""
        path, life = thread.end, thread_of(item, self.threads)
        same_track = item.track == path.track.id
        alike = likeness(item.votes, self._gain(path) if same_track else thread.votes)
        if same_track and path.rests_since is not None and path.rests_since <= self.visit.start:
            stands = alike >= INVENTORY.unlike or item.box.iou(path.track.box) >= PAIRING.stands
            return 5.0 if stands else 0.0  # else what was put before it has its track now
        gone = life is not None and life.end.gone_out(self.time) is not None
        if not gone and alike >= HISTORY.alike and item.box.iou(path.track.box) >= PAIRING.unmoved:
            return 4.5  # it did not move; a passing hand may have taken its track along
        if item.track in thread.tracks:
            return 4.0 if alike >= INVENTORY.unlike else 0.0
        taken_up = item.touched > 0 and life is not None and self._taken_up(life, thread)
        if gone or (self.visit.came_in(thread) and not taken_up):
            return 0.0
        if item.is_at(path.track.box):
            return 1.0 + item.box.iou(path.track.box) + alike if alike >= INVENTORY.unlike or item.touched == 0 else 0.0
        return self._moved(item, thread, alike)

    def _taken_up(self, life: Trajectory, thread: Trajectory) -> bool:
        """True if an item that came in may be one lost from sight earlier, in a hand that had been there a while."""
        first = thread.begin.track.first
        return life.end.last < first and self.visit.hands_before(first)

    def _moved(self, item: Resting, thread: Trajectory, alike: float) -> float:
        """How well an item seen elsewhere fits the known one."""
        if self.visit.seen_share(item.track) >= PAIRING.glimpsed:
            return 0.0  # it is still seen at its old place
        if item.missing is not None and item.missing.touched:
            return 0.0  # a hand took it from its place on an earlier visit
        could = item.touched > 0 or item.missing is not None or thread.brought or thread.travelled
        if not could or alike < HISTORY.alike:
            return 0.0
        (x, y), (px, py) = item.box.centre, thread.end.track.box.centre
        return alike * item.support - PAIRING.farther * float(np.hypot(x - px, y - py))

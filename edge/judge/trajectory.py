"""Trajectories: the tracks of one item, joined across the moments when it was lost from sight.

A hand hides the item it holds, so an item often goes through a visit under several tracks. If one track ends in motion
and another of that class begins soon after and near enough, they are one item; each track has at most one successor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from smartcart.edge.judge.settings import HISTORY, JOIN
from smartcart.edge.judge.track_history import TrackHistory, likeness

NEVER: Final = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """The track histories of one item in order of time."""

    paths: tuple[TrackHistory, ...]

    @property
    def end(self) -> TrackHistory:
        return self.paths[-1]

    @property
    def begin(self) -> TrackHistory:
        return self.paths[0]

    @property
    def tracks(self) -> frozenset[int]:
        return frozenset(path.track.id for path in self.paths)

    @property
    def brought(self) -> bool:
        """True if a hand was at it when it came into sight, or while it moved."""
        return any(path.brought for path in self.paths)

    @property
    def held_frames(self) -> int:
        return sum(path.held_frames for path in self.paths)

    @property
    def held(self) -> float:
        """The last moment at which a hand was at it; 0 if none was."""
        return max((path.held or 0.0) for path in self.paths)

    @property
    def carried(self) -> bool:
        """True if it was seen to come into the basket from outside."""
        return self.begin.from_outside and (self.begin.travelled or len(self.paths) > 1)

    @property
    def travelled(self) -> bool:
        """True if it is not where it was first seen."""
        return any(path.travelled for path in self.paths)

    @property
    def moved(self) -> bool:
        return any(path.moved for path in self.paths)

    @property
    def hits(self) -> int:
        """The number of frames in which it was seen."""
        return sum(path.track.hits for path in self.paths)

    def trail(self, since: float) -> list[tuple[float, float, float]]:
        """Its positions (time, x, y) since a moment."""
        return [point for path in self.paths for point in path.trail if point[0] >= since]

    @property
    def votes(self) -> Mapping[str, float]:
        """Label to summed confidence."""
        votes: dict[str, float] = {}
        for path in self.paths:
            for label, vote in path.track.votes.items():
                votes[label] = votes.get(label, 0.0) + vote
        return votes


def join(paths: Sequence[TrackHistory], since: float) -> list[Trajectory]:
    """Joins track histories to trajectories.

    Args:
        paths: those of the visit's time.
        since: only a track first seen after this media time (s) can continue another one.
    """
    follower = _followers(paths, since)
    led = set(follower.values())
    threads = []
    for start in range(len(paths)):
        if start not in led:
            chain = [start]
            while chain[-1] in follower:
                chain.append(follower[chain[-1]])
            threads.append(Trajectory(paths=tuple(paths[i] for i in chain)))
    return threads


def _followers(paths: Sequence[TrackHistory], since: float) -> dict[int, int]:
    """Which track continues which, with the smallest sum of gaps in time and place."""
    born = [i for i, path in enumerate(paths) if path.track.first >= since]
    if not born:
        return {}
    cost = np.array([[_gap(path, paths[i]) for i in born] for path in paths])
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: born[column] for row, column in pairs if cost[row, column] < NEVER}


def _gap(lost: TrackHistory, found: TrackHistory) -> float:
    """How unlikely it is that an item continued under another track; ``NEVER`` if it is impossible."""
    elapsed = found.track.first - lost.last
    if found is lost or found.track.first <= lost.track.first or elapsed < -JOIN.doubled:
        return NEVER
    if found.last <= lost.last or likeness(lost.track.votes, found.track.votes) < HISTORY.alike:
        return NEVER
    (x, y), (px, py) = lost.track.box.centre, found.track.origin.centre
    way, elapsed = float(np.hypot(x - px, y - py)), max(elapsed, 0.0)
    in_the_air = elapsed <= JOIN.in_the_air and way <= JOIN.jump + JOIN.hand_speed * elapsed
    at_place = way <= 0.5 * (lost.track.box.width + lost.track.box.height) / 2
    return elapsed + way if in_the_air or at_place else NEVER

"""The account of a visit: what stands in the basket after it against what stood there before, and what passed the rim.

Conservation: what a visit changes is what was carried in less what was carried out. Every item known before and every
item seen after gets at most one partner; what is left over is explained by what was seen to come in, to go out, to be
covered or to be uncovered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from smartcart.edge.decision import Decision
from smartcart.edge.inventory import UNLIKE, Inventory, Resting
from smartcart.edge.outcome import AddEvidence, RemoveEvidence, decide
from smartcart.edge.path import Path, likeness, vote_gain
from smartcart.edge.visit import Visit

PRESENT: Final = 0.5
COVERED: Final = 0.5
ALIKE: Final = 0.5
LEAST_FIT: Final = 0.3
BORN_WITHIN: Final = 0.3
IN_THE_AIR: Final = 1.3
EARLY: Final = 1.0
DOUBLED: Final = 0.25


@dataclass(slots=True)
class Account:
    """One visit's account; ``paths`` are all paths of its time, ``time`` is the media time of the closing."""

    visit: Visit
    inventory: Inventory
    paths: Sequence[Path]
    time: float
    decisions: list[Decision] = field(default_factory=list)

    def settle(self) -> list[Decision]:
        """Brings the inventory up to date and returns the decisions in order of media time."""
        present = [p for p in self.paths if self.visit.seen_share(p.track.id) >= PRESENT]
        present.sort(key=lambda p: -p.track.hits)
        new, missing = self._paired(present)
        glimpsed = [p for p in self.paths if self.visit.seen_share(p.track.id) > 0]
        missing = [i for i in missing if not self._still_there(i, glimpsed)]
        comings = [p for p in self.paths if self._came_and_is_not_seen(p, present)]
        goings = [p for p in self.paths if self._went(p)]
        self._take_out(missing, goings, present)
        for path in new:
            self._put_in(path)
        for path in comings:
            self._put_in_unseen(path)
        for path in goings:
            self._taken_unseen(path)
        return sorted(self.decisions, key=lambda d: d.media_time)

    def late(self, path: Path) -> list[Decision]:
        """Decides on an item that came into sight only after its visit."""
        self._add(path, AddEvidence(carried=path.carried, brought=True, flew=False, touched=True, seen=0.5))
        self.inventory.add(path)
        return self.decisions

    # --- before against after ---

    def _paired(self, present: Sequence[Path]) -> tuple[list[Path], list[Resting]]:
        """Pairs known items with what is seen after; returns what is new and what is missing."""
        items = list(self.inventory.items)
        if not items or not present:
            return list(present), items
        fit = np.array([[self._fit(item, path) for path in present] for item in items])
        rows, columns = linear_sum_assignment(-fit)
        pairs = [(r, c) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if fit[r, c] >= LEAST_FIT]
        for row, column in pairs:
            items[row].see(present[column], self._gain(present[column]))
        known, found = {r for r, _ in pairs}, {c for _, c in pairs}
        return (
            [path for c, path in enumerate(present) if c not in found],
            [item for r, item in enumerate(items) if r not in known],
        )

    def _gain(self, path: Path) -> dict[str, float]:
        return vote_gain(path.track.votes, self.visit.votes_at_rest.get(path.track.id, {}))

    def _fit(self, item: Resting, path: Path) -> float:
        """How well what is seen after is the item known before; below ``LEAST_FIT`` it is not."""
        same_track, at_place = item.track == path.track.id, item.is_at(path.track.box)
        if same_track and path.rests_since is not None and path.rests_since <= self.visit.start:
            return 5.0
        alike = likeness(item.votes, self._gain(path) if same_track else path.track.votes)
        if same_track:
            return 4.0 if alike >= UNLIKE or not at_place else 0.0
        left = self._left(item)
        if left is not None or path.carried:
            handed = left is not None and -BORN_WITHIN <= path.track.first - left <= IN_THE_AIR
            return alike if handed and alike >= ALIKE else 0.0
        if at_place:
            return 1.0 + item.box.iou(path.track.box) + alike if alike >= UNLIKE or item.touched == 0 else 0.0
        (x, y), (px, py) = item.box.centre, path.track.box.centre
        moved = item.touched > 0 or path.brought or path.travelled
        return alike - 0.2 * float(np.hypot(x - px, y - py)) if moved and alike >= ALIKE else 0.0

    def _still_there(self, item: Resting, glimpsed: Sequence[Path]) -> bool:
        if item.seen >= self.visit.last_active:
            return True
        return any(item.is_at(p.track.box) and likeness(item.votes, p.track.votes) >= ALIKE for p in glimpsed)

    # --- over the rim ---

    def _in_visit(self, path: Path) -> bool:
        """Whether it came into sight, or over the rim, on this visit."""
        return max(path.track.first, path.entered or 0.0) >= self.visit.start - BORN_WITHIN

    def _came_and_is_not_seen(self, path: Path, present: Sequence[Path]) -> bool:
        """Whether a hand brought it from outside, and it was lost from sight within the basket."""
        inside = path.carried and self._in_visit(path) and path.gone_out(self.time) is None
        return inside and path.held is not None and path not in present and self._next_of(path) is None

    def _next_of(self, lost: Path) -> Path | None:
        """The path under which a thing that was lost from sight on its way went on."""
        later = [
            p
            for p in self.paths
            if p is not lost
            and p.track.first >= lost.last - DOUBLED
            and likeness(p.track.votes, lost.track.votes) >= ALIKE
        ]
        return min(later, key=lambda p: p.track.first, default=None)

    def _went(self, path: Path) -> bool:
        """Whether it was first seen in the basket on this visit, in a hand, and went out with it."""
        out = path.gone_out(self.time)
        first_inside = not path.from_outside and self._in_visit(path)
        return first_inside and path.brought and out is not None and path.travelled

    def _left(self, item: Resting) -> float | None:
        """When an item's track crossed out of the zone, if it was seen to."""
        path = next((p for p in self.paths if p.track.id == item.track), None)
        return path.gone_out(self.time) if path and path.last >= self.visit.start else None

    def _brought_as(self, path: Path) -> Path | None:
        """The path under which a hand brought this thing, if it was lost from sight on its way."""
        before = (p for p in self.paths if p is not path and p.brought and p.track.first >= self.visit.start - EARLY)
        return next((p for p in before if self._next_of(p) is path), None)

    # --- what became of what ---

    def _take_out(self, missing: Sequence[Resting], goings: list[Path], present: Sequence[Path]) -> None:
        for item in missing:
            left = self._left(item)
            if left is None:
                left = self._left_otherwise(item, goings)
            over = [p for p in present if p.track.box.overlap(item.box) / max(item.box.area, 1e-9) >= COVERED]
            if left is None and over:
                item.hidden = True
                continue
            evidence = RemoveEvidence(left=left is not None, touched=item.touched > 0, support=item.support)
            decision = decide(
                "removed",
                evidence,
                votes=item.votes,
                time=left if left is not None else self.visit.last_active,
                box=item.box,
                track=item.track,
                visit=(self.visit.start, self.visit.last_active),
            )
            if decision is not None:
                self.inventory.remove(item)
                self.decisions.append(decision)

    def _left_otherwise(self, item: Resting, goings: list[Path]) -> float | None:
        """When it went out under another track."""
        same = [g for g in goings if likeness(g.track.votes, item.votes) >= ALIKE and item.touched > 0]
        if not same:
            return None
        path = max(same, key=lambda g: g.track.origin.iou(item.box))
        goings.remove(path)
        return path.gone_out(self.time)

    def _put_in(self, path: Path) -> None:
        before = self._brought_as(path)
        evidence = AddEvidence(
            carried=path.carried or (before is not None and before.from_outside),
            brought=path.brought or before is not None,
            flew=path.travelled and not path.brought,
            touched=self.visit.touched(path.track.box),
            seen=self.visit.seen_share(path.track.id),
        )
        self._add(path, evidence)
        self.inventory.add(path)

    def _put_in_unseen(self, path: Path) -> None:
        """Carried in, and hidden where it lies: the hand was seen without it."""
        if self.visit.hands_after(path.last) >= 3:
            self._add(path, AddEvidence(carried=True, brought=True, flew=False, touched=True, seen=0.0))
            self.inventory.add(path).hidden = True

    def _taken_unseen(self, path: Path) -> None:
        """Taken out, though it was never seen at its place."""

    def _add(self, path: Path, evidence: AddEvidence) -> None:
        visit = self.visit
        released = max(path.rests_since or path.last, min(path.held or 0.0, visit.last_active))
        decision = decide(
            "added",
            evidence,
            votes=path.track.votes,
            time=released,
            box=path.track.box,
            track=path.track.id,
            visit=(visit.start, visit.last_active),
        )
        if decision is not None:
            self.decisions.append(decision)

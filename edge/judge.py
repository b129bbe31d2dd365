"""The judge: decides from tracks what was put in and taken out.

The unit is the *visit*: from the moment a hand (or an item that moves by itself) is in the basket zone until it has
been gone for a while. What stands in the basket after the visit is held against what stood there before. An item
that only changed its place is no event; one that another item covers is remembered as hidden; what the evidence does
not settle becomes *uncertain*. Line crossing is evidence, never the decision: a flickering box cannot count twice.

Pure: no clock, no I/O; the same tracks give the same decisions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smartcart.edge.decision import Decision
from smartcart.edge.detection import Box
from smartcart.edge.inventory import Inventory, Resting
from smartcart.edge.outcome import AddEvidence, RemoveEvidence, decide
from smartcart.edge.path import Path, vote_gain
from smartcart.edge.tracker import Track
from smartcart.edge.zone import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """Times in seconds, shares in [0, 1].

    ``settle`` is how long, and ``least_tail`` how many frames, the zone must be quiet before a visit is judged;
    ``start`` is how long at the beginning everything at rest is taken for part of the basket, ``adopt_after`` how long
    something must rest later to be taken for that without a visit; ``late`` how long after a visit an item that comes
    into sight where a hand has been still belongs to that visit.
    """

    hand_share: float = 0.2
    settle: float = 0.7
    rest: float = 0.3
    present_share: float = 0.5
    cover_share: float = 0.5
    start: float = 1.0
    least_tail: int = 3
    adopt_after: float = 1.0
    late: float = 3.0
    forget_path_after: float = 3.0


@dataclass(slots=True)
class Visit:
    """A visit under way. ``tail`` counts the quiet frames since ``last_active``, ``sights`` those of each track."""

    start: float
    last_active: float
    quiet_since: float | None = None
    tail: int = 0
    sights: dict[int, int] = field(default_factory=dict)
    votes_at_rest: dict[int, dict[str, float]] = field(default_factory=dict)
    reached: list[Box] = field(default_factory=list)

    def active(self, time: float, hands: Sequence[Track]) -> None:
        self.last_active = time
        self.quiet_since = None
        self.tail = 0
        self.sights.clear()
        self.votes_at_rest.clear()
        self.reached += [hand.box for hand in hands]

    def seen_share(self, track: int) -> float:
        return self.sights.get(track, 0) / self.tail if self.tail else 0.0


class Judge:
    """Decides for one camera; feed it every frame's tracks in order of media time."""

    def __init__(self, zone: Zone, settings: JudgeSettings | None = None) -> None:
        self._zone = zone
        self._settings = settings or JudgeSettings()
        self._inventory = Inventory()
        self._paths: dict[int, Path] = {}
        self._visit: Visit | None = None
        self._last_visit: Visit | None = None
        self._time: float | None = None
        self._began = 0.0

    @property
    def visit_since(self) -> float | None:
        """Start of the visit under way (media time, s), or None."""
        return self._visit.start if self._visit else None

    @property
    def contents(self) -> Sequence[Resting]:
        """The items believed in the basket."""
        return tuple(self._inventory.items)

    def update(self, time: float, tracks: Sequence[Track]) -> list[Decision]:
        """Takes one frame's tracks and returns what is decided at it, usually nothing."""
        if self._time is None:
            self._began = time
        elapsed = time - self._time if self._time is not None else 0.0
        self._time = time
        hands = [t for t in tracks if t.is_hand and t.seen and self._zone.share(t.box) >= self._settings.hand_share]
        self._follow(time, [t for t in tracks if not t.is_hand and t.seen], [t for t in tracks if t.is_hand])
        if hands or self._something_moves(time):
            self._touch(time, hands)
            return []
        return self._quiet(time, elapsed)

    def finish(self) -> list[Decision]:
        """Decides an open visit with what was seen so far; call it when the video ends.

        While a hand is still in, nothing is: what it hides would pass for taken.
        """
        if self._visit is None or self._time is None or self._visit.tail < self._settings.least_tail:
            return []
        return self._close(self._visit, self._time)

    # --- one frame ---

    def _follow(self, time: float, items: Sequence[Track], hands: Sequence[Track]) -> None:
        for track in items:
            share = self._zone.share(track.box)
            path = self._paths.get(track.id)
            if path is None:
                path = self._paths[track.id] = Path.start(track, share)
            path.see(time, track, share, any(_holds(hand.box, track.box) for hand in hands))
        forget = self._settings.forget_path_after
        keep_since = self._visit.start if self._visit else time
        self._paths = {i: p for i, p in self._paths.items() if p.last >= min(keep_since, time) - forget}

    def _something_moves(self, time: float) -> bool:
        return any(p.last == time and p.moving and p.share > 0.2 for p in self._paths.values())

    def _touch(self, time: float, hands: Sequence[Track]) -> None:
        if self._visit is None:
            self._visit = Visit(start=time, last_active=time)
            for item in self._inventory.items:
                item.touched = 0
        self._visit.active(time, hands)
        for item in self._inventory.items:
            item.touched += any(_reaches(hand.box, item.box) for hand in hands)

    def _quiet(self, time: float, elapsed: float) -> list[Decision]:
        resting = [p for p in self._paths.values() if p.last == time and p.inside and self._rests(p, time)]
        if self._visit is None:
            return self._keep_inventory(time, elapsed, resting)
        if self._visit.quiet_since is None:
            self._visit.quiet_since = time
        self._visit.tail += 1
        for path in resting:
            track = path.track
            self._visit.sights[track.id] = self._visit.sights.get(track.id, 0) + 1
            self._visit.votes_at_rest.setdefault(track.id, dict(track.votes))
        settled = time - self._visit.quiet_since >= self._settings.settle
        if not settled or self._visit.tail < self._settings.least_tail:
            return []
        return self._close(self._visit, time)

    def _rests(self, path: Path, time: float) -> bool:
        return path.rests_since is not None and time - path.rests_since >= self._settings.rest

    # --- between visits ---

    def _keep_inventory(self, time: float, elapsed: float, resting: Sequence[Path]) -> list[Decision]:
        decisions: list[Decision] = []
        for path in resting:
            item = self._inventory.find(path)
            if item is not None:
                item.see(path, {path.track.label: path.track.confidence})
            elif time - self._began < self._settings.start:
                self._inventory.add(path)
            elif path.rests_since is not None and time - path.rests_since >= self._settings.adopt_after:
                decisions += self._late(time, path)
                self._inventory.add(path)
        self._inventory.fade(time, elapsed)
        return decisions

    def _late(self, time: float, path: Path) -> list[Decision]:
        """An item that comes into sight after the visit in which a hand was at its place."""
        visit = self._last_visit
        if visit is None or time - visit.last_active > self._settings.late:
            return []
        touched = any(_reaches(hand, path.track.box) for hand in visit.reached)
        return self._added(visit, path, seen=0.5, brought=touched) if touched else []

    # --- the end of a visit ---

    def _close(self, visit: Visit, time: float) -> list[Decision]:
        self._visit, self._last_visit = None, visit
        present = [p for p in self._paths.values() if visit.seen_share(p.track.id) >= self._settings.present_share]
        glimpsed = [p for p in self._paths.values() if visit.seen_share(p.track.id) > 0]
        new = self._match_unmoved(visit, present)
        missing = [
            i for i in self._inventory.items if i.seen < visit.last_active and not self._still_there(i, glimpsed)
        ]
        new, missing = self._match_moved(time, new, missing)
        decisions = [d for item in missing for d in self._missing(visit, time, item, present)]
        for path in new:
            decisions += self._added(visit, path, seen=visit.seen_share(path.track.id), brought=path.brought)
            self._inventory.add(path)
        return sorted(decisions, key=lambda d: d.media_time)

    def _match_unmoved(self, visit: Visit, present: Sequence[Path]) -> list[Path]:
        """Gives each known item its path; returns the paths of what is new."""
        taken: set[int] = set()
        new: list[Path] = []
        for path in sorted(present, key=lambda p: -p.track.hits):
            item = self._inventory.find(path)
            gain = vote_gain(path.track.votes, visit.votes_at_rest.get(path.track.id, {}))
            stood_still = path.rests_since is not None and path.rests_since <= visit.start
            if item is None or (id(item) not in taken and not stood_still and _differs(gain, item)):
                new.append(path)
            elif id(item) in taken:
                if path.came_from_outside or path.entered is not None or not item.is_at(path.track.box):
                    new.append(path)
            else:
                taken.add(id(item))
                item.see(path, gain)
        return new

    def _still_there(self, item: Resting, glimpsed: Sequence[Path]) -> bool:
        return any(item.is_at(path.track.box) and path.track.label == item.label for path in glimpsed)

    def _match_moved(self, time: float, new: list[Path], missing: list[Resting]) -> tuple[list[Path], list[Resting]]:
        """Takes out pairs of a missing and a new item of one class: it changed its place, no more."""
        for item in list(missing):
            if self._left(item, time) is not None:
                continue
            same = [p for p in new if p.track.label == item.label and not p.came_from_outside]
            if same:
                path = max(same, key=lambda p: p.track.hits)
                item.see(path, {})
                new.remove(path)
                missing.remove(item)
        return new, missing

    def _missing(self, visit: Visit, time: float, item: Resting, present: Sequence[Path]) -> list[Decision]:
        left = self._left(item, time)
        covered = any(
            p.track.box.overlap(item.box) / max(item.box.area, 1e-9) >= self._settings.cover_share for p in present
        )
        if left is None and covered:
            item.hidden = True
            return []
        evidence = RemoveEvidence(left=left is not None, touched=item.touched > 0, support=item.support)
        decision = decide(
            "removed",
            evidence,
            votes=item.votes,
            time=left if left is not None else visit.last_active,
            box=item.box,
            track=item.track,
            visit=(visit.start, visit.last_active),
        )
        if decision is None:
            return []
        self._inventory.remove(item)
        return [decision]

    def _left(self, item: Resting, time: float) -> float | None:
        """When an item's track crossed out of the zone, if it was seen to."""
        path = self._paths.get(item.track)
        return path.gone_out(time) if path else None

    def _added(self, visit: Visit, path: Path, *, seen: float, brought: bool) -> list[Decision]:
        released = max(path.rests_since or path.last, min(path.held or 0.0, visit.last_active))
        decision = decide(
            "added",
            AddEvidence(carried=path.came_from_outside or path.entered is not None, brought=brought, seen=seen),
            votes=path.track.votes,
            time=released,
            box=path.track.box,
            track=path.track.id,
            visit=(visit.start, visit.last_active),
        )
        return [decision] if decision else []


def _holds(hand: Box, item: Box) -> bool:
    """Whether a hand's box overlaps an item's by a tenth of the smaller one."""
    return hand.overlap(item) > 0.1 * min(hand.area, item.area)


def _reaches(hand: Box, item: Box) -> bool:
    """Whether a hand's box, a tenth larger, overlaps an item's."""
    dx, dy = 0.1 * hand.width, 0.1 * hand.height
    return Box(hand.x1 - dx, hand.y1 - dy, hand.x2 + dx, hand.y2 + dy).overlap(item) > 0


def _differs(votes: Mapping[str, float], item: Resting) -> bool:
    """Whether fresh votes speak clearly for another class than the item's."""
    if not votes:
        return False
    label = max(votes, key=lambda k: votes[k])
    share = votes[label] / sum(votes.values())
    known = item.votes[item.label] / sum(item.votes.values())
    return label != item.label and share > 0.6 and known > 0.6

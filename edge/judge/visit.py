"""A visit under way: its start, the hands in it, and the observations in the quiet frames after it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from smartcart.edge.judge.settings import VISIT
from smartcart.edge.judge.track_history import TrackHistory
from smartcart.edge.judge.trajectory import Trajectory
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box


@dataclass(slots=True)
class Visit:
    """A visit under way; times in seconds.

    ``looked_again``: it is over, and only kept open because something is uncertain. ``tail``: the quiet frames since
    ``last_active``; ``sights``: those in which each track was seen at rest, and ``seen_from`` the first of them.
    ``votes_at_rest``: a track's votes when the quiet began. ``reached``: places that hands reached; ``last_hands``: the
    last ones. ``from_start``: a hand was there when the camera began. ``decided``: something was reported during the
    visit; ``reported_out``: the tracks of the items reported as removed then.
    """

    start: float
    last_active: float
    quiet_since: float | None = None
    looked_again: bool = False
    tail: int = 0
    sights: dict[int, int] = field(default_factory=dict)
    seen_from: dict[int, int] = field(default_factory=dict)
    votes_at_rest: dict[int, dict[str, float]] = field(default_factory=dict)
    reached: list[Box] = field(default_factory=list)
    last_hands: list[Box] = field(default_factory=list)
    hand_frames: list[float] = field(default_factory=list)
    from_start: bool = False
    reported_out: set[int] = field(default_factory=set)
    decided: bool = False

    def active(self, time: float, hands: Sequence[Track]) -> None:
        """A frame in which a hand is in the basket or something moves there."""
        self.last_active = time
        self.quiet_since = None
        self.tail = 0
        self.sights.clear()
        self.seen_from.clear()
        self.votes_at_rest.clear()
        self.reached += [hand.box for hand in hands]
        if len(self.reached) > VISIT.most_places:
            del self.reached[::2]
        if hands:
            self.hand_frames.append(time)
            del self.hand_frames[: -VISIT.most_places]
            self.last_hands = [hand.box for hand in hands]

    def quiet(self, time: float, resting: Iterable[TrackHistory]) -> None:
        """A frame in which nothing happens; ``resting`` are the items at rest in the basket."""
        if self.quiet_since is None:
            self.quiet_since = time
        self.tail += 1
        for path in resting:
            track = path.track
            self.sights[track.id] = self.sights.get(track.id, 0) + 1
            self.seen_from.setdefault(track.id, self.tail)
            self.votes_at_rest.setdefault(track.id, dict(track.votes))

    def seen_share(self, track: int) -> float:
        """The share of the quiet frames since it was first seen in which a track was at rest.

        A track seen in fewer than a third of all quiet frames counts less.
        """
        sights = self.sights.get(track, 0)
        if not sights:
            return 0.0
        share = sights / (self.tail - self.seen_from[track] + 1)
        return min(share, 3 * sights / self.tail)

    def began(self, thread: Trajectory) -> bool:
        """True if an item came into sight on this visit."""
        return thread.begin.track.first >= self.start - VISIT.early

    def came_in(self, thread: Trajectory) -> bool:
        """True if it came from outside on this visit: in sight, or together with a hand that was not there before."""
        if not self.began(thread):
            return False
        first = thread.begin.track.first
        with_hand = thread.begin.brought and not self.hands_before(first)
        return thread.carried or (with_hand and (thread.travelled or thread.moved))

    @property
    def hands_at_start(self) -> Sequence[Box]:
        """Places of hands when the camera began: items hidden by them may have stood there."""
        return self.reached[:1] if self.from_start else ()

    def in_sight_at_start(self, thread: Trajectory) -> bool:
        """True if an item was in sight as early as the hand that was there when the camera began."""
        return self.from_start and thread.begin.track.first <= self.start + VISIT.at_start

    def hands_before(self, first: float) -> bool:
        """True if a hand was seen well before a moment, not just with it."""
        return any(first - VISIT.before_it <= t < first - VISIT.with_it for t in self.hand_frames)

    def touched(self, box: Box) -> bool:
        """True if a hand was at a place."""
        return any(reaches(hand, box) for hand in self.reached)

    def hand_stayed(self, since: float, span: float) -> bool:
        """True if a hand was seen repeatedly for a span of seconds from a moment on."""
        seen = [since, *(t for t in self.hand_frames if since < t < since + span), since + span]
        return all(b - a <= VISIT.longest_gap for a, b in pairwise(seen))

    def hands_after(self, time: float) -> int:
        """The number of frames in which a hand was seen later than a moment."""
        return sum(t > time for t in self.hand_frames)


def holds(hand: Box, item: Box) -> bool:
    """True if a hand's box overlaps an item's by a tenth of the smaller one."""
    return hand.overlap(item) > 0.1 * min(hand.area, item.area)


def reaches(hand: Box, item: Box) -> bool:
    """True if a hand's box, a tenth larger, overlaps an item's."""
    dx, dy = 0.1 * hand.width, 0.1 * hand.height
    return Box(hand.x1 - dx, hand.y1 - dy, hand.x2 + dx, hand.y2 + dy).overlap(item) > 0

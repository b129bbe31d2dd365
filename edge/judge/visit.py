"""A visit under way: since when, what hands did, and what is seen in the quiet frames after it."""

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

    ``looked_again`` says that it is over, and only kept open since something is uncertain;
    ``tail`` counts the quiet frames since ``last_active``, ``sights`` those in which each track was seen at rest,
    ``seen_from`` says from which on;
    ``votes_at_rest`` are a track's votes when the quiet began; ``reached`` are the places at which hands were,
    ``last_hands`` those at which they were when last seen; ``from_start`` says that a hand was there when the camera
    began; ``decided`` that something was told in the course of the visit, ``told_out`` are the tracks of what was told
    as removed then.
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
    told_out: set[int] = field(default_factory=set)
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
        """A frame in which nothing happens; ``resting`` lies in the basket."""
        if self.quiet_since is None:
            self.quiet_since = time
        self.tail += 1
        for path in resting:
            track = path.track
            self.sights[track.id] = self.sights.get(track.id, 0) + 1
            self.seen_from.setdefault(track.id, self.tail)
            self.votes_at_rest.setdefault(track.id, dict(track.votes))

    def seen_share(self, track: int) -> float:
        """The share of the quiet frames since its first sight in which a track was seen at rest; what is seen in fewer
        than a third of all quiet frames counts less."""
        sights = self.sights.get(track, 0)
        if not sights:
            return 0.0
        share = sights / (self.tail - self.seen_from[track] + 1)
        return min(share, 3 * sights / self.tail)

    def began(self, thread: Trajectory) -> bool:
        """Whether a thing came into sight on this visit."""
        return thread.begin.track.first >= self.start - VISIT.early

    def came_in(self, thread: Trajectory) -> bool:
        """Whether it came from outside on this visit: in sight, or together with a hand that was not there before."""
        if not self.began(thread):
            return False
        first = thread.begin.track.first
        with_hand = thread.begin.brought and not self.hands_before(first)
        return thread.carried or (with_hand and (thread.travelled or thread.moved))

    @property
    def hands_at_start(self) -> Sequence[Box]:
        """Where hands were when the camera began: what they hid may have stood there."""
        return self.reached[:1] if self.from_start else ()

    def in_sight_at_start(self, thread: Trajectory) -> bool:
        """Whether a thing was in sight as early as the hand that was there when the camera began."""
        return self.from_start and thread.begin.track.first <= self.start + VISIT.at_start

    def hands_before(self, first: float) -> bool:
        """Whether a hand was seen already a while before a moment, not just with it."""
        return any(first - VISIT.before_it <= t < first - VISIT.with_it for t in self.hand_frames)

    def touched(self, box: Box) -> bool:
        """Whether a hand was at a place."""
        return any(reaches(hand, box) for hand in self.reached)

    def hand_stayed(self, since: float, span: float) -> bool:
        """Whether a hand was seen again and again for a span of seconds from a moment on."""
        seen = [since, *(t for t in self.hand_frames if since < t < since + span), since + span]
        return all(b - a <= VISIT.longest_gap for a, b in pairwise(seen))

    def hands_after(self, time: float) -> int:
        """In how many frames a hand was seen later than a moment."""
        return sum(t > time for t in self.hand_frames)


def holds(hand: Box, item: Box) -> bool:
    """Whether a hand's box overlaps an item's by a tenth of the smaller one."""
    return hand.overlap(item) > 0.1 * min(hand.area, item.area)


def reaches(hand: Box, item: Box) -> bool:
    """Whether a hand's box, a tenth larger, overlaps an item's."""
    dx, dy = 0.1 * hand.width, 0.1 * hand.height
    return Box(hand.x1 - dx, hand.y1 - dy, hand.x2 + dx, hand.y2 + dy).overlap(item) > 0

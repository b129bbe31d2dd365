"""From evidence to a decision: how certain it is that an item went in or out, and its class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from smartcart.edge.contract.events import Candidate, EventType
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.settings import ADD, OUTCOME, REMOVE
from smartcart.edge.vision.detection import Box

TYPES: Final = {"added": EventType.ITEM_ADDED, "removed": EventType.ITEM_REMOVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEvidence:
    """The evidence for an addition.

    ``carried``: it crossed into the zone in sight; ``brought``: a hand was at it when it came into sight or moved;
    ``flew``: it moved with no hand at it; ``touched``: a hand was at its place; ``uncovered``: something that stood in
    front of it is gone; ``seen``: the share of the frames after the visit in which it stands at its place, in [0, 1].
    """

    carried: bool
    brought: bool
    flew: bool
    touched: bool
    uncovered: bool
    seen: float

    def probability(self) -> float:
        came = self.brought or (self.flew and not self.uncovered)  # an uncovered item may tumble
        moved = ADD.came if came else ADD.uncovered * self.uncovered + ADD.untouched * (not self.touched)
        return _sigmoid(ADD.bias + ADD.carried * self.carried + moved + ADD.seen * self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEvidence:
    """The evidence for a removal.

    ``left``: it crossed out of the zone in sight; ``touched``: a hand was at it; ``support``: how steadily it was seen
    before; ``covered``: the share of its place covered by something that was put there, both in [0, 1].
    """

    left: bool
    touched: bool
    support: float
    covered: float

    def probability(self) -> float:
        hidden = 0.0 if self.left else REMOVE.covered * self.covered
        log_odds = REMOVE.bias + REMOVE.left * self.left + REMOVE.touched * self.touched
        return _sigmoid(log_odds + REMOVE.support * self.support + hidden)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """The record kept with a decision, small enough for an event.

    ``visit`` is the visit's start and end in seconds; ``frames`` counts the frames in which the item was seen on it,
    ``hand_frames`` those with a hand; ``trail`` is its centre over time: (time, x, y) in seconds and shares of the
    picture; ``before`` is the assumed content of the basket, label to count; ``tracks`` are the item's tracks on this
    visit, given if there are several.
    """

    visit: tuple[float, float]
    frames: int
    hand_frames: int
    trail: Sequence[tuple[float, float, float]]
    before: Mapping[str, int]
    tracks: Sequence[int] = ()

    def plain(self, votes: Mapping[str, float]) -> dict[str, Any]:
        """As JSON, with the shares of the votes of the four best classes."""
        total = sum(votes.values())
        best = sorted(votes.items(), key=lambda pair: (-pair[1], pair[0]))[:4]
        step = max(1, math.ceil(len(self.trail) / OUTCOME.longest_trail))
        trail = [*self.trail[::step], *self.trail[-1:]]
        return {
            "visit": [round(t, 3) for t in self.visit],
            "frames": self.frames,
            "hand_frames": self.hand_frames,
            "votes": {label: round(vote / total, 3) for label, vote in best},
            "trail": [[round(t, 2), round(x, 3), round(y, 3)] for t, x, y in trail],
            "before": dict(self.before),
        } | ({"tracks": list(self.tracks[-OUTCOME.most_tracks :])} if len(self.tracks) > 1 else {})


def decide(
    change: Literal["added", "removed"],
    evidence: AddEvidence | RemoveEvidence,
    *,
    votes: Mapping[str, float],
    time: float,
    box: Box,
    track: int,
    story: Grounds,
    reported: str | None = None,
) -> Decision | None:
    """A decision, uncertain if the evidence is not enough, or None if it is not worth asking.

    Args:
        votes: label to summed confidence over the item's life.
        time: media time of the change in seconds.
        story: kept for a person who looks at the event later.
        reported: the class under which the item was reported as added; it is removed under the same one.
    """
    happened = evidence.probability()
    if happened < OUTCOME.worth_asking:
        return None
    if reported is not None:
        votes = {**votes, reported: votes.get(reported, 0.0) + sum(votes.values())}
    total = sum(votes.values())
    ranked = sorted(((v / total, label) for label, v in votes.items()), key=lambda pair: (-pair[0], pair[1]))[:4]
    candidates = [Candidate(outcome=change, label=la, probability=round(happened * s, 3)) for s, la in ranked]
    candidates.append(Candidate(outcome="none", label=None, probability=round(1 - happened, 3)))
    share, label = ranked[0]
    known = share if reported is not None else share * _trust(total, story.frames)
    certain = happened >= OUTCOME.certain and known >= OUTCOME.certain_label
    return Decision(
        type=TYPES[change] if certain else EventType.ITEM_UNCERTAIN,
        label=label,
        media_time=round(time, 3),
        confidence=round(happened * share, 3),
        candidates=tuple(sorted(candidates, key=lambda c: -c.probability)),
        box=Box(*(round(v, 4) for v in box)),
        track=track,
        evidence=_plain(evidence) | story.plain(votes),
    )


def _trust(votes: float, frames: int) -> float:
    """How far to trust a class: half at ``doubt`` votes a frame, and half if it was seen in ``few`` frames."""
    if not frames:
        return 1.0
    seen = votes / frames
    return seen / (seen + OUTCOME.doubt) * frames / (frames + OUTCOME.few)


def _plain(evidence: AddEvidence | RemoveEvidence) -> dict[str, Any]:
    values = {name: getattr(evidence, name) for name in evidence.__slots__}
    return {name: round(float(v), 3) if isinstance(v, float) else bool(v) for name, v in values.items()}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))

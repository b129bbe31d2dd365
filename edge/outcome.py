"""From evidence to a decision: how sure we are that an item went in or out, and of what class it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from smartcart.edge.decision import Decision
from smartcart.edge.detection import Box
from smartcart.edge.events import Candidate, EventType

CERTAIN: Final = 0.7
CERTAIN_LABEL: Final = 0.5
WORTH_ASKING: Final = 0.35
TYPES: Final = {"added": EventType.ITEM_ADDED, "removed": EventType.ITEM_REMOVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEvidence:
    """``carried``: it crossed into the zone in sight; ``brought``: a hand was at it when it came into sight or moved;
    ``flew``: it moved with no hand at it; ``touched``: a hand was at its place; ``uncovered``: something that stood
    before it is gone; ``seen``: the share of the frames
    after the visit in which it stands at its new place, in [0, 1]."""

    carried: bool
    brought: bool
    flew: bool
    touched: bool
    uncovered: bool
    seen: float

    def probability(self) -> float:
        moved = max(3.0 * self.brought, 3.0 * self.flew, 2.2 * self.touched - 2.5 * self.uncovered)
        return _sigmoid(-3.0 + 2.5 * self.carried + moved + 2.0 * self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEvidence:
    """``left``: it crossed out of the zone in sight; ``touched``: a hand was at it; ``support``: how steadily it was
    seen before; ``covered``: the share of its place that something covers which was put there, both in [0, 1]."""

    left: bool
    touched: bool
    support: float
    covered: float

    def probability(self) -> float:
        unseen = 0.0 if self.left else 4.0 * self.covered
        return _sigmoid(-2.0 + 3.0 * self.left + 2.0 * self.touched + 2.0 * self.support - unseen)


def decide(
    change: Literal["added", "removed"],
    evidence: AddEvidence | RemoveEvidence,
    *,
    votes: Mapping[str, float],
    time: float,
    box: Box,
    track: int,
    visit: tuple[float, float],
) -> Decision | None:
    """A decision, an uncertain one where the evidence does not settle it, or None where it is not worth asking.

    Args:
        votes: label to summed confidence over the item's life.
        time: media time of the change in seconds; visit: start and end of the visit.
    """
    happened = evidence.probability()
    if happened < WORTH_ASKING:
        return None
    total = sum(votes.values())
    ranked = sorted(((v / total, label) for label, v in votes.items()), key=lambda pair: (-pair[0], pair[1]))[:4]
    candidates = [Candidate(outcome=change, label=la, probability=round(happened * s, 3)) for s, la in ranked]
    candidates.append(Candidate(outcome="none", label=None, probability=round(1 - happened, 3)))
    share, label = ranked[0]
    certain = happened >= CERTAIN and share >= CERTAIN_LABEL
    return Decision(
        type=TYPES[change] if certain else EventType.ITEM_UNCERTAIN,
        label=label,
        media_time=round(time, 3),
        confidence=round(happened * share, 3),
        candidates=tuple(sorted(candidates, key=lambda c: -c.probability)),
        box=Box(*(round(v, 4) for v in box)),
        track=track,
        evidence=_plain(evidence) | {"visit": [round(visit[0], 3), round(visit[1], 3)]},
    )


def _plain(evidence: AddEvidence | RemoveEvidence) -> dict[str, Any]:
    values = {name: getattr(evidence, name) for name in evidence.__slots__}
    return {name: round(v, 3) if isinstance(v, float) else v for name, v in values.items()}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))

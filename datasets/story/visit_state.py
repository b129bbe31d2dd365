"""A visit under way, and its changes so far."""

from dataclasses import dataclass, field

from smartcart.datasets.story.reach import Reach
from smartcart.datasets.story.story import PlannedVisit
from smartcart.models.dataset.truth import Change


@dataclass(slots=True)
class Happened:
    """An item put down or taken, and when; for a removal None until it leaves the zone."""

    type: Change
    item: str
    t: float | None


@dataclass(slots=True)
class VisitState:
    """A visit under way."""

    visit: PlannedVisit
    path: Reach
    beside: dict[str, str]
    done: int = 0
    changes: list[Happened] = field(default_factory=list)
    entered: float | None = None
    left: float = 0.0

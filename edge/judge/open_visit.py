"""Decisions during a visit: hands may stay in the basket for minutes, and several may come and go.

An item that has come to rest and was let go of for a while is put in; one that has been out of the zone for a while is
taken out. The visit is reconciled as if the zone were quiet now. Only decisions that are certain and concern such an
item are taken; the rest waits for the end of the visit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from smartcart.edge.contract.events import EventType
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.inventory import Inventory, Resting
from smartcart.edge.judge.reconciliation import settle
from smartcart.edge.judge.settings import HISTORY, OPEN_VISIT
from smartcart.edge.judge.track_history import TrackHistory
from smartcart.edge.judge.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVisit:
    """A visit under way.

    ``time`` is now, ``let_go`` how long a hand must have been away from an item at rest, and ``away`` how long an item
    must be out of the zone, all in seconds.
    """

    visit: Visit
    inventory: Inventory
    paths: Sequence[TrackHistory]
    time: float
    let_go: float
    away: float

    def decide(self) -> list[Decision]:
        """The decisions that need no quiet zone; updates the inventory and the visit."""
        known = {item.track: item for item in self.inventory.items}
        put = {p.track.id: p for p in self.paths if p.track.id not in known and self._let_go(p)}
        out = {p.track.id: known[p.track.id] for p in self.paths if p.track.id in known and self._away(p)}
        if not put and not out:
            return []
        _, trial = settle(self.inventory, self._as_if_quiet(), self.paths, self.time)
        reported: list[Decision] = []
        for decision in trial:
            if decision.type is EventType.ITEM_ADDED and decision.track in put:
                self.inventory.add(put[decision.track]).reported = decision.label
                reported.append(decision)
            elif decision.type is EventType.ITEM_REMOVED and decision.track in out:
                self._taken(out[decision.track])
                reported.append(decision)
        after = self.inventory.count()
        return [replace(decision, evidence={**decision.evidence, "after": after}) for decision in reported]

    def _taken(self, item: Resting) -> None:
        self.inventory.remove(item)
        self.visit.reported_out.add(item.track)

    def _let_go(self, path: TrackHistory) -> bool:
        """True if it came to rest in the basket on this visit, and no hand has been at it for long."""
        rests = path.rests_since is not None and self.time - path.rests_since >= self.let_go
        free = path.held is None or self.time - path.held >= self.let_go
        came = path.track.first >= self.visit.start or path.moved
        return self._stands(path) and rests and free and came and path.clear

    def _away(self, path: TrackHistory) -> bool:
        return path.left is not None and path.left >= self.visit.start and self.time - path.left >= self.away

    def _stands(self, path: TrackHistory) -> bool:
        return path.last == self.time and path.rests_since is not None and path.contents >= HISTORY.inside

    def _as_if_quiet(self) -> Visit:
        standing = [p.track.id for p in self.paths if self._stands(p) and p.held != self.time]
        return replace(
            self.visit,
            quiet_since=self.time - self.let_go,
            tail=OPEN_VISIT.as_if,
            sights=dict.fromkeys(standing, OPEN_VISIT.as_if),
            seen_from=dict.fromkeys(standing, 1),
            votes_at_rest={},
        )

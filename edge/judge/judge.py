"""The judge: decides from tracks what was put in and taken out.

The unit is the *visit*: from the moment a hand (or an item that moves by itself) is in the basket zone until it has
been gone for a while. The basket's contents after the visit are compared with those before. An item that only changed
its place causes no event, and one that another item covers is remembered as hidden. Where the evidence is not enough,
the decision is *uncertain*. Line crossing is evidence, never the decision: a flickering box cannot count twice.

Pure: no clock, no I/O, no pictures. The same tracks and the same answers of a witness of change give the same
decisions.
"""

from collections.abc import Sequence

from smartcart.edge.contract.events import EventType
from smartcart.edge.judge.change import Change, Witness
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.inventory import Inventory, Resting
from smartcart.edge.judge.open_visit import OpenVisit
from smartcart.edge.judge.reconciliation import Reconciliation, settle
from smartcart.edge.judge.region import Region
from smartcart.edge.judge.settings import HISTORY, RECONCILIATION, START, JudgeSettings
from smartcart.edge.judge.static_hands import StaticHands
from smartcart.edge.judge.track_history import TrackHistory
from smartcart.edge.judge.unknown import Unknown
from smartcart.edge.judge.visit import Visit, holds, reaches
from smartcart.edge.judge.weighing import unknown_item, weighed
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone


class Judge:
    """Decides for one camera; feed it every frame's tracks in order of media time.

    Args:
        witness: asked at the end of a visit what changed in the picture; None where there are no pictures.
    """

    def __init__(self, zone: Zone, settings: JudgeSettings | None = None, witness: Witness | None = None) -> None:
        self._region = Region(zone)
        self._settings = settings or JudgeSettings()
        self._witness = witness
        self._change: Change | None = None
        self._unknown = Unknown()
        self._inventory = Inventory()
        self._phantoms = StaticHands()
        self._paths: dict[int, TrackHistory] = {}
        self._visit: Visit | None = None
        self._last_visit: Visit | None = None
        self._time: float | None = None
        self._began = 0.0
        self._looked = 0.0

    @property
    def visit_since(self) -> float | None:
        """Start of the visit under way (media time, s), or None."""
        return self._visit.start if self._visit else None

    @property
    def contents(self) -> Sequence[Resting]:
        """The items believed to be in the basket."""
        return tuple(self._inventory.items)

    def update(self, time: float, tracks: Sequence[Track]) -> list[Decision]:
        """Takes one frame's tracks and returns the decisions made at it, usually none."""
        if self._time is None:
            self._began = time
        elapsed = time - self._time if self._time is not None else 0.0
        self._time = time
        self._phantoms.see(time, [t for t in tracks if t.is_hand and t.seen])
        real = [t for t in tracks if t.is_hand and not self._phantoms.at(t.box)]
        lately = [t for t in real if time - t.last < HISTORY.window / 2]
        self._follow(time, [t for t in tracks if not t.is_hand and t.seen], lately)
        hands = [t for t in real if t.seen and self._reaches_in(t)]
        if hands or self._something_moves(time) or self._held_outside(time):
            decisions = self._close(self._visit, time) if self._visit is not None and self._visit.looked_again else []
            begins = self._visit is None
            visit = self._touch(time, hands)
            return decisions + (self._ask() if begins else self._meanwhile(visit, time))
        return self._quiet(time, elapsed)

    def pause(self, time: float) -> None:
        """Ignores this frame: a visit under way is forgotten, and the basket's contents stay as they were."""
        self._time = time
        self._visit = None
        self._paths = {}
        self._unknown.drop()

    def finish(self) -> list[Decision]:
        """Decides an open visit with what was seen so far; call it when the video ends.

        While a hand is still in, only items away from all hands are decided: a hidden one would pass for taken.
        """
        if self._time is None:
            return []
        if self._visit is None:
            return self._lost(self._time, 0.0) or self._ask()
        if self._visit.tail < self._settings.least_tail:
            return self._decided_so_far(self._visit, self._time, self._settings.settle)
        return self._close(self._visit, self._time) + self._lost(self._time, 0.0) or self._ask()

    # --- one frame ---

    def _follow(self, time: float, items: Sequence[Track], hands: Sequence[Track]) -> None:
        for track in items:
            path = self._paths.get(track.id)
            if path is None:
                path = self._paths[track.id] = TrackHistory.start(track, self._region)
            path.see(time, track, self._region, any(holds(hand.box, track.box) for hand in hands))
        forget = self._settings.forget_path_after
        keep_since = max(self._visit.start, time - self._settings.longest) if self._visit else time
        self._paths = {i: p for i, p in self._paths.items() if p.last >= min(keep_since, time) - forget}

    def _reaches_in(self, hand: Track) -> bool:
        """True if a hand is in the basket, or at something that stands in it."""
        share = self._settings.hand_share
        if self._region.opening(hand.box) >= share or self._region.covered(hand.box) >= share:
            return True
        return any(not item.hidden and holds(hand.box, item.box) for item in self._inventory.items)

    def _something_moves(self, time: float) -> bool:
        return any(p.last == time and p.moving and p.contents > 0.2 for p in self._paths.values())

    def _held_outside(self, time: float) -> bool:
        """True if a hand visibly holds an item it took on this visit close to the basket: it may come back."""
        if self._visit is None:
            return False
        patience, start = self._settings.patience, self._visit.start
        out = (p for p in self._paths.values() if p.last == time and p.left is not None and p.left >= start)
        return any(
            time - p.left < patience and p.held is not None and time - p.held < HISTORY.window for p in out if p.left
        )

    def _touch(self, time: float, hands: Sequence[Track]) -> Visit:
        if self._visit is None:
            from_start = bool(hands) and time - self._began < self._settings.start / 2
            self._visit = Visit(start=time, last_active=time, from_start=from_start)
            if self._witness is not None:
                self._witness.began(time)
            for item in self._inventory.items:
                item.reached_for()
        self._visit.active(time, hands)
        for item in self._inventory.items:
            item.touched += any(reaches(hand.box, item.box) for hand in hands)
        return self._visit

    def _meanwhile(self, visit: Visit, time: float) -> list[Decision]:
        """The decisions possible while a visit is under way."""
        if time - self._began < self._settings.start:
            self._adopt_standing(time)
        if time - max(self._looked, visit.start) < self._settings.let_go / 4:
            return []
        self._looked = time
        return self._decided_so_far(visit, time, self._settings.let_go)

    def _adopt_standing(self, time: float) -> None:
        """Items in place since the first pictures are part of the basket, even with a hand in it."""
        for path in self._paths.values():
            if path.last != time or path.rests_since is None or path.moved or path.contents < HISTORY.inside:
                continue
            long = self._settings.rest if path.held is None else START.long * self._settings.start
            if time - path.rests_since >= long and self._inventory.find(path) is None:
                self._inventory.add(path)

    def _decided_so_far(self, visit: Visit, time: float, let_go: float) -> list[Decision]:
        reported = OpenVisit(
            visit=visit,
            inventory=self._inventory,
            paths=list(self._paths.values()),
            time=time,
            let_go=let_go,
            away=self._settings.patience,
        ).decide()
        visit.decided |= bool(reported)
        return reported

    def _quiet(self, time: float, elapsed: float) -> list[Decision]:
        inside = [p for p in self._paths.values() if p.last == time and p.contents >= HISTORY.inside]
        if self._visit is None:
            return self._keep_inventory(time, elapsed, [p for p in inside if self._rests(p, time)])
        self._visit.quiet(time, [p for p in inside if p.held != time])
        since = self._visit.quiet_since
        if (
            since is None
            or time - since < self._settle(self._visit, time)
            or self._visit.tail < self._settings.least_tail
        ):
            return []
        if time - since < self._settings.look_again and self._in_doubt(self._visit, time):
            self._visit.looked_again = True
            return []
        return self._close(self._visit, time)

    def _in_doubt(self, visit: Visit, time: float) -> bool:
        """True if the visit, judged now, would leave something uncertain: a few more observations may settle it."""
        _, decisions = settle(self._inventory, visit, list(self._paths.values()), time)
        return any(d.type == EventType.ITEM_UNCERTAIN for d in decisions)

    def _settle(self, visit: Visit, time: float) -> float:
        """How long to wait: longer while an item that stood there is not seen, since it may only be hidden."""
        out = any(p.last >= visit.start and p.held is not None and p.over_the_edge(time) for p in self._paths.values())
        unseen = any(
            not i.hidden and i.touched and i.seen < visit.last_active and not self._in_sight(i, time)
            for i in self._inventory.items
        )
        return self._settings.settle_out_of_sight if out or unseen else self._settings.settle

    def _in_sight(self, item: Resting, time: float) -> bool:
        path = self._paths.get(item.track)
        return path is not None and (time - path.last < HISTORY.window or path.left is not None)

    def _rests(self, path: TrackHistory, time: float) -> bool:
        return path.rests_since is not None and time - path.rests_since >= self._settings.rest

    # --- between visits ---

    def _keep_inventory(self, time: float, elapsed: float, resting: Sequence[TrackHistory]) -> list[Decision]:
        decisions: list[Decision] = []
        known = {item.track for item in self._inventory.items}
        for path in sorted(resting, key=lambda p: p.track.id not in known):
            item = self._inventory.find(path)
            if item is not None:
                item.see(path, {path.track.label: path.track.confidence})
            elif any(i.seen == time and path.doubles(i.box) for i in self._inventory.items):
                continue
            elif time - self._began < self._settings.start:
                self._inventory.add(path)
            elif self._long_at_rest(path, time) and not path.in_hand(time):
                decisions += self._late(time, path)
        self._inventory.fade(time, elapsed)
        for item in self._inventory.items:
            if item.missing is not None:
                item.missing.unseen += elapsed
        decisions += self._lost(time, self._settings.missed)
        if decisions:
            self._unknown.drop()
        return decisions + self._ask(time)

    def _lost(self, time: float, missed: float) -> list[Decision]:
        """Decides on items that have been missing for some quiet time."""
        items = [i for i in self._inventory.items if i.missing is not None and i.missing.unseen >= missed]
        if not items or self._last_visit is None:
            return []
        account = Reconciliation(visit=self._last_visit, inventory=self._inventory, paths=[], time=time)
        return weighed(account.lost(items), self._change)

    def _long_at_rest(self, path: TrackHistory, time: float) -> bool:
        return path.rests_since is not None and time - path.rests_since >= self._settings.adopt_after

    def _late(self, time: float, path: TrackHistory) -> list[Decision]:
        """An item that comes into sight without a visit, or after one in which a hand was at its place."""
        if self._unknown.asked_of(path.track.box):
            self._inventory.add(path)
            return []
        visit = self._last_visit
        recent = visit is not None and time - visit.last_active <= self._settings.late
        if visit is not None and recent and visit.touched(path.track.box):
            account = Reconciliation(visit=visit, inventory=self._inventory, paths=[], time=time)
            return self._weighed(account.late(path))
        displaced = self._inventory.displaced(path)
        if displaced is not None:
            displaced.see(path, path.track.votes)
            return []
        if path.carried or self._fell_in(path):
            alone = Visit(start=path.track.first, last_active=path.track.first)
            return Reconciliation(visit=alone, inventory=self._inventory, paths=[], time=time).fallen(path)
        self._inventory.add(path)
        return []

    def _fell_in(self, path: TrackHistory) -> bool:
        """True if it was clearly seen from one moment on, or on its way, at a place that was watched.

        The place must not be that of an item that it could be under another name.
        """
        watched = path.track.first > self._began + self._settings.start
        alone = path.sure and (path.clear or path.travelled) and not path.held_frames
        box = path.track.box
        lost = (item for item in self._inventory.items if item.seen < path.last - HISTORY.window)
        return watched and alone and not any(item.box.overlap(box) > START.free * box.area for item in lost)

    # --- the end of a visit ---

    def _close(self, visit: Visit, time: float) -> list[Decision]:
        self._visit, self._last_visit = None, visit
        self._unknown.drop()
        before = [item.box for item in self._inventory.items]
        self._inventory, decisions = settle(self._inventory, visit, list(self._paths.values()), time)
        self._change = self._seen_to_change(visit, time)
        if not (decisions or visit.decided) and self._change is not None:
            self._wonder(visit, time, self._change, before)
        return self._weighed(decisions)

    # --- the witness of change ---

    def _seen_to_change(self, visit: Visit, time: float) -> Change | None:
        if self._witness is None or visit.quiet_since is None:
            return None
        return self._witness.change(visit.quiet_since, time, visit.reached)

    def _weighed(self, decisions: Sequence[Decision]) -> list[Decision]:
        """The decisions of the last visit, combined with the witness's answer."""
        reported = weighed(decisions, self._change)
        doubted = {d.track for d in reported if d.type is EventType.ITEM_UNCERTAIN}
        for item in self._inventory.items:
            if item.track in doubted:
                item.reported = None
        return reported

    def _wonder(self, visit: Visit, time: float, change: Change, before: Sequence[Box]) -> None:
        """Holds back a change without a detection for a while: the detector may still recognise the item."""
        standing = [p.track.box for p in self._paths.values() if visit.seen_share(p.track.id) >= RECONCILIATION.present]
        known = [*before, *standing, *visit.last_hands, *(item.box for item in self._inventory.items)]
        asked = unknown_item(change, known=known, visit=(visit.start, visit.last_active))
        if asked is not None:
            self._unknown.wonder(asked, time + self._settings.missed)

    def _ask(self, time: float | None = None) -> list[Decision]:
        return self._unknown.ask([item.box for item in self._inventory.items], time)

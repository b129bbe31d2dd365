"""Reconciles a visit: the contents after it with those before it, and what crossed the rim.

Conservation: the change of a visit is what was carried in less what was carried out. Every item known before and every
item seen after gets at most one partner (``Pairing``). The rest is explained by items that were seen to come in, to go
out, to be covered or to be uncovered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from smartcart.edge.contract.events import EventType
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.inventory import Inventory, Missing, Resting
from smartcart.edge.judge.outcome import AddEvidence, Grounds, RemoveEvidence, decide
from smartcart.edge.judge.pairing import Pairing, thread_of
from smartcart.edge.judge.settings import HISTORY, INVENTORY, JOIN, RECONCILIATION, VISIT
from smartcart.edge.judge.track_history import TrackHistory, drift, likeness, way_out
from smartcart.edge.judge.trajectory import Trajectory, join
from smartcart.edge.judge.visit import Visit
from smartcart.edge.vision.detection import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    """Items after the visit compared with those before it: ``new`` and ``missing`` have no partner.

    ``known`` are the tracks of the items, ``places`` where each stood before.
    """

    threads: Sequence[Trajectory]
    present: Sequence[Trajectory]
    known: set[int]
    places: Sequence[tuple[Resting, Box]]
    pairing: Pairing
    new: Sequence[Trajectory]
    missing: Sequence[Resting]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """The observations of everything without a partner.

    ``glimpsed`` are the trajectories seen at all in the quiet; ``vacated`` the places that became free; ``strangers``
    those that neither stand there nor are known, of which ``taken`` went out in a hand; ``lives`` the track history of
    each missing item, by its identity; ``busy`` whether a hand was occupied with another item; ``above`` possible
    covers of a place.
    """

    glimpsed: Sequence[TrackHistory]
    vacated: Sequence[Box]
    strangers: Sequence[Trajectory]
    taken: list[Trajectory]
    lives: Mapping[int, Trajectory | None]
    busy: bool
    above: Sequence[Box]


@dataclass(slots=True)
class Reconciliation:
    """One visit's reconciliation; ``paths`` are the track histories of its time, ``time`` the media time of its end."""

    visit: Visit
    inventory: Inventory
    paths: Sequence[TrackHistory]
    time: float
    decisions: list[Decision] = field(default_factory=list)
    before: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.inventory.count()

    def settle(self) -> list[Decision]:
        """Updates its inventory and returns the decisions in order of media time."""
        matched = self._match()
        self._apply(matched, self._explain(matched))
        return self._reported()

    def _match(self) -> "_Matched":
        """Matches the items that stand there now with those known before."""
        recent = [p for p in self.paths if p.last >= self.visit.start - VISIT.early]
        threads = join(recent, self.visit.start - VISIT.early)
        present = [t for t in threads if self.visit.seen_share(t.end.track.id) >= RECONCILIATION.present]
        present.sort(key=lambda t: -t.end.track.hits)
        known = {item.track for item in self.inventory.items}
        present = [t for t in present if t.end.track.id in known or not self._is_second_box(t, present)]
        places = [(item, item.box) for item in self.inventory.items]
        pairing = Pairing(
            visit=self.visit, items=self.inventory.items, threads=threads, present=present, time=self.time
        )
        new, missing = pairing.settle()
        return _Matched(
            threads=threads, present=present, known=known, places=places, pairing=pairing, new=new, missing=missing
        )

    def _explain(self, matched: "_Matched") -> "_Explained":
        """Explains the rest: what moved, what came, what a hand took out."""
        moved = [(item, box) for item, box in matched.places if not item.is_at(box)]
        arrived = [t for t in matched.present if t in matched.new or (t.travelled and self.visit.began(t))]
        strangers = [t for t in matched.threads if t not in matched.present and not t.tracks & matched.known]
        taken = [t for t in strangers if self._went(t) and not t.tracks & self.visit.reported_out]
        lives = {id(item): thread_of(item, matched.threads) for item in matched.missing}
        busy = bool(taken) or any(self.visit.began(t) for t in arrived)
        busy |= any(self._left(life) is not None for life in lives.values())
        return _Explained(
            glimpsed=[t.end for t in matched.threads if self.visit.seen_share(t.end.track.id) > 0],
            vacated=[box for item, box in matched.places if item in matched.missing or (item, box) in moved],
            strangers=strangers,
            taken=taken,
            lives=lives,
            busy=busy,
            above=[*(t.end.track.box for t in arrived), *(item.box for item, _ in moved)],
        )

    def _apply(self, matched: "_Matched", explained: "_Explained") -> None:
        """Decides on everything without a partner, and updates the inventory."""
        taken = explained.taken
        for item in matched.missing:
            life = explained.lives[id(item)]
            if self._left(life) is not None or not self._still_there(item, explained.glimpsed):
                self._gone(item, life, taken, matched.missing, explained.above, explained.busy)
        unseen = [t for t in explained.strangers if self._stayed_unseen(t)]
        for thread in matched.new:
            own = matched.pairing.freed(thread) if thread.tracks & matched.known else thread
            self._new(own, unseen, matched.present, explained.vacated)
        for thread in unseen:
            self._put_in_unseen(thread)
        for thread in taken:
            self._taken_unseen(thread)

    def lost(self, items: Sequence[Resting]) -> list[Decision]:
        """Decides on items that did not come back after a visit."""
        for item in items:
            if item.missing is not None:
                self._settle_missing(item, item.missing)
        return self._reported()

    def late(self, path: TrackHistory) -> list[Decision]:
        """Decides on an item that came into sight only after its visit."""
        return self._came_alone(
            path,
            AddEvidence(
                carried=path.carried,
                brought=True,
                flew=False,
                touched=True,
                uncovered=False,
                seen=RECONCILIATION.clearly if path.clear else RECONCILIATION.hardly,
            ),
        )

    def fallen(self, path: TrackHistory) -> list[Decision]:
        """Decides on an item that came in outside any visit: it was thrown or dropped."""
        return self._came_alone(
            path,
            AddEvidence(
                carried=path.carried, brought=path.brought, flew=True, touched=False, uncovered=False, seen=1.0
            ),
        )

    def _came_alone(self, path: TrackHistory, evidence: AddEvidence) -> list[Decision]:
        reported = self._add(Trajectory(paths=(path,)), evidence)
        self.inventory.add(path).reported = reported
        return self._reported()

    def _reported(self) -> list[Decision]:
        """The decisions in order of media time, each with the assumed contents of the basket."""
        self._put_back()
        after = self.inventory.count()
        reported = [replace(d, evidence={**d.evidence, "after": after}) for d in self.decisions]
        return sorted(reported, key=lambda d: d.media_time)

    def _put_back(self) -> None:
        """An item that visibly went out and came back on the same visit has only changed its place."""
        for out in [d for d in self.decisions if d.evidence.get("left") and d.type == EventType.ITEM_REMOVED]:
            back = (
                d for d in self.decisions if 0 < d.media_time - out.media_time <= RECONCILIATION.away and _same(d, out)
            )
            again = next(back, None)
            if again is not None:
                self.decisions = [d for d in self.decisions if d is not out and d is not again]

    # --- what became of what ---

    def _is_second_box(self, thread: Trajectory, present: Sequence[Trajectory]) -> bool:
        """True if it is just a second box around an item seen more often.

        One that came in by itself is not a second box around an item that stood there.
        """
        came_in = thread.carried or self.visit.came_in(thread)
        others = (t for t in present if t.end.track.id != thread.end.track.id and (self.visit.began(t) or not came_in))
        return any(thread.end.doubles(t.end.track.box) for t in others if t.end.track.hits >= thread.end.track.hits)

    def _still_there(self, item: Resting, glimpsed: Sequence[TrackHistory]) -> bool:
        if item.seen >= self.visit.last_active:
            return True
        return any(item.is_at(p.track.box) and likeness(item.votes, p.track.votes) >= HISTORY.alike for p in glimpsed)

    def _gone(
        self,
        item: Resting,
        life: Trajectory | None,
        taken: list[Trajectory],
        missing: Sequence[Resting],
        above: Sequence[Box],
        busy: bool,
    ) -> None:
        """A known item no longer seen: taken out, or covered."""
        left = self._left(life)
        if left is None and item.touched:
            left = self._left_as_another(item, taken, [other for other in missing if other is not item])
        covered = max((box.overlap(item.box) / max(item.box.area, 1e-9) for box in above), default=0.0)
        if left is None and life is not None and self._stayed_unseen(Trajectory(paths=(life.end,))):
            item.box, item.track = life.end.track.box, life.end.track.id
            item.hidden, item.missing = True, None  # it was brought back
            return
        if left is None and (item.hidden or covered >= RECONCILIATION.covered):
            item.hidden = True
            return
        if left is not None:
            evidence = RemoveEvidence(left=True, touched=item.touched > 0, support=item.support, covered=covered)
            self._remove(item, evidence, left, self._story(life))
        elif item.missing is not None:
            item.missing.touched |= self._taken_hold_of(item, life, busy)
            self._settle_missing(item, item.missing)
        else:
            if life is not None and not self.visit.seen_share(life.end.track.id):
                item.track = life.end.track.id  # it may come back under this track
            item.missing = Missing(
                time=self.visit.last_active,
                touched=self._taken_hold_of(item, life, busy),
                support=item.support,
                covered=covered,
                story=self._story(life),
            )

    def _settle_missing(self, item: Resting, missing: Missing) -> None:
        """It did not come back: taken out if a hand had hold of it; otherwise it is there, out of sight."""
        evidence = RemoveEvidence(left=False, touched=missing.touched, support=missing.support, covered=missing.covered)
        self._remove(item, evidence, missing.time, missing.story)

    def _taken_hold_of(self, item: Resting, life: Trajectory | None, busy: bool) -> bool:
        """True if a hand was seen at a known item on this visit, or at its place and not occupied with another item."""
        held = life is not None and life.held >= self.visit.start
        return held or (item.touched > 0 and not busy)

    def _left(self, life: Trajectory | None) -> float | None:
        """When a known item's trajectory went out on this visit, if that was seen."""
        return life.end.gone_out(self.time) if life is not None and life.end.last >= self.visit.start else None

    def _left_as_another(self, item: Resting, taken: list[Trajectory], others: Sequence[Resting]) -> float | None:
        """When it went out under tracks that begin in the hand.

        They are tracks of a similar item, or begin at its place and resemble no other missing item.
        """
        alike = [t for t in taken if likeness(t.votes, item.votes) >= HISTORY.alike]
        here = [t for t in taken if drift(t.begin.track.origin, item.box) <= INVENTORY.near]
        strange = (t for t in here if all(likeness(t.votes, other.votes) < HISTORY.alike for other in others))
        same = alike or list(strange)
        if not same:
            return None
        thread = max(same, key=lambda t: t.begin.track.origin.iou(item.box))
        taken.remove(thread)
        return thread.end.gone_out(self.time)

    def _went(self, thread: Trajectory) -> bool:
        """True if it was first seen inside the basket, in a hand that had been there a while, and went out with it."""
        inside = not thread.begin.from_outside and self.visit.began(thread) and not self.visit.came_in(thread)
        out = thread.end.gone_out(self.time)
        far = way_out(thread.begin.track.origin, thread.end.track.box) > HISTORY.way
        return inside and out is not None and far and thread.held_frames >= RECONCILIATION.least_taken

    def _new(
        self, thread: Trajectory, unseen: list[Trajectory], present: Sequence[Trajectory], vacated: Sequence[Box]
    ) -> None:
        """An item at a place where none was known before."""
        path = thread.end
        if self._is_second_box(thread, present):
            return
        ahead = (
            VISIT.early if thread.begin.from_outside else RECONCILIATION.stood
        )  # an item may be seen before the hand that brings it
        stood = thread.begin.track.first < self.visit.start - ahead or self.visit.in_sight_at_start(thread)
        if stood and not (thread.travelled or thread.moved or (thread.brought and not self.visit.from_start)):
            self.inventory.add(path)  # it stood there before, but was not seen steadily enough to be known
            return
        came_in = self.visit.came_in(thread)
        before = None if came_in else _before(thread, unseen)
        if before is not None:
            unseen.remove(before)
            thread = Trajectory(paths=(*before.paths, *thread.paths))
        evidence = AddEvidence(
            carried=came_in or before is not None,
            brought=thread.brought or before is not None,
            flew=(thread.travelled or thread.moved) and not thread.brought,
            touched=self.visit.touched(path.track.box),
            uncovered=any(
                box.overlap(path.track.box) >= RECONCILIATION.uncovered * path.track.box.area
                for box in (*vacated, *self.visit.hands_at_start)
            ),
            seen=self.visit.seen_share(path.track.id),
        )
        reported = self._add(thread, evidence)
        self.inventory.release(path.track.id)
        self.inventory.add(path).reported = reported

    def _stayed_unseen(self, thread: Trajectory) -> bool:
        """True if it was carried in by a hand that was seen to leave without it: it is there, though hidden."""
        path = thread.end
        lost_within = path.inside and (path.gone_out(self.time) is None or self._hand_stayed(path))
        held = thread.held_frames >= RECONCILIATION.least_held
        return (
            self.visit.came_in(thread)
            and lost_within
            and held
            and self.visit.hands_after(path.last) >= RECONCILIATION.least_leaving
        )

    def _put_in_unseen(self, thread: Trajectory) -> None:
        evidence = AddEvidence(carried=True, brought=True, flew=False, touched=True, uncovered=False, seen=0.0)
        reported = self._add(thread, evidence)
        item = self.inventory.add(thread.end)
        item.hidden, item.reported = True, reported

    def _hand_stayed(self, path: TrackHistory) -> bool:
        """True if a hand was seen in the basket for a while after it: then the hand did not take it out again."""
        return path.left is None and self.visit.hand_stayed(path.last, RECONCILIATION.stayed)

    def _taken_unseen(self, thread: Trajectory) -> None:
        """Taken out, though it was never seen at its place."""
        left = thread.end.gone_out(self.time)
        assert left is not None
        begin = thread.begin.track
        evidence = RemoveEvidence(left=True, touched=True, support=0.0, covered=0.0)
        decision = decide(
            "removed",
            evidence,
            votes=thread.votes,
            time=left,
            box=begin.origin,
            track=begin.id,
            story=self._story(thread),
        )
        if decision is not None:
            self.decisions.append(decision)

    def _remove(self, item: Resting, evidence: RemoveEvidence, time: float, story: Grounds) -> None:
        decision = decide(
            "removed",
            evidence,
            votes=item.votes,
            time=time,
            box=item.box,
            track=item.track,
            story=story,
            reported=item.reported,
        )
        if decision is None:
            item.hidden, item.missing = True, None
            return
        self.decisions.append(decision)
        self.inventory.remove(item)

    def _add(self, thread: Trajectory, evidence: AddEvidence) -> str | None:
        """Decides on an addition; returns the class it is reported under, None if it is not reported or uncertain."""
        path, votes, story = thread.end, thread.votes, self._story(thread)
        time = max(path.rests_since or path.last, min(thread.held, self.visit.last_active))
        box, track = path.track.box, path.track.id
        decision = decide("added", evidence, votes=votes, time=time, box=box, track=track, story=story)
        if decision is None:
            return None
        self.decisions.append(decision)
        return decision.label if decision.type == EventType.ITEM_ADDED else None

    def _story(self, thread: Trajectory | None) -> Grounds:
        visit = self.visit
        return Grounds(
            visit=(visit.start, visit.last_active),
            frames=thread.hits if thread else 0,
            hand_frames=thread.held_frames if thread else 0,
            trail=thread.trail(visit.start - VISIT.early) if thread else (),
            before=self.before,
            tracks=sorted(thread.tracks) if thread else (),
        )


def _before(thread: Trajectory, unseen: Sequence[Trajectory]) -> Trajectory | None:
    """An item carried in and lost from sight before this one was seen: a similar one, or one lost there."""
    earlier = [t for t in unseen if t.end.last <= thread.begin.track.first + JOIN.doubled]
    alike = (t for t in earlier if likeness(t.votes, thread.votes) >= HISTORY.alike)
    here = (t for t in earlier if drift(t.end.track.box, thread.end.track.box) <= INVENTORY.near)
    return next(alike, None) or next(here, None)


def _same(added: Decision, removed: Decision) -> bool:
    """True if an addition may be the item that was removed before."""
    return (
        added.type == EventType.ITEM_ADDED
        and likeness(added.evidence["votes"], removed.evidence["votes"]) >= HISTORY.alike
    )


def settle(
    inventory: Inventory, visit: Visit, paths: Sequence[TrackHistory], time: float
) -> tuple[Inventory, list[Decision]]:
    """Judges a visit: returns the inventory after it, and the decisions in order of media time. Pure.

    Args:
        inventory: the contents of the basket before; it is not changed.
        visit: the visit, over or treated as if it were.
        paths: the track histories of its time.
        time: media time of the end of the visit, in seconds.
    """
    account = Reconciliation(visit=visit, inventory=inventory.copy(), paths=paths, time=time)
    decisions = account.settle()
    return account.inventory, decisions

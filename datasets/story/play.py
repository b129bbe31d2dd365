"""Plays a story in a world and records what really happens, at the moment it happens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.scene import hands
from smartcart.datasets.scene.pose import Pose, rotated
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.scene.stocking import Spot, standing, tumble
from smartcart.datasets.scene.zone import basket_zone, in_zone
from smartcart.datasets.story import aiming
from smartcart.datasets.story.flying import Flying
from smartcart.datasets.story.reach import Grip, Kind, Reach, Target, facing
from smartcart.datasets.story.story import Action, PlannedVisit, Story, Throw
from smartcart.datasets.story.visit_state import Happened, VisitState
from smartcart.models.dataset.truth import Distractor, TruthEvent

SETTLE_S = 1.2
HOVER_Z = 0.11
NOISE_G = 2.5
STEP_G = 5
FREEST = 3
WEIGHT_WITHIN_G = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The state during one frame.

    Attributes:
        t: media time in seconds.
        weight_g: the load cell in grams.
        held: the items in a hand.
        movers: the position of each moving thing, in metres: a hand's grip, or the middle of an item in flight.
        shake: the displacement of the picture to the right and down, as shares of its height.
    """

    t: float
    weight_g: float
    held: frozenset[str]
    movers: dict[str, FloatArray]
    shake: tuple[float, float]


class Play:
    """A running story; run ``moments`` to the end, then read ``events`` and ``distractors``.

    Attributes:
        initial: the items in the basket at the start.
    """

    def __init__(self, world: World, story: Story, rng: np.random.Generator) -> None:
        """Puts the first items in the basket and lets them settle."""
        self.world, self.story = world, story
        self.zone = basket_zone(world.look)
        self.events: list[TruthEvent] = []
        self.distractors: list[Distractor] = []
        self._rng = rng
        self._going: list[VisitState] = []
        self._flying: list[Flying] = []
        self._coming = list(story.visits)
        self._throws = list(story.throws)
        self._moves = list(story.moves)
        for item, spot in story.initial.items():
            world.put(item, standing(story.items[item], spot, float(rng.uniform(-0.4, 0.4))))
        if story.heap:
            tumble(rng, world, list(story.heap))
        world.advance(SETTLE_S)
        for item in story.heap:
            if not world.inside(item):
                world.park(item)
        self.initial = tuple(world.contents())

    def moments(self, fps: float) -> Iterator[Moment]:
        """The world at each frame; the caller renders before asking for the next."""
        for frame in range(round(self.story.duration * fps)):
            t = frame / fps
            steps = max(1, round(1 / fps / 0.008))
            for step in range(steps):
                self._act(t - (steps - 1 - step) / fps / steps)
                self.world.advance(1 / fps / steps)
            self.world.pass_time(t, sum(move.way(t) for move in self._moves))
            self.world.refresh()
            yield self._moment(t)
        for going in self._going:
            self._close(going)
        self.distractors += [Distractor(situation="cart_moved", start=m.start, end=m.end) for m in self.story.moves]
        self.events.sort(key=lambda event: event.t)
        self.distractors.sort(key=lambda distractor: distractor.start)

    @property
    def consistent(self) -> bool:
        """True if, after the last moment, the basket contains what it contained first plus the events."""
        count = set(self.initial)
        for event in self.events:
            assert event.item is not None
            (count.add if event.type == "added" else count.discard)(event.item)
        inside = self.world.contents()
        weight = sum(self.world.products[item].mass_g for item in inside)
        return count == set(inside) and abs(self.world.weight_g - weight) < WEIGHT_WITHIN_G

    def _moment(self, t: float) -> Moment:
        weight = self.world.weight_g + float(self._rng.normal(0, NOISE_G))
        movers: dict[str, FloatArray] = {
            going.visit.hand: going.path.pose(t - going.visit.start).position for going in self._going
        }
        movers |= {flying.item: self.world.pose(flying.item).position for flying in self._flying}
        shakes = [move.shake(t) for move in self._moves]
        return Moment(
            t=t,
            weight_g=float(round(weight / STEP_G) * STEP_G),
            held=frozenset(self.world.carried),
            movers=movers,
            shake=(sum(dx for dx, _ in shakes), sum(dy for _, dy in shakes)),
        )

    def _act(self, t: float) -> None:
        if self._moves:
            pushes = [move.acceleration(t) for move in self._moves]
            self.world.ride(sum(along for along, _ in pushes), sum(up for _, up in pushes))
        while self._coming and self._coming[0].start <= t:
            self._begin(self._coming.pop(0))
        while self._throws and self._throws[0].start <= t:
            self._launch(self._throws.pop(0), t)
        for going in list(self._going):
            self._move(going, t)
            if t >= going.visit.start + going.path.duration:
                self._going.remove(going)
                self._close(going)
        for flying in list(self._flying):
            if flying.watch(t, self._visible_in_zone(self.world.pose(flying.item).position)):
                self._flying.remove(flying)
                self.events += flying.events()

    def _launch(self, throw: Throw, t: float) -> None:
        """Throws an item in, if there is a way that ends in the basket."""
        flight = aiming.flight(self._rng, self.world, throw.item, throw.side, throw.spot)
        if flight is not None:
            self.world.throw(throw.item, flight.pose, flight.velocity, flight.spin)
            self._flying.append(Flying(world=self.world, item=throw.item, since=t))

    def _begin(self, visit: PlannedVisit) -> None:
        targets: list[Target] = []
        for action in visit.actions:
            targets.append(self._target(visit, action, targets))
        look = self.world.look
        size = look.owner(visit.hand).size
        path = Reach(self._rng, look.basket, visit.side, targets, pace=visit.pace, size=size)
        taken = {target.item for target in targets if target.kind == "grasp"}
        for grip in path.grips:
            item = grip.target.item
            if item is not None and item not in taken and grip.target.kind in ("place", "hover"):
                self.world.carry(item, visit.hand, grip.hand.seen(grip.target.pose))
        going = VisitState(visit=visit, path=path, beside={})
        for action, grip in zip(visit.actions, path.grips, strict=True):
            if action.item is not None and action.beside is not None:
                going.beside[action.item] = action.beside
                self._carry_beside(visit, action.beside, grip)
        self._going.append(going)

    def _carry_beside(self, visit: PlannedVisit, item: str, grip: Grip) -> None:
        """Puts a second, slim item next to the first into the same hand."""
        first, second = grip.target.pose, self.world.products[item]
        across = rotated(grip.hand.turn, np.array([0.0, 1.0, 0.0])) * [1, 1, 0]
        gap = second.half[0] + max(second.half[:2]) + 0.003
        poses = [
            Pose(position=first.position + sign * gap * across / np.linalg.norm(across), turn=first.turn)
            for sign in (-1, 1)
        ]
        free = [pose for pose in poses if not self.world.blocked(item, pose)]
        self.world.carry(item, visit.hand, grip.hand.seen((free or poses)[0]))

    def _target(self, visit: PlannedVisit, action: Action, before: list[Target]) -> Target:
        name = action.item if action.item or action.kind != "grasp" else self._freest()
        product = self.world.products[name] if name else None
        taken = {target.item for target in before if target.kind == "grasp"}
        kind: Kind = action.kind
        spot: Spot = action.spot or (0.0, 0.0)
        if kind in ("grasp", "touch") and name and self.world.inside(name):
            pose = self.world.pose(name)
        elif kind == "place" and name in taken and name:
            pose = aiming.moved_pose(self.world, name, spot)
        elif kind == "place" and name and not self.world.inside(name):
            pose = self._resting(visit, action, name, spot)
        else:  # a hover, or an item that has left since the story was made
            if kind != "hover":
                kind, name, product = "hover", None, None
            height = HOVER_Z if action.height is None else action.height
            pose = Pose(position=np.array([*spot, height]), turn=np.array([1.0, 0.0, 0.0, 0.0]))
            if product is not None and name:
                pose = standing(product, spot, facing(visit.side, self._rng), lift=height - product.half[2])
        return Target(kind=kind, item=name, product=product, pose=pose)

    def _resting(self, visit: PlannedVisit, action: Action, name: str, spot: Spot) -> Pose:
        if action.onto is not None and self.world.inside(action.onto):
            return aiming.covering_pose(self._rng, self.world, name, action.onto, visit.side)
        return aiming.resting_pose(self._rng, self.world, name, spot, visit.side)

    def _freest(self) -> str | None:
        """One of the items that lie highest."""
        tops = {item: self.world.corners(item)[:, 2].max() for item in self.world.contents()}
        highest = sorted(tops, key=lambda item: -tops[item])[:FREEST]
        return str(self._rng.choice(highest)) if highest else None

    def _move(self, going: VisitState, t: float) -> None:
        """Moves hand and load to their positions at ``t``, and performs the due actions."""
        visit, path = going.visit, going.path
        since = t - visit.start
        self.world.move_hand(visit.hand, path.pose(since))
        while going.done < len(path.grips) and since >= path.grips[going.done].at:
            self._grip(going, path.grips[going.done], t)
            going.done += 1
        self.world.show_hand(visit.hand, self._width(going, since))
        self._watch(going, t)

    def _grip(self, going: VisitState, grip: Grip, t: float) -> None:
        item = grip.target.item
        if item is None:
            return
        if grip.target.kind == "place":
            moved = [change for change in going.changes if change.item == item]
            for name in (item, going.beside.get(item)):
                if name is not None:
                    self.world.release(name)
                    going.changes.append(Happened("added", name, t))
            if moved:  # taken and put back on one visit: nothing has changed
                going.changes = [change for change in going.changes if change.item != item]
        elif grip.target.kind == "grasp":
            hand = going.path.pose(t - going.visit.start)
            self.world.carry(item, going.visit.hand, hand.seen(self.world.pose(item)))
            going.changes.append(Happened("removed", item, None))

    def _width(self, going: VisitState, since: float) -> int:
        """Closed around a load, opening after a release, closing before a grasp."""
        done, grips = going.done, going.path.grips
        if done < len(grips):
            loaded = grips[done].target.item is not None and grips[done].target.kind in ("place", "hover")
            if loaded or since > grips[done].at - 0.12:
                return grips[done].width
        if done == 0:
            return hands.OPEN
        last = grips[done - 1]
        if last.target.kind == "grasp" or (last.target.kind == "hover" and last.target.item is not None):
            return last.width
        return min(hands.OPEN, last.width + (1 if since < last.at + 0.1 else 2))

    def _watch(self, going: VisitState, t: float) -> None:
        """Records when the hand is in the zone and when a taken item leaves it."""
        hand = going.path.pose(t - going.visit.start).position
        if self._visible_in_zone(hand):
            going.entered = t if going.entered is None else going.entered
            going.left = t
        for change in going.changes:
            if change.t is None and not self._visible_in_zone(self.world.pose(change.item).position):
                change.t = t

    def _visible_in_zone(self, point: FloatArray) -> bool:
        pixels, depth = self.world.look.camera.project(point[None])
        lens = self.world.look.camera.lens
        return bool(depth[0] > 0 and in_zone(self.zone, pixels[0, 0] / lens.width, pixels[0, 1] / lens.height))

    def _close(self, going: VisitState) -> None:
        """The hand is gone, with its load; the visit goes into the truth."""
        visit = going.visit
        end = visit.start + going.path.duration
        self.world.empty_hand(visit.hand)
        self.world.show_hand(visit.hand, None)
        start, leave = (going.entered, going.left) if going.entered is not None else (visit.start, end)
        for change in going.changes:
            t = end if change.t is None else change.t
            product = self.world.products[change.item]
            self.events.append(
                TruthEvent(
                    type=change.type,
                    label=product.label,
                    t=t,
                    start=start,
                    end=max(leave, t),
                    item=change.item,
                    product=product.name,
                    situation=visit.situation,
                )
            )
        if not going.changes:
            self.distractors.append(Distractor(situation=visit.situation, start=start, end=leave))

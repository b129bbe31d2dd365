"""Plays a story in a world and writes down what truly happens, at the moment it happens."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from smartcart.datasets import hands
from smartcart.datasets.meshes import FloatArray
from smartcart.datasets.pose import Pose
from smartcart.datasets.reach import Grip, Reach, Target, facing
from smartcart.datasets.simulation import World
from smartcart.datasets.stocking import Spot, standing
from smartcart.datasets.story import Action, Story, Visit
from smartcart.datasets.zone import basket_zone, in_zone
from smartcart.models.truth import Change, Distractor, TruthEvent

SETTLE_S = 1.2
HOVER_Z = 0.11
NOISE_G = 2.5
STEP_G = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is true while one frame is taken: media time, load cell in grams, items in a hand, hands' grip points."""

    t: float
    weight_g: float
    held: frozenset[str]
    grip_points: FloatArray


@dataclass(slots=True)
class Happened:
    """An item put down or taken, and when; for a removal None until it leaves the zone."""

    type: Change
    item: str
    t: float | None


@dataclass(slots=True)
class Going:
    """A visit under way."""

    visit: Visit
    path: Reach
    done: int = 0
    changes: list[Happened] = field(default_factory=list)
    entered: float | None = None
    left: float = 0.0


class Play:
    """A story on its way; run ``moments`` to the end, then read ``events`` and ``distractors``."""

    def __init__(self, world: World, story: Story, rng: np.random.Generator) -> None:
        """Stands the first items in the basket and lets them settle."""
        self.world, self.story = world, story
        self.zone = basket_zone(world.look)
        self.events: list[TruthEvent] = []
        self.distractors: list[Distractor] = []
        self._rng = rng
        self._going: list[Going] = []
        self._coming = list(story.visits)
        for item, spot in story.initial.items():
            world.put(item, standing(story.items[item], spot, float(rng.uniform(-0.4, 0.4))))
        world.advance(SETTLE_S)

    def moments(self, fps: float) -> Iterator[Moment]:
        """The world at each frame; the caller renders before asking for the next."""
        for frame in range(round(self.story.duration * fps)):
            t = frame / fps
            steps = max(1, round(1 / fps / 0.008))
            for step in range(steps):
                self._act(t - (steps - 1 - step) / fps / steps)
                self.world.advance(1 / fps / steps)
            self.world.refresh()
            yield self._moment(t)
        for going in self._going:
            self._close(going)
        self.events.sort(key=lambda event: event.t)

    def _moment(self, t: float) -> Moment:
        weight = self.world.weight_g + float(self._rng.normal(0, NOISE_G))
        points = [going.path.pose(t - going.visit.start).position for going in self._going]
        return Moment(
            t=t,
            weight_g=float(round(weight / STEP_G) * STEP_G),
            held=frozenset(self.world.carried),
            grip_points=np.array(points).reshape(-1, 3),
        )

    def _act(self, t: float) -> None:
        while self._coming and self._coming[0].start <= t:
            self._begin(self._coming.pop(0))
        for going in list(self._going):
            self._move(going, t)
            if t >= going.visit.start + going.path.duration:
                self._going.remove(going)
                self._close(going)

    def _begin(self, visit: Visit) -> None:
        targets = [self._target(visit, action) for action in visit.actions]
        path = Reach(self._rng, self.world.look.basket, visit.side, targets, pace=visit.pace)
        for grip in path.grips:
            if grip.target.kind == "place" and grip.target.item is not None:
                self.world.carry(grip.target.item, visit.hand, grip.hand.seen(grip.target.pose))
        self._going.append(Going(visit=visit, path=path))

    def _target(self, visit: Visit, action: Action) -> Target:
        product = self.world.products[action.item] if action.item else None
        if action.kind in ("grasp", "touch") and action.item:
            pose = self.world.pose(action.item)
        elif product is not None and action.spot is not None:
            pose = standing(product, action.spot, facing(visit.side, self._rng), lift=0.008)
        else:
            spot: Spot = action.spot or (0.0, 0.0)
            pose = Pose(position=np.array([*spot, HOVER_Z]), turn=np.array([1.0, 0.0, 0.0, 0.0]))
        return Target(kind=action.kind, item=action.item, product=product, pose=pose)

    def _move(self, going: Going, t: float) -> None:
        """Brings hand and load to where they are at ``t``, and does what is due."""
        visit, path = going.visit, going.path
        since = t - visit.start
        self.world.move_hand(visit.hand, path.pose(since))
        while going.done < len(path.grips) and since >= path.grips[going.done].at:
            self._grip(going, path.grips[going.done], t)
            going.done += 1
        self.world.show_hand(visit.hand, self._width(going, since))
        self._watch(going, t)

    def _grip(self, going: Going, grip: Grip, t: float) -> None:
        item = grip.target.item
        if item is None:
            return
        if grip.target.kind == "place":
            self.world.release(item)
            going.changes.append(Happened("added", item, t))
        elif grip.target.kind == "grasp":
            hand = going.path.pose(t - going.visit.start)
            self.world.carry(item, going.visit.hand, hand.seen(self.world.pose(item)))
            going.changes.append(Happened("removed", item, None))

    def _width(self, going: Going, since: float) -> int:
        """Closed around a load, opening after a release, closing before a grasp."""
        done, grips = going.done, going.path.grips
        if done < len(grips) and (grips[done].target.kind == "place" or since > grips[done].at - 0.12):
            return grips[done].width
        if done == 0:
            return hands.OPEN
        last = grips[done - 1]
        if last.target.kind == "grasp":
            return last.width
        return min(hands.OPEN, last.width + (1 if since < last.at + 0.1 else 2))

    def _watch(self, going: Going, t: float) -> None:
        """Notes when the hand is in the zone and when a taken item leaves it."""
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

    def _close(self, going: Going) -> None:
        """The hand is gone, with what it holds; the visit goes into the truth."""
        visit = going.visit
        end = visit.start + going.path.duration
        for item in [i for i, carried in self.world.carried.items() if carried.hand == visit.hand]:
            self.world.park(item)
        self.world.show_hand(visit.hand, None)
        start, leave = (going.entered, going.left) if going.entered is not None else (visit.start, end)
        for change in going.changes:
            t = end if change.t is None else change.t
            label = self.world.products[change.item].label
            self.events.append(
                TruthEvent(
                    type=change.type,
                    label=label,
                    t=t,
                    start=start,
                    end=max(leave, t),
                    item=change.item,
                    situation=visit.situation,
                )
            )
        if not going.changes:
            self.distractors.append(Distractor(situation=visit.situation, start=start, end=leave))

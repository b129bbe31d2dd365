"""What happens in a clip: what stands in the basket at the start, and who reaches in when and for what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.datasets import reach
from smartcart.datasets.errors import SimulatorError
from smartcart.datasets.look import Look
from smartcart.datasets.products import Product, Split, pick
from smartcart.datasets.reach import Kind, Side
from smartcart.datasets.simulation import HandName
from smartcart.datasets.stocking import Spot, free_spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a hand does: put an item down at a spot, take it, touch it, or hover over a spot."""

    kind: Kind
    item: str | None = None
    spot: Spot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One hand's way into the basket and out again, from ``start`` (seconds) on."""

    situation: str
    start: float
    side: Side
    hand: HandName
    actions: tuple[Action, ...]
    pace: float = 1.0

    @property
    def end(self) -> float:
        """When the hand is out of sight again, in seconds."""
        n = len(self.actions)
        each = reach.LOWER_S + reach.HOLD_S + reach.LIFT_S
        whole = reach.REACH_S + n * each + (n - 1) * reach.LIFT_S + reach.LEAVE_S
        return self.start + whole / self.pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All products by name, those that stand in the basket at the start with their spots, and the visits in order."""

    items: dict[str, Product]
    initial: dict[str, Spot]
    visits: tuple[Visit, ...]
    duration: float


class Plan:
    """A story in the making: knows what stands where, so that visits ask for nothing impossible."""

    def __init__(
        self,
        rng: np.random.Generator,
        look: Look,
        split: Split,
        *,
        lead: float = 1.0,
        pause: tuple[float, float] = (0.5, 1.5),
    ) -> None:
        """An empty basket.

        Args:
            rng: draws what is not given.
            look: the basket in which items find room, and the camera that hands come not through.
            split: the products to draw from.
            lead: seconds before the first visit.
            pause: least and most seconds between two visits.
        """
        self._rng, self._look, self._split = rng, look, split
        self._items: dict[str, Product] = {}
        self._initial: dict[str, Spot] = {}
        self._standing: dict[str, Spot] = {}
        self._visits: list[Visit] = []
        self._clock, self._pause = lead, pause

    def stock(self, count: int) -> None:
        """Stands up to ``count`` items in the basket before the clip begins."""
        for _ in range(count):
            self.stand(pick(self._rng, self._split))

    def stand(self, product: Product, spot: Spot | None = None) -> None:
        """Stands one item in the basket before the clip begins, if there is room."""
        spot = spot or self._room(product)
        if spot is not None:
            name = self._new(product)
            self._initial[name] = self._standing[name] = spot

    def add(self, product: Product, spot: Spot, side: Side, *, pace: float = 1.0) -> str:
        """A hand brings one product; returns the item's name."""
        action = self._place(product, spot)
        self._visit("single_add", side, (action,), pace=pace)
        assert action.item is not None
        return action.item

    def remove(self, name: str, side: Side, *, pace: float = 1.0) -> None:
        """A hand takes one item out."""
        del self._standing[name]
        self._visit("single_remove", side, (Action(kind="grasp", item=name),), pace=pace)

    def touch(self, name: str, side: Side, *, pace: float = 1.0) -> None:
        """A hand touches one item and leaves without it."""
        self._visit("touch", side, (Action(kind="touch", item=name),), pace=pace)

    def act(self, situation: str) -> bool:
        """Appends one random visit of a situation; False when the basket does not allow it."""
        return _RANDOM[situation](self)

    def story(self, tail: float = 1.2) -> Story:
        """The story so far, with ``tail`` seconds after the last visit."""
        end = max((v.end for v in self._visits), default=self._clock)
        return Story(items=self._items, initial=self._initial, visits=tuple(self._visits), duration=end + tail)

    def random_add(self) -> bool:
        """Brings a random product."""
        product = pick(self._rng, self._split)
        spot = self._room(product)
        if spot is None:
            return False
        self.add(product, spot, self._side(), pace=self._pace())
        return True

    def random_remove(self) -> bool:
        """Takes a random item."""
        if not self._standing:
            return False
        self.remove(self._any(), self._side(), pace=self._pace())
        return True

    def random_touch(self) -> bool:
        """Touches a random item."""
        if not self._standing:
            return False
        self.touch(self._any(), self._side(), pace=self._pace())
        return True

    def empty_hand(self) -> bool:
        """A hand reaches in, hovers and leaves."""
        reach_x, reach_y = self._look.basket.length * 0.6, self._look.basket.width * 0.6
        spot = float(self._rng.uniform(-reach_x, reach_x)), float(self._rng.uniform(-reach_y, reach_y))
        self._visit("empty_hand", self._side(), (Action(kind="hover", spot=spot),), pace=self._pace())
        return True

    def swap(self) -> bool:
        """A hand brings one product and takes another item out on the same visit."""
        product = pick(self._rng, self._split)
        spot = self._room(product)
        if not self._standing or spot is None:
            return False
        old = self._any()
        del self._standing[old]
        actions = self._place(product, spot), Action(kind="grasp", item=old)
        self._visit("swap", self._side(), actions, pace=self._pace())
        return True

    def two_at_once(self) -> bool:
        """Two hands at a time: both bring something, or both take something."""
        taking = len(self._standing) >= 2 and self._rng.random() < 0.5
        chosen = self._two_grasps() if taking else self._two_places()
        start = self._clock
        hands: tuple[HandName, HandName] = ("left", "right") if self._rng.random() < 0.5 else ("right", "left")
        sides: tuple[Side, Side] = ("left", "right")
        for action, side, hand in zip(chosen, sides, hands, strict=False):
            self._clock = start + float(self._rng.uniform(0, 0.35))
            self._visit("two_at_once", side, (action,), hand=hand)
        return bool(chosen)

    def same_twice(self) -> bool:
        """The same product twice in a row."""
        product = pick(self._rng, self._split)
        spots = self._rooms([product, product])
        for spot in spots:
            self._visit("same_twice", self._side(), (self._place(product, spot),), pace=self._pace())
        return bool(spots)

    def _two_grasps(self) -> list[Action]:
        """The leftmost (+y) and the rightmost item."""
        names = sorted(self._standing, key=lambda name: -self._standing[name][1])
        for name in (names[0], names[-1]):
            del self._standing[name]
        return [Action(kind="grasp", item=name) for name in (names[0], names[-1])]

    def _two_places(self) -> list[Action]:
        """One new item for each half of the basket, left (+y) first; none when there is no room."""
        products = [pick(self._rng, self._split) for _ in range(2)]
        for _ in range(12):
            spots = self._rooms(products)
            if spots and spots[0][1] - spots[1][1] > 0.1:
                return [self._place(product, spot) for product, spot in zip(products, spots, strict=True)]
        return []

    def _place(self, product: Product, spot: Spot) -> Action:
        """The action that brings a new item, which stands at its spot from then on."""
        name = self._new(product)
        self._standing[name] = spot
        return Action(kind="place", item=name, spot=spot)

    def _rooms(self, products: list[Product]) -> list[Spot]:
        """A free spot for each of several products, or none at all."""
        taken = [(spot, self._items[name].footprint) for name, spot in self._standing.items()]
        spots: list[Spot] = []
        for product in products:
            spot = free_spot(self._rng, self._look.basket, product, taken)
            if spot is None:
                return []
            spots.append(spot)
            taken.append((spot, product.footprint))
        return spots

    def _visit(
        self,
        situation: str,
        side: Side,
        actions: tuple[Action, ...],
        *,
        pace: float = 1.0,
        hand: HandName | None = None,
    ) -> None:
        drawn: HandName = "left" if self._rng.random() < 0.33 else "right"
        visit = Visit(situation=situation, start=self._clock, side=side, hand=hand or drawn, actions=actions, pace=pace)
        self._visits.append(visit)
        self._clock = max(self._clock, visit.end) + float(self._rng.uniform(*self._pause))

    def _new(self, product: Product) -> str:
        number = sum(1 for p in self._items.values() if p.label == product.label)
        name = f"{product.label}_{number}"
        self._items[name] = product
        return name

    def _room(self, product: Product) -> Spot | None:
        return next(iter(self._rooms([product])), None)

    def _any(self) -> str:
        return str(self._rng.choice(sorted(self._standing)))

    def _side(self) -> Side:
        camera_y = self._look.camera.place[1]
        if abs(camera_y) > self._look.basket.width:
            sides: tuple[Side, ...] = ("right", "front") if camera_y > 0 else ("left", "front")
        else:
            sides = ("left", "left", "right", "right", "front")
        return sides[int(self._rng.integers(len(sides)))]

    def _pace(self) -> float:
        return float(self._rng.uniform(0.8, 1.3))


_RANDOM: Final[dict[str, Callable[[Plan], bool]]] = {
    "single_add": Plan.random_add,
    "single_remove": Plan.random_remove,
    "swap": Plan.swap,
    "two_at_once": Plan.two_at_once,
    "same_twice": Plan.same_twice,
    "touch": Plan.random_touch,
    "empty_hand": Plan.empty_hand,
}
PLAYABLE: Final = tuple(_RANDOM)


def random_story(rng: np.random.Generator, look: Look, split: Split, situation: str | None) -> Story:
    """One visit of a situation, or a whole trip of five to nine visits when it is None.

    Raises:
        SimulatorError: the situation cannot be played yet.
    """
    if situation is not None and situation not in PLAYABLE:
        raise SimulatorError(f"{situation} cannot be simulated yet; choose one of {', '.join(PLAYABLE)}")
    plan = Plan(rng, look, split)
    plan.stock(int(rng.integers(0, 3)) if situation in (None, "single_add", "empty_hand") else int(rng.integers(2, 6)))
    if situation is not None:
        while not plan.act(situation):
            pass  # another product, which may find room
        return plan.story()
    visits = int(rng.integers(5, 10))
    weights = np.array([6, 3, 1, 1, 1, 2, 1.5])
    for name in rng.choice(PLAYABLE, size=visits, p=weights / weights.sum()):
        if not plan.act(str(name)):
            plan.act("empty_hand")
    return plan.story()

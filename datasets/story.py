"""What happens in a clip: what stands in the basket at the start, and who reaches in when and for what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.datasets import reach
from smartcart.datasets.look import Basket
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
        basket: Basket,
        split: Split,
        *,
        lead: float = 1.0,
        pause: tuple[float, float] = (0.5, 1.5),
    ) -> None:
        """An empty basket.

        Args:
            rng: draws what is not given.
            basket: where items find room.
            split: the products to draw from.
            lead: seconds before the first visit.
            pause: least and most seconds between two visits.
        """
        self._rng, self._basket, self._split = rng, basket, split
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

    def wait(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self._clock += seconds

    def add(self, product: Product, spot: Spot, side: Side, *, pace: float = 1.0) -> str:
        """A hand brings one product; returns the item's name."""
        name = self._new(product)
        self._standing[name] = spot
        self._visit("single_add", side, (Action(kind="place", item=name, spot=spot),), pace=pace)
        return name

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
        reach_x, reach_y = self._basket.length * 0.6, self._basket.width * 0.6
        spot = float(self._rng.uniform(-reach_x, reach_x)), float(self._rng.uniform(-reach_y, reach_y))
        self._visit("empty_hand", self._side(), (Action(kind="hover", spot=spot),), pace=self._pace())
        return True

    def swap(self) -> bool:
        """A hand brings one product and takes another item out on the same visit."""
        product = pick(self._rng, self._split)
        spot = self._room(product)
        if not self._standing or spot is None:
            return False
        old, new = self._any(), self._new(product)
        del self._standing[old]
        self._standing[new] = spot
        actions = Action(kind="place", item=new, spot=spot), Action(kind="grasp", item=old)
        self._visit("swap", self._side(), actions, pace=self._pace())
        return True

    def two_at_once(self) -> bool:
        """Two hands at a time: both bring something, or both take something."""
        start, hands = self._clock, ("left", "right") if self._rng.random() < 0.5 else ("right", "left")
        if len(self._standing) >= 2 and self._rng.random() < 0.5:
            first, second = sorted(self._standing, key=lambda name: -self._standing[name][1])[
                :: len(self._standing) - 1
            ]
            chosen = [Action(kind="grasp", item=name) for name in (first, second)]
            for name in (first, second):
                del self._standing[name]
        else:
            chosen = self._two_places()
        for action, side, hand in zip(chosen, ("left", "right"), hands, strict=False):
            self._clock = start + float(self._rng.uniform(0, 0.35))
            self._visit("two_at_once", "left" if side == "left" else "right", (action,), hand=hand, pace=1.0)
        return bool(chosen)

    def same_twice(self) -> bool:
        """The same product twice in a row."""
        product = pick(self._rng, self._split)
        for _ in range(2):
            spot = self._room(product)
            if spot is None:
                return False
            name = self._new(product)
            self._standing[name] = spot
            self._visit("same_twice", self._side(), (Action(kind="place", item=name, spot=spot),), pace=self._pace())
        return True

    def _two_places(self) -> list[Action]:
        """One new item for each half of the basket, left (+y) first."""
        actions = []
        for sign in (1, -1):
            product = pick(self._rng, self._split)
            spots = (self._room(product) for _ in range(12))
            spot = next((s for s in spots if s is not None and s[1] * sign > 0.03), None)
            if spot is None:
                return []
            name = self._new(product)
            self._standing[name] = spot
            actions.append(Action(kind="place", item=name, spot=spot))
        return actions

    def _visit(self, situation: str, side: Side, actions: tuple[Action, ...], *, pace: float, hand: str = "") -> None:
        chosen: HandName = "left" if (hand or str(self._rng.choice(["right", "right", "left"]))) == "left" else "right"
        visit = Visit(situation=situation, start=self._clock, side=side, hand=chosen, actions=actions, pace=pace)
        self._visits.append(visit)
        self._clock = max(self._clock, visit.end) + float(self._rng.uniform(*self._pause))

    def _new(self, product: Product) -> str:
        number = sum(1 for p in self._items.values() if p.label == product.label)
        name = f"{product.label}_{number}"
        self._items[name] = product
        return name

    def _room(self, product: Product) -> Spot | None:
        taken = [(spot, self._items[name].footprint) for name, spot in self._standing.items()]
        return free_spot(self._rng, self._basket, product, taken)

    def _any(self) -> str:
        return str(self._rng.choice(sorted(self._standing)))

    def _side(self) -> Side:
        sides: tuple[Side, ...] = ("left", "right", "front")
        return sides[int(self._rng.choice(3, p=[0.4, 0.4, 0.2]))]

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


def random_story(rng: np.random.Generator, basket: Basket, split: Split, situation: str | None) -> Story:
    """One visit of a situation, or a whole trip of five to nine visits when it is None."""
    plan = Plan(rng, basket, split)
    plan.stock(int(rng.integers(0, 3)) if situation in (None, "single_add", "empty_hand") else int(rng.integers(2, 6)))
    if situation is not None:
        while not plan.act(situation):
            plan.stock(1)
        return plan.story()
    visits = int(rng.integers(5, 10))
    weights = np.array([6, 3, 1, 1, 1, 2, 1.5])
    for name in rng.choice(PLAYABLE, size=visits, p=weights / weights.sum()):
        if not plan.act(str(name)):
            plan.act("empty_hand")
    return plan.story()

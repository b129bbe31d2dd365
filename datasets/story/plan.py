"""A story in the making: it keeps track of the basket's contents, so that visits request nothing impossible."""

from typing import Final

import numpy as np

from smartcart.datasets.products.products import ProductModel, Split, pick
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.simulation import HandName
from smartcart.datasets.scene.stocking import Spot, free_spot
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.reach import Side
from smartcart.datasets.story.rolling import BUMP_S, CartMove
from smartcart.datasets.story.story import Action, PlannedVisit, Story, Throw

OPPOSITE: Final[dict[Side, Side]] = {"left": "right", "right": "left", "front": "left", "back": "left"}
AGAIN_S: Final = 0.1


class Plan:
    """Builds a story visit by visit.

    Attributes:
        rng: draws everything that is not given.
        look: the basket that must have room for items, and the camera that hands must avoid.
        split: the products to draw from.
        props: the real parts of them.
        items: every product so far, by name.
        standing: the items within reach in the basket, with the spot of each.
        heaped: the number of items in a heap, not distinguished.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        look: SceneDescription,
        split: Split,
        *,
        lead: float = 1.0,
        pause: tuple[float, float] = (0.5, 1.5),
        props: Props = PLAIN,
    ) -> None:
        """An empty basket.

        Args:
            rng: draws everything that is not given.
            look: the scene.
            split: the products to draw from.
            lead: seconds before the first visit.
            pause: least and most seconds between two visits.
            props: the real parts of the goods.
        """
        self.rng, self.look, self.split, self.props = rng, look, split, props
        self.items: dict[str, ProductModel] = {}
        self.standing: dict[str, Spot] = {}
        self.heaped = 0
        self._initial: dict[str, Spot] = {}
        self._heap: list[str] = []
        self._visits: list[PlannedVisit] = []
        self._throws: list[Throw] = []
        self._moves: list[CartMove] = []
        self.clock, self._pause = lead, pause

    def pick(self) -> ProductModel:
        """Any product of the split."""
        return self.props.dress(self.rng, pick(self.rng, self.split))

    def stock(self, count: int) -> None:
        """Stands up to ``count`` items in the basket before the clip begins."""
        for _ in range(count):
            self.stand(self.pick())

    def stand(self, product: ProductModel, spot: Spot | None = None) -> None:
        """Stands one item in the basket before the clip begins, if there is room."""
        spot = spot or self.room(product)
        if spot is not None:
            name = self._new(product)
            self._initial[name] = self.standing[name] = spot

    def heap(self, count: int) -> None:
        """Drops ``count`` items into the basket before the clip begins; they lie as they fall."""
        self._heap += [self._new(self.pick()) for _ in range(count)]
        self.heaped += count

    def add(self, product: ProductModel, spot: Spot, side: Side, *, pace: float = 1.0) -> str:
        """A hand brings one product; returns the item's name."""
        action = self.place(product, spot)
        self.visit("single_add", side, (action,), pace=pace)
        assert action.item is not None
        return action.item

    def remove(self, name: str, side: Side, *, pace: float = 1.0) -> None:
        """A hand takes one item out."""
        del self.standing[name]
        self.visit("single_remove", side, (Action(kind="grasp", item=name),), pace=pace)

    def touch(self, name: str, side: Side, *, pace: float = 1.0) -> None:
        """A hand touches one item and leaves without it."""
        self.visit("touch", side, (Action(kind="touch", item=name),), pace=pace)

    def place(self, product: ProductModel, spot: Spot) -> Action:
        """The action that brings a new item, which stands at its spot from then on."""
        name = self._new(product)
        self.standing[name] = spot
        return Action(kind="place", item=name, spot=spot)

    def bring(self, product: ProductModel) -> str:
        """The name of a new item that a hand has with it, or that flies in; it takes no spot yet."""
        return self._new(product)

    def visit(
        self,
        situation: str,
        side: Side,
        actions: tuple[Action, ...],
        *,
        pace: float = 1.0,
        hand: HandName | None = None,
        delay: float = 0.0,
    ) -> PlannedVisit:
        """Appends a visit that starts ``delay`` seconds after the story's clock; the clock moves to its end.

        It starts at least ``AGAIN_S`` after its hand was back from the previous visit.
        """
        drawn: HandName = "left" if self.rng.random() < 0.33 else "right"
        hand = hand or drawn
        back = max((visit.end + AGAIN_S for visit in self._visits if visit.hand == hand), default=0.0)
        start = max(self.clock + delay, back)
        visit = PlannedVisit(situation=situation, start=start, side=side, hand=hand, actions=actions, pace=pace)
        self._visits.append(visit)
        self._wait(visit.end)
        return visit

    def throw(self, item: str, side: Side, spot: Spot) -> None:
        """An item flies in."""
        throw = Throw(start=self.clock, item=item, side=side, spot=spot)
        self._throws.append(throw)
        self._wait(throw.end)

    def bump(self) -> None:
        """The cart is hit and rings out."""
        strength = float(self.rng.uniform(3, 7) * self.rng.choice([-1, 1]))
        self._move(CartMove(kind="bump", start=self.clock, duration=BUMP_S, strength=strength))

    def roll(self) -> None:
        """The cart is pushed some way along the aisle."""
        duration, speed = self.rng.uniform(1.6, 3.0), self.rng.uniform(0.25, 0.7) * self.rng.choice([1, 1, -1])
        self._move(CartMove(kind="roll", start=self.clock, duration=float(duration), strength=float(speed)))

    def rooms(self, products: list[ProductModel]) -> list[Spot]:
        """A free spot for each of several products, or none at all."""
        taken = [(spot, self.items[name].footprint) for name, spot in self.standing.items()]
        spots: list[Spot] = []
        for product in products:
            spot = free_spot(self.rng, self.look.basket, product, taken)
            if spot is None:
                return []
            spots.append(spot)
            taken.append((spot, product.footprint))
        return spots

    def room(self, product: ProductModel) -> Spot | None:
        """A free spot for a product, or None."""
        return next(iter(self.rooms([product])), None)

    def any_spot(self, share: float = 0.6) -> Spot:
        """A spot within the middle ``share`` of the floor, free or not."""
        basket = self.look.basket
        x, y = basket.reach * share, basket.width * share
        return basket.middle + float(self.rng.uniform(-x, x)), float(self.rng.uniform(-y, y))

    def any_item(self) -> str:
        """One of the standing items."""
        return str(self.rng.choice(sorted(self.standing)))

    def side(self) -> Side:
        """A side from which a hand can come without passing through the camera."""
        camera_x, camera_y, _ = self.look.camera.place
        basket = self.look.basket
        if camera_x > basket.length:
            sides: tuple[Side, ...] = ("left", "right", "back", "back")
        elif abs(camera_y) > basket.width:
            sides = ("right", "front", "back") if camera_y > 0 else ("left", "front", "back")
        else:
            sides = ("left", "left", "right", "right", "front")
        return sides[int(self.rng.integers(len(sides)))]

    def pace(self) -> float:
        """The speed of a hand, 1 as usual."""
        return float(self.rng.uniform(0.8, 1.3))

    def story(self, tail: float = 1.2) -> Story:
        """The story so far, with ``tail`` seconds after the last of it."""
        ends = [visit.end for visit in self._visits]
        ends += [throw.end for throw in self._throws] + [move.end for move in self._moves]
        return Story(
            items=self.items,
            initial=self._initial,
            visits=tuple(sorted(self._visits, key=lambda visit: visit.start)),
            duration=max(ends, default=self.clock) + tail,
            heap=tuple(self._heap),
            throws=tuple(self._throws),
            moves=tuple(self._moves),
        )

    def _move(self, move: CartMove) -> None:
        self._moves.append(move)
        self._wait(move.end)

    def _wait(self, end: float) -> None:
        self.clock = max(self.clock, end) + float(self.rng.uniform(*self._pause))

    def _new(self, product: ProductModel) -> str:
        number = sum(1 for p in self.items.values() if p.label == product.label)
        name = f"{product.label}_{number}"
        self.items[name] = product
        return name

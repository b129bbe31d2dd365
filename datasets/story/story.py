"""The plot of a clip: the basket's initial contents, the visits with their purposes, and the throws."""

from dataclasses import dataclass

from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene.simulation import HandName
from smartcart.datasets.scene.stocking import Spot
from smartcart.datasets.story import reach
from smartcart.datasets.story.reach import Kind, Side
from smartcart.datasets.story.rolling import CartMove

THROW_S = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of a hand: put an item down at a spot, take it, touch it, or hover over a spot.

    Attributes:
        kind: the action.
        item: the item; None for an empty hand, or with ``grasp`` for the least covered item.
        spot: the place on the floor, for ``place`` and ``hover``.
        height: metres over the floor at which a hand hovers; None for within the basket.
        onto: the item on which this one is put, so that it hides it.
        beside: a second item in the same hand, put down in the same moment.
    """

    kind: Kind
    item: str | None = None
    spot: Spot | None = None
    height: float | None = None
    onto: str | None = None
    beside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVisit:
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
class Throw:
    """An item that flies in from a side towards a spot, with no hand in view."""

    start: float
    item: str
    side: Side
    spot: Spot

    @property
    def end(self) -> float:
        """When it has come to rest, in seconds."""
        return self.start + THROW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A clip's plot.

    Attributes:
        items: all products by name.
        initial: the items that stand in the basket at the start, with their spots.
        visits: the hands' visits in order.
        duration: seconds.
        heap: items dropped in before the start, as they fell.
        throws: items thrown in, in order.
        moves: bumps and rolls of the cart, in order.
    """

    items: dict[str, ProductModel]
    initial: dict[str, Spot]
    visits: tuple[PlannedVisit, ...]
    duration: float
    heap: tuple[str, ...] = ()
    throws: tuple[Throw, ...] = ()
    moves: tuple[CartMove, ...] = ()

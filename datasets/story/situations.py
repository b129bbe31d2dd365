"""The situations of a labelled clip: for each, one random visit appended to a plan."""

from collections.abc import Callable
from typing import Final

import numpy as np

from smartcart.datasets.errors import SimulatorError
from smartcart.datasets.products.products import ProductModel, Split
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.simulation import HandName
from smartcart.datasets.scene.stocking import Spot
from smartcart.datasets.scene.zone import edge_spots
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.plan import OPPOSITE, Plan
from smartcart.datasets.story.reach import Side
from smartcart.datasets.story.story import Action, Story

SLIM: Final = 0.036
TRIES: Final = 40
FEW_TRIES: Final = 6


def single_add(plan: Plan) -> bool:
    """Brings a random product."""
    product = plan.pick()
    spot = plan.room(product)
    if spot is None:
        return False
    plan.add(product, spot, plan.side(), pace=plan.pace())
    return True


def single_remove(plan: Plan) -> bool:
    """Takes a random item."""
    if not plan.standing:
        return False
    plan.remove(plan.any_item(), plan.side(), pace=plan.pace())
    return True


def touch(plan: Plan) -> bool:
    """Touches a random item."""
    if not plan.standing:
        return False
    plan.touch(plan.any_item(), plan.side(), pace=plan.pace())
    return True


def empty_hand(plan: Plan) -> bool:
    """A hand reaches in, hovers and leaves."""
    plan.visit("empty_hand", plan.side(), (Action(kind="hover", spot=plan.any_spot()),), pace=plan.pace())
    return True


def swap(plan: Plan) -> bool:
    """A hand brings one product and takes another item out on the same visit."""
    product = plan.pick()
    spot = plan.room(product)
    if not plan.standing or spot is None:
        return False
    old = plan.any_item()
    del plan.standing[old]
    plan.visit("swap", plan.side(), (plan.place(product, spot), Action(kind="grasp", item=old)), pace=plan.pace())
    return True


def two_at_once(plan: Plan) -> bool:
    """Two things in one hand, or two hands at a time that both bring or both take something."""
    if plan.rng.random() < 0.3:
        return _two_in_one_hand(plan)
    taking = len(plan.standing) >= 2 and plan.rng.random() < 0.5
    chosen = _two_grasps(plan) if taking else _two_places(plan)
    hands: tuple[HandName, HandName] = ("left", "right") if plan.rng.random() < 0.5 else ("right", "left")
    sides: tuple[Side, Side] = ("left", "right")
    start = plan.clock
    for action, side, hand in zip(chosen, sides, hands, strict=False):
        plan.clock = start + float(plan.rng.uniform(0, 0.35))
        plan.visit("two_at_once", side, (action,), hand=hand)
    return bool(chosen)


def same_twice(plan: Plan) -> bool:
    """The same product twice in a row."""
    product = plan.pick()
    spots = plan.rooms([product, product])
    for spot in spots:
        plan.visit("same_twice", plan.side(), (plan.place(product, spot),), pace=plan.pace())
    return bool(spots)


def rearrange(plan: Plan) -> bool:
    """A hand takes an item and puts it down elsewhere in the basket."""
    if not plan.standing:
        return False
    name = plan.any_item()
    spot = plan.room(plan.items[name])
    if spot is None:
        return False
    plan.standing[name] = spot
    actions = Action(kind="grasp", item=name), Action(kind="place", item=name, spot=spot)
    plan.visit("rearrange", plan.side(), actions, pace=plan.pace())
    return True


def hesitate(plan: Plan) -> bool:
    """A hand stops at the rim or over the basket, mostly with an item, and leaves with it."""
    item = plan.bring(plan.pick()) if plan.rng.random() < 0.75 else None
    side, basket = plan.side(), plan.look.basket
    x, y = plan.any_spot(0.7)
    if plan.rng.random() < 0.7:  # at the rim that the hand comes over
        along, across = basket.length * 0.85, basket.width * 0.85
        x, y = {"front": (along, y), "back": (-along, y), "left": (x, across), "right": (x, -across)}[side]
    tall = max(plan.items[item].half) if item else 0.0
    height = basket.depth + float(plan.rng.uniform(0.0, 0.05)) + min(tall, 0.1)
    plan.visit("hesitate", side, (Action(kind="hover", item=item, spot=(x, y), height=height),), pace=plan.pace() * 0.9)
    return True


def thrown_in(plan: Plan) -> bool:
    """An item flies in from outside the picture."""
    item, spot = plan.bring(plan.pick()), plan.any_spot(0.5)
    plan.throw(item, plan.side(), spot)
    plan.standing[item] = spot
    return True


def covered(plan: Plan) -> bool:
    """A larger item is put on top of a smaller one, which nobody can reach after that."""
    for _ in range(TRIES):
        product = plan.pick()
        under = [name for name in sorted(plan.standing) if _covers(product, plan.items[name])]
        if under:
            below = str(plan.rng.choice(under))
            spot = plan.standing.pop(below)
            item = plan.bring(product)
            action = Action(kind="place", item=item, spot=spot, onto=below)
            plan.visit("covered", plan.side(), (action,), pace=plan.pace())
            plan.standing[item] = spot
            return True
    return False


def full_basket(plan: Plan) -> bool:
    """One more on the heap, or the least covered item off it."""
    if plan.heaped and plan.rng.random() < 0.45:
        plan.heaped -= 1
        action = Action(kind="grasp")
    else:
        action = Action(kind="place", item=plan.bring(plan.pick()), spot=plan.any_spot(0.6))
        plan.heaped += 1
    plan.visit("full_basket", plan.side(), (action,), pace=plan.pace())
    return True


def half_out(plan: Plan) -> bool:
    """An item is put where the picture's border cuts it."""
    for _ in range(FEW_TRIES):
        product = plan.pick()
        taken = [(spot, plan.items[name].footprint) for name, spot in plan.standing.items()]
        spots = edge_spots(plan.look, product, taken)
        if spots:
            spot: Spot = spots[int(plan.rng.integers(len(spots)))]
            plan.visit("half_out", plan.side(), (plan.place(product, spot),), pace=plan.pace())
            return True
    return False


def second_hand(plan: Plan) -> bool:
    """While one hand brings or takes something, another crosses with nothing in it."""
    side = plan.side()
    product = plan.pick()
    spot = plan.room(product)
    if plan.standing and plan.rng.random() < 0.5:
        name = plan.any_item()
        del plan.standing[name]
        action = Action(kind="grasp", item=name)
    elif spot is not None:
        action = plan.place(product, spot)
    else:
        return False
    hands: tuple[HandName, HandName] = ("left", "right") if plan.rng.random() < 0.5 else ("right", "left")
    first = plan.visit("second_hand", side, (action,), hand=hands[0], pace=plan.pace())
    plan.clock = first.start + float(plan.rng.uniform(0.2, 1.2))
    hover = Action(kind="hover", spot=plan.any_spot(0.7), height=plan.look.basket.depth * plan.rng.uniform(0.3, 1.1))
    plan.visit("second_hand", OPPOSITE[side], (hover,), hand=hands[1], pace=1.2)
    return True


def cart_moved(plan: Plan) -> bool:
    """The cart is bumped, or rolls on."""
    if plan.rng.random() < 0.4:
        plan.bump()
    else:
        plan.roll()
    return True


def _two_in_one_hand(plan: Plan) -> bool:
    """Two slim things side by side in one hand."""
    for _ in range(TRIES):
        product = plan.pick()
        spot = plan.room(product)
        if spot is not None and _slim(product):
            action = plan.place(product, spot)
            beside = plan.bring(product)
            plan.standing[beside] = spot
            both = Action(kind="place", item=action.item, spot=spot, beside=beside)
            plan.visit("two_at_once", plan.side(), (both,), pace=plan.pace())
            return True
    return False


def _two_grasps(plan: Plan) -> list[Action]:
    """The leftmost (+y) and the rightmost item."""
    names = sorted(plan.standing, key=lambda name: -plan.standing[name][1])
    for name in (names[0], names[-1]):
        del plan.standing[name]
    return [Action(kind="grasp", item=name) for name in (names[0], names[-1])]


def _two_places(plan: Plan) -> list[Action]:
    """One new item for each half of the basket, left (+y) first; none when there is no room."""
    products = [plan.pick() for _ in range(2)]
    for _ in range(12):
        spots = plan.rooms(products)
        if spots and spots[0][1] - spots[1][1] > 0.1:
            return [plan.place(product, spot) for product, spot in zip(products, spots, strict=True)]
    return []


def _slim(product: ProductModel) -> bool:
    return max(product.half[0], product.half[1]) < SLIM and product.half[2] < 0.09


def _covers(product: ProductModel, below: ProductModel) -> bool:
    """True if a product, laid flat, hides another that stands under it."""
    thin, *wide = sorted(product.half)
    return thin < 0.05 and min(wide) > below.footprint * 0.9 and product.solid == "box" and below.half[2] < 0.065


RANDOM: Final[dict[str, Callable[[Plan], bool]]] = {
    "single_add": single_add,
    "single_remove": single_remove,
    "swap": swap,
    "two_at_once": two_at_once,
    "same_twice": same_twice,
    "touch": touch,
    "rearrange": rearrange,
    "hesitate": hesitate,
    "empty_hand": empty_hand,
    "thrown_in": thrown_in,
    "covered": covered,
    "full_basket": full_basket,
    "half_out": half_out,
    "second_hand": second_hand,
    "cart_moved": cart_moved,
}
IDLE: Final = frozenset({"touch", "rearrange", "hesitate", "empty_hand", "cart_moved"})


def one_visit(
    rng: np.random.Generator, look: SceneDescription, split: Split, situation: str, props: Props = PLAIN
) -> Story:
    """One visit of a situation.

    Raises:
        SimulatorError: this scene has no room for the situation.
    """
    for _ in range(FEW_TRIES):
        plan = Plan(rng, look, split, props=props)
        _stock(plan, situation)
        if RANDOM[situation](plan):
            return plan.story()
    raise SimulatorError(f"this basket has no room for {situation}; take another seed")


def _stock(plan: Plan, situation: str) -> None:
    if situation == "full_basket":
        plan.heap(int(plan.rng.integers(9, 17)))
    elif situation in ("single_add", "empty_hand", "hesitate", "thrown_in", "half_out"):
        plan.stock(int(plan.rng.integers(0, 4)))
    else:
        plan.stock(int(plan.rng.integers(2, 6)))

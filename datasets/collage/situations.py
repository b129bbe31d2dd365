"""The situations of a collage clip: for each, one random visit appended to a plan."""

from collections.abc import Callable
from typing import Final

import numpy as np

from smartcart.datasets.collage.canvas import Place
from smartcart.datasets.collage.hand_way import HandTarget, Side
from smartcart.datasets.collage.plan import SIDES, CollagePlan
from smartcart.datasets.collage.thing import Thing

OPPOSITE: Final[dict[Side, Side]] = {"up": "down", "down": "up", "left": "right", "right": "left"}
COVERS: Final = 1.1
BESIDE: Final = 0.9
TRIES: Final = 12
EVENTS: Final = (3, 6)
MOST_IDLE: Final = 2
IDLE: Final = frozenset({"touch", "rearrange", "hesitate", "empty_hand", "cart_moved"})
SHARES: Final = {
    "single_add": 6.0,
    "single_remove": 4.0,
    "swap": 1.0,
    "two_at_once": 1.2,
    "same_twice": 0.8,
    "touch": 1.0,
    "rearrange": 1.0,
    "hesitate": 1.0,
    "empty_hand": 0.8,
    "thrown_in": 0.7,
    "covered": 0.7,
    "second_hand": 0.8,
    "cart_moved": 0.8,
    "half_out": 0.5,
}
FULL_SHARE: Final = 0.12
HEAP: Final = (9, 15)
IN_A_HEAP: Final = frozenset({"single_add", "single_remove", "swap", "covered", "half_out"})


def single_add(plan: CollagePlan) -> bool:
    """Brings something."""
    brought = _brought(plan)
    if brought is not None:
        plan.visit("single_add", [_placing(*brought)])
    return brought is not None


def single_remove(plan: CollagePlan) -> bool:
    """Takes something out."""
    if plan.standing:
        plan.visit("single_remove", [_grasping(plan, plan.any_standing())])
        return True
    return False


def swap(plan: CollagePlan) -> bool:
    """Brings one thing and takes another out on the same visit."""
    brought = _brought(plan) if plan.standing else None
    if brought is not None:
        plan.visit("swap", [_placing(*brought), _grasping(plan, plan.any_standing())])
    return brought is not None


def two_at_once(plan: CollagePlan) -> bool:
    """Two things in one hand, or two hands that both bring or both take something."""
    if plan.rng.random() < 0.35:
        return _two_in_one_hand(plan)
    if len(plan.standing) >= 2 and plan.rng.random() < 0.5:
        chosen = sorted(plan.standing, key=lambda thing: plan.standing[thing].x)
        targets = [_grasping(plan, chosen[0]), _grasping(plan, chosen[-1])]
    else:
        targets = _two_places(plan)
    begin = plan.clock
    hands: list[tuple[Side, bool]] = [("left", False), ("right", True)]
    for target, (side, other) in zip(targets, hands, strict=False):
        start = begin + float(plan.rng.uniform(0, 0.35))
        plan.visit("two_at_once", [target], side=side, start=start, hand=plan.other_hand() if other else None)
    return bool(targets)


def same_twice(plan: CollagePlan) -> bool:
    """The same product twice in a row."""
    brought = _brought(plan)
    if brought is None:
        return False
    plan.visit("same_twice", [_placing(*brought)])
    again = plan.thing(brought[0].cutout)
    place = plan.room(again)
    if place is not None:
        plan.visit("same_twice", [_placing(again, place)])
    return True


def touch(plan: CollagePlan) -> bool:
    """Touches something in the basket."""
    if plan.standing:
        thing = plan.any_standing()
        place = plan.standing[thing]
        plan.visit("touch", [HandTarget(kind="touch", spot=(place.x, place.y))])
        return True
    return False


def empty_hand(plan: CollagePlan) -> bool:
    """A hand reaches in, hovers and leaves."""
    plan.visit("empty_hand", [HandTarget(kind="hover", spot=plan.any_spot())])
    return True


def hesitate(plan: CollagePlan) -> bool:
    """A hand brings something, stops over the basket, and leaves with it."""
    x, y = plan.any_spot()
    if plan.gallery.held and plan.rng.random() < 0.6:
        held = plan.gallery.held[int(plan.rng.integers(len(plan.gallery.held)))]
        plan.visit("hesitate", [HandTarget(kind="hover", spot=(x, y))], hand=(held, False))
    else:
        load = {plan.thing(): Place(x=x, y=y, turn=float(plan.rng.uniform(-3, 3)))}
        plan.visit("hesitate", [HandTarget(kind="hover", spot=(x, y), load=load)])
    return True


def rearrange(plan: CollagePlan) -> bool:
    """A hand takes something and puts it down elsewhere in the basket."""
    if not plan.standing:
        return False
    thing = plan.any_standing()
    place = plan.room(thing)
    if place is None:
        return False
    plan.visit("rearrange", [_grasping(plan, thing), _placing(thing, place)])
    return True


def thrown_in(plan: CollagePlan) -> bool:
    """Something flies in."""
    brought = _brought(plan)
    if brought is not None:
        plan.throw(*brought, SIDES[int(plan.rng.integers(len(SIDES)))])
    return brought is not None


def covered(plan: CollagePlan) -> bool:
    """A larger thing is put on a smaller one, which is out of reach after that."""
    for _ in range(TRIES):
        thing = plan.thing()
        below = [other for other in plan.standing if thing.radius > COVERS * other.radius]
        if below:
            under = below[int(plan.rng.integers(len(below)))]
            place = plan.standing.pop(under)
            plan.buried[under] = place
            plan.visit("covered", [_placing(thing, Place(x=place.x, y=place.y, turn=float(plan.rng.uniform(-3, 3))))])
            return True
        plan.things.remove(thing)
    return False


def half_out(plan: CollagePlan) -> bool:
    """Something is put down so that part of it extends beyond the picture."""
    for _ in range(TRIES):
        thing = plan.thing()
        place = plan.over_the_edge(thing)
        if place is not None:
            plan.visit("half_out", [_placing(thing, place)])
            return True
        plan.things.remove(thing)
    return False


def full_basket(plan: CollagePlan) -> bool:
    """Something is put onto a heap, or taken from the top of it; the heap is there from the start or not at all."""
    if not plan.heaped:
        if plan.reaches or plan.events or plan.distractors:
            return False
        plan.heap(int(plan.rng.integers(*HEAP)))
    if plan.standing and plan.rng.random() < 0.45:
        plan.visit("full_basket", [_grasping(plan, plan.any_standing())])
        return True
    thing = plan.thing()
    spot = plan.stage.room(plan.rng, thing.radius, ())
    if spot is None:
        plan.things.remove(thing)
        return False
    plan.visit("full_basket", [_placing(thing, Place(x=spot[0], y=spot[1], turn=float(plan.rng.uniform(-3, 3))))])
    plan.bury()
    return True


def second_hand(plan: CollagePlan) -> bool:
    """While one hand brings or takes something, another crosses with nothing in it."""
    if plan.standing and plan.rng.random() < 0.5:
        target = _grasping(plan, plan.any_standing())
    else:
        brought = _brought(plan)
        if brought is None:
            return False
        target = _placing(*brought)
    begin = plan.clock
    plan.visit("second_hand", [target])
    start = begin + float(plan.rng.uniform(0.2, 1.2))
    hover = HandTarget(kind="hover", spot=plan.any_spot())
    plan.visit("second_hand", [hover], side=OPPOSITE[plan.side], start=start, hand=plan.stranger())
    return True


def cart_moved(plan: CollagePlan) -> bool:
    """The cart is bumped, or rolls on."""
    plan.bump()
    return True


RANDOM: Final[dict[str, Callable[[CollagePlan], bool]]] = {
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
    "half_out": half_out,
    "full_basket": full_basket,
    "second_hand": second_hand,
    "cart_moved": cart_moved,
}


def fill(plan: CollagePlan) -> None:
    """A few things at the start, then visits of all kinds, few of them idle, until enough has happened."""
    full = plan.rng.random() < FULL_SHARE
    if full:
        plan.heap(int(plan.rng.integers(*HEAP)))
    else:
        plan.stock(int(plan.rng.integers(0, 4)))
    wanted = int(plan.rng.integers(*EVENTS))
    for _ in range(4 * EVENTS[1]):
        if len(plan.events) >= wanted:
            return
        names = [name for name in SHARES if len(plan.distractors) < MOST_IDLE or name not in IDLE]
        shares = np.array([SHARES[name] for name in names])
        name = str(plan.rng.choice(names, p=shares / shares.sum()))
        RANDOM["full_basket" if full and name in IN_A_HEAP else name](plan)


def _brought(plan: CollagePlan) -> tuple[Thing, Place] | None:
    """Something new with a free place for it."""
    for _ in range(TRIES):
        thing = plan.thing()
        place = plan.room(thing)
        if place is not None:
            return thing, place
        plan.things.remove(thing)
    return None


def _placing(thing: Thing, place: Place) -> HandTarget:
    return HandTarget(kind="place", spot=(place.x, place.y), load={thing: place})


def _grasping(plan: CollagePlan, thing: Thing) -> HandTarget:
    place = plan.standing[thing]
    return HandTarget(kind="grasp", spot=(place.x, place.y), load={thing: place})


def _two_in_one_hand(plan: CollagePlan) -> bool:
    """Two of a small product side by side in one hand."""
    for _ in range(TRIES):
        first = plan.thing()
        second = plan.thing(first.cutout)
        gap = first.radius + second.radius
        spot = plan.stage.room(plan.rng, gap, [((p.x, p.y), t.radius) for t, p in plan.standing.items()])
        if spot is not None and gap < 0.2 * 480:
            along = (1.0, 0.0) if plan.side in ("up", "down") else (0.0, 1.0)
            dx, dy = (gap * BESIDE / 2 * way for way in along)
            load = {first: Place(x=spot[0] - dx, y=spot[1] - dy), second: Place(x=spot[0] + dx, y=spot[1] + dy)}
            plan.visit("two_at_once", [HandTarget(kind="place", spot=spot, load=load)])
            return True
        plan.things.remove(first)
        plan.things.remove(second)
    return False


def _two_places(plan: CollagePlan) -> list[HandTarget]:
    """Two new things, the left one first; none when there is no room."""
    first = _brought(plan)
    if first is None:
        return []
    plan.standing[first[0]] = first[1]  # so that the second finds another place
    second = _brought(plan)
    del plan.standing[first[0]]
    if second is None:
        plan.things.remove(first[0])
        return []
    return [_placing(*brought) for brought in sorted((first, second), key=lambda brought: brought[1].x)]

"""The contents of a clip: one visit of a situation, or a whole trip."""

from typing import Final

import numpy as np

from smartcart.datasets.products.products import Split
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.plan import Plan
from smartcart.datasets.story.situations import RANDOM, empty_hand, one_visit
from smartcart.datasets.story.story import Story

MOST_VISITS: Final = 20
IN_A_TRIP: Final = {
    "single_add": 6.0,
    "single_remove": 3.0,
    "swap": 1.0,
    "two_at_once": 1.0,
    "same_twice": 1.0,
    "touch": 1.2,
    "rearrange": 1.2,
    "hesitate": 1.0,
    "empty_hand": 1.0,
    "thrown_in": 0.6,
    "covered": 0.7,
    "half_out": 0.4,
    "second_hand": 0.8,
    "cart_moved": 1.2,
}


def random_story(
    rng: np.random.Generator, look: SceneDescription, split: Split, situation: str | None, props: Props = PLAIN
) -> Story:
    """One visit of a situation, or a trip of 5 to 20 visits when it is None.

    Raises:
        SimulatorError: this scene has no room for the situation.
    """
    return _trip(rng, look, split, props) if situation is None else one_visit(rng, look, split, situation, props)


def _trip(rng: np.random.Generator, look: SceneDescription, split: Split, props: Props) -> Story:
    """Visits of all kinds; short trips are likelier than long ones, and sometimes the basket is full."""
    plan = Plan(rng, look, split, props=props)
    visits = int(min(rng.geometric(0.2) + 4, MOST_VISITS))
    full = rng.random() < 0.12
    if full:
        plan.heap(int(rng.integers(9, 14)))
    else:
        plan.stock(int(rng.integers(0, 3)))
    weights = np.array(list(IN_A_TRIP.values()))
    for name in rng.choice(list(IN_A_TRIP), size=visits, p=weights / weights.sum()):
        wanted = "full_basket" if full and name in ("single_add", "single_remove", "covered", "swap") else str(name)
        if not RANDOM[wanted](plan):
            empty_hand(plan)
    return plan.story()

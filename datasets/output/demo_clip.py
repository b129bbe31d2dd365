"""The clip shipped for ``smartcart demo``: one fixed scene and story.

Its products are variants of the test split, which no training picture shows.
"""

import numpy as np

from smartcart.datasets.output.clip import Script
from smartcart.datasets.products.products import product
from smartcart.datasets.scene.camera import Camera, Lens, Sensor
from smartcart.datasets.scene.description import BasketShape, Person, SceneDescription
from smartcart.datasets.scene.hands import CUFF
from smartcart.datasets.story.plan import Plan
from smartcart.datasets.story.story import Story

SEED = 424_242
PACE = 0.85


def _look() -> SceneDescription:
    """A red wire cart, well lit, seen from a mast on its handle."""
    return SceneDescription(
        basket=BasketShape(length=0.30, width=0.22, depth=0.24),
        camera=Camera(
            lens=Lens(width=640, height=480, fov=55.0, barrel=0.04),
            place=(-0.41, 0.0, 0.60),
            target=(0.065, 0.0, 0.07),
        ),
        sensor=Sensor(gain=1.12, balance=(1.0, 0.99, 0.97), saturation=0.95, noise=0.006, vignette=0.12, quality=100),
        person=Person(skin=(214, 160, 132), sleeve=(40, 56, 98), sleeve_start=CUFF),
        ambient=0.36,
        lamp=(0.56, 0.56, 0.54),
        lamp_from=(-0.7, -0.45, 2.2),
        fill=0.24,
        art_seed=SEED,
    )


def demo_script() -> Script:
    """The demo's clip; rendering it again gives the same contents."""
    return Script(name="demo", look=_look(), story=_story(), fps=30.0, seed=SEED, crf=27)


def _story() -> Story:
    """Carton, bottle and can come, a touch changes nothing, the bottle goes, an apple comes."""
    plan = Plan(np.random.default_rng(SEED), _look(), "test", lead=0.6, pause=(0.2, 0.3))
    plan.add(product("test", "milk_carton", 2), (0.14, 0.105), "left", pace=PACE)
    bottle = plan.add(product("test", "juice_bottle", 0), (0.05, -0.125), "right", pace=PACE)
    can = plan.add(product("test", "soda_can", 0), (-0.08, 0.025), "left", pace=PACE)
    plan.touch(can, "left", pace=PACE)
    plan.remove(bottle, "right", pace=PACE)
    plan.add(product("test", "apple", 0), (-0.08, -0.075), "right", pace=PACE)
    return plan.story(tail=0.6)

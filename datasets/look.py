"""How a scene looks: sizes, colours, light and camera, drawn by chance.

World frame: the origin is the middle of the basket's floor, x points away from the handle, z up; metres.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.datasets import art, hands
from smartcart.datasets.art import Colour
from smartcart.datasets.camera import Camera, Lens, Sensor, draw_sensor

CART_COLOURS: Final[tuple[Colour, ...]] = (
    (190, 22, 24),
    (24, 62, 170),
    (22, 120, 60),
    (120, 122, 126),
    (40, 42, 46),
    (226, 120, 20),
)
SKINS: Final[tuple[Colour, ...]] = (
    (236, 190, 164),
    (222, 168, 138),
    (205, 150, 122),
    (178, 122, 92),
    (140, 92, 66),
    (98, 62, 46),
    (70, 45, 36),
)


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Half length and half width of the opening and the depth, in metres; wire, or plastic bars."""

    length: float
    width: float
    depth: float
    plastic: bool = False
    colour: Colour = CART_COLOURS[0]


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything about a scene that is not a product: the same look, the same surroundings."""

    basket: Basket
    camera: Camera
    sensor: Sensor
    skin: Colour
    sleeve: Colour | None
    sleeve_start: float
    ambient: float
    lamp: tuple[float, float, float]
    lamp_from: tuple[float, float, float]
    fill: float
    art_seed: int


def draw_look(rng: np.random.Generator, *, width: int = 640, height: int = 480) -> Look:
    """A cart, a camera on it, a shop and a shopper, by chance."""
    basket = Basket(
        length=float(rng.uniform(0.28, 0.40)),
        width=float(rng.uniform(0.20, 0.27)),
        depth=float(rng.uniform(0.24, 0.34)),
        plastic=bool(rng.random() < 0.3),
        colour=CART_COLOURS[int(rng.integers(len(CART_COLOURS)))],
    )
    warm = float(rng.normal(0, 0.05))
    strength = float(rng.uniform(0.38, 0.72))
    return Look(
        basket=basket,
        camera=_draw_camera(rng, basket, width, height),
        sensor=draw_sensor(rng),
        skin=_varied(rng, SKINS[int(rng.integers(len(SKINS)))], 10),
        sleeve=None if rng.random() < 0.25 else _varied(rng, art.vivid(rng, dark=rng.random() < 0.6), 0),
        sleeve_start=float(rng.choice([hands.CUFF, hands.CUFF, 0.24, 0.34])),
        ambient=float(rng.uniform(0.24, 0.42)),
        lamp=(strength * (1 + warm), strength, strength * (1 - warm)),
        lamp_from=(float(rng.uniform(-0.7, 0.7)), float(rng.uniform(-0.7, 0.7)), 2.4),
        fill=float(rng.uniform(0.12, 0.32)),
        art_seed=int(rng.integers(2**31)),
    )


def _varied(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    r, g, b = np.clip(np.array(colour) + rng.normal(0, spread, 3) * 0.5 + rng.normal(0, spread), 0, 255)
    return int(r), int(g), int(b)


def _draw_camera(rng: np.random.Generator, basket: Basket, width: int, height: int) -> Camera:
    """On the handle, a mast behind it, or a side rim, looking down into the basket."""
    lens = Lens(width=width, height=height, fov=float(rng.uniform(42, 70)), barrel=float(rng.uniform(0, 0.12)))
    kind = rng.random()
    if kind < 0.7:
        place = (
            -basket.length - rng.uniform(0.02, 0.16),
            rng.uniform(-0.14, 0.14),
            basket.depth + rng.uniform(0.15, 0.42),
        )
    else:
        side = float(rng.choice([-1.0, 1.0]))
        place = (
            rng.uniform(-0.2, 0.2),
            side * (basket.width + rng.uniform(0.06, 0.2)),
            basket.depth + rng.uniform(0.22, 0.42),
        )
    target = (rng.uniform(-0.03, 0.1), rng.uniform(-0.05, 0.05), rng.uniform(0.0, 0.12))
    return Camera(
        lens=lens,
        place=(float(place[0]), float(place[1]), float(place[2])),
        target=(float(target[0]), float(target[1]), float(target[2])),
        roll=float(rng.normal(0, 0.04)),
    )

"""A cart, a camera on it, a shop and shoppers, drawn by chance."""

import dataclasses
from typing import Final

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.textures import Colour
from smartcart.datasets.scene import hands
from smartcart.datasets.scene.camera import Camera, Lens, draw_sensor
from smartcart.datasets.scene.description import RED, BasketShape, Person, SceneDescription
from smartcart.datasets.scene.people import draw_passers, shopper
from smartcart.datasets.scene.shadows import draw_shade

CART_COLOURS: Final[tuple[Colour, ...]] = (
    RED,
    (24, 62, 170),
    (22, 120, 60),
    (120, 122, 126),
    (40, 42, 46),
    (226, 120, 20),
    (236, 196, 30),
    (20, 140, 150),
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
BAGS: Final[tuple[Colour, ...]] = ((196, 164, 120), (230, 226, 214), (40, 44, 52), (52, 96, 66), (60, 74, 130))
GLOVES: Final[tuple[Colour, ...]] = ((70, 110, 190), (30, 30, 34), (232, 232, 236), (140, 60, 60), (110, 112, 116))
FOV: Final = (60.0, 110.0)
SECOND_PERSON: Final = 0.3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mood:
    """How the shop is lit.

    Attributes:
        share: how often.
        lamp: least and most strength of the lamp.
        tint: red and blue of the lamp for a green of 1.
        ambient: factor on the light from all sides.
        gain: factor on the camera's exposure.
        noise: factor on its noise.
        gloss: how much the lamps mirror in shiny things.
    """

    share: float
    lamp: tuple[float, float] = (0.38, 0.72)
    tint: tuple[float, float] = (1.0, 1.0)
    ambient: float = 1.0
    gain: float = 1.0
    noise: float = 1.0
    gloss: float = 0.3


MOODS: Final = (
    Mood(share=0.50),
    Mood(share=0.14, lamp=(0.18, 0.32), ambient=0.5, gain=1.35, noise=1.7),
    Mood(share=0.13, tint=(1.18, 0.74)),
    Mood(share=0.12, tint=(0.86, 1.16)),
    Mood(share=0.11, lamp=(0.72, 0.95), ambient=0.8, gain=1.15, gloss=0.95),
)


def draw_look(rng: np.random.Generator, *, width: int = 640, height: int = 480) -> SceneDescription:
    """One scene for a picture of this size."""
    basket = _draw_basket(rng)
    mood = MOODS[int(rng.choice(len(MOODS), p=[m.share for m in MOODS]))]
    warm, strength = float(rng.normal(0, 0.05)), float(rng.uniform(*mood.lamp))
    camera = draw_camera(rng, basket, width, height)
    passers = draw_passers(rng, SKINS)
    if camera.place[0] > -basket.length:  # such a camera sees the person who pushes
        passers += (shopper(rng, basket.length + 0.55, SKINS),)
    sensor = draw_sensor(rng)
    return SceneDescription(
        basket=basket,
        camera=camera,
        sensor=dataclasses.replace(sensor, gain=sensor.gain * mood.gain, noise=sensor.noise * mood.noise),
        person=_draw_person(rng),
        second=_draw_person(rng) if rng.random() < SECOND_PERSON else None,
        ambient=float(rng.uniform(0.24, 0.42)) * mood.ambient,
        lamp=(strength * (1 + warm) * mood.tint[0], strength, strength * (1 - warm) * mood.tint[1]),
        lamp_from=(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-0.4, 0.4)), 2.4),  # flatter light causes moire
        fill=float(rng.uniform(0.12, 0.32)) * mood.ambient,
        gloss=mood.gloss,
        passers=passers,
        shade=draw_shade(rng),
        art_seed=int(rng.integers(2**31)),
    )


def _draw_basket(rng: np.random.Generator) -> BasketShape:
    basket = BasketShape(
        length=float(rng.uniform(0.28, 0.42)),
        width=float(rng.uniform(0.20, 0.28)),
        depth=float(rng.uniform(0.22, 0.36)),
        plastic=bool(rng.random() < 0.35),
        colour=CART_COLOURS[int(rng.integers(len(CART_COLOURS)))],
        panelled=bool(rng.random() < 0.4),
        bag=float(rng.uniform(0.6, 1.04)) if rng.random() < 0.14 else 0.0,
        bag_colour=_varied(rng, BAGS[int(rng.integers(len(BAGS)))], 12),
    )
    seat = rng.random()
    if basket.length > 0.34 and seat < 0.22:
        return dataclasses.replace(basket, seat="open", panelled=basket.panelled and basket.plastic)
    return dataclasses.replace(
        basket, seat="folded" if seat < 0.55 else "none", panelled=basket.panelled and basket.plastic
    )


def _draw_person(rng: np.random.Generator) -> Person:
    """An adult or sometimes a child; a bare hand, or sometimes a glove."""
    sleeve = None if rng.random() < 0.25 else _varied(rng, textures.vivid(rng, dark=bool(rng.random() < 0.6)), 0)
    start = float(rng.choice([hands.CUFF, hands.CUFF, 0.24, 0.34]))
    glove = rng.random() < 0.08
    bare = sleeve is None or start > 0.22
    return Person(
        skin=_varied(rng, SKINS[int(rng.integers(len(SKINS)))], 10),
        sleeve=sleeve,
        sleeve_start=start,
        size=float(rng.uniform(0.72, 0.84) if rng.random() < 0.14 else rng.uniform(0.94, 1.07)),
        glove=_varied(rng, GLOVES[int(rng.integers(len(GLOVES)))], 8) if glove else None,
        ring=bool(rng.random() < 0.3 and not glove),
        watch=(30, 30, 34) if bare and rng.random() < 0.3 else None,
    )


def _varied(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    r, g, b = np.clip(np.array(colour) + rng.normal(0, spread, 3) * 0.5 + rng.normal(0, spread), 0, 255)
    return int(r), int(g), int(b)


def draw_camera(rng: np.random.Generator, basket: BasketShape, width: int, height: int) -> Camera:
    """On the handle, on a mast behind it, on a side rim or on the front rim, looking down into the basket.

    The lens is named by its field of view across the picture, as on a data sheet.
    """
    across = float(rng.uniform(*FOV))
    fov = float(np.degrees(2 * np.arctan(np.tan(np.radians(across) / 2) * height / width)))
    lens = Lens(width=width, height=height, fov=fov, barrel=float(rng.uniform(0, 0.11 if across > 85 else 0.14)))
    near = 1.0 - 0.4 * (across - FOV[0]) / (FOV[1] - FOV[0])  # wide lenses sit closer
    ln, w, h = basket.length, basket.width, basket.depth
    kind = rng.random()
    if kind < 0.62:
        low, high = (0.12, 0.24) if rng.random() < 0.3 else (0.26, 0.52)
        place = -ln - rng.uniform(0.02, 0.18) * near, rng.uniform(-0.14, 0.14), h + rng.uniform(low, high) * near
    elif kind < 0.9:
        side = float(rng.choice([-1.0, 1.0]))
        place = rng.uniform(-0.2, 0.2), side * (w + rng.uniform(0.04, 0.2) * near), h + rng.uniform(0.16, 0.5) * near
    else:
        place = ln + rng.uniform(0.04, 0.2) * near, rng.uniform(-0.1, 0.1), h + rng.uniform(0.18, 0.5) * near
    aim = basket.middle if kind >= 0.62 else 0.0
    target = aim + rng.uniform(-0.03, 0.1), rng.uniform(-0.05, 0.05), rng.uniform(0.0, 0.12)
    return Camera(
        lens=lens,
        place=(float(place[0]), float(place[1]), float(place[2])),
        target=(float(target[0]), float(target[1]), float(target[2])),
        roll=float(rng.normal(0, 0.04)),
    )

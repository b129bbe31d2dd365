"""Packed goods, one function a family: each makes a random variant with sizes, colours and label art."""

from typing import Final

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import block, lathe
from smartcart.datasets.products.parts import Body, Part, unit
from smartcart.datasets.products.textures import Colour

METAL: Final[Colour] = (158, 161, 167)


def water(rng: np.random.Generator) -> Body:
    tint = (int(rng.integers(195, 225)), int(rng.integers(215, 238)), int(rng.integers(228, 250)))
    big = rng.random() < 0.35
    return _bottle(
        rng,
        radius=0.043 if big else 0.033,
        height=0.30 if big else 0.215,
        body=(tint, float(rng.uniform(0.18, 0.34))),
        drink=None,
    )


def juice_bottle(rng: np.random.Generator) -> Body:
    drink = [(236, 140, 20), (200, 30, 40), (240, 200, 60), (150, 30, 80), (120, 170, 50), (225, 90, 40)]
    colour = drink[int(rng.integers(len(drink)))]
    return _bottle(rng, radius=0.035, height=0.20, body=(colour, 0.97), drink=None)


def cola(rng: np.random.Generator) -> Body:
    return _bottle(rng, radius=0.034, height=0.235, body=((46, 22, 14), 0.97), drink=None)


def green_bottle(rng: np.random.Generator) -> Body:
    glass = (int(rng.integers(10, 50)), int(rng.integers(75, 125)), int(rng.integers(30, 60)))
    return _bottle(rng, radius=0.035, height=0.265, body=(glass, 0.72), drink=(18, 50, 24))


def wine(rng: np.random.Generator) -> Body:
    glass: list[Colour] = [(18, 36, 24), (34, 20, 16), (70, 84, 30)]
    return _bottle(rng, radius=0.0375, height=0.30, body=(glass[int(rng.integers(3))], 0.97), drink=None)


def beer(rng: np.random.Generator) -> Body:
    glass: list[Colour] = [(92, 48, 14), (70, 36, 12), (30, 84, 40)]
    return _bottle(rng, radius=0.0305, height=0.235, body=(glass[int(rng.integers(3))], 0.94), drink=None)


def oil(rng: np.random.Generator) -> Body:
    oils: list[Colour] = [(214, 186, 60), (150, 150, 40), (190, 120, 30)]
    colour = oils[int(rng.integers(3))]
    return _bottle(rng, radius=0.036, height=0.27, body=(colour, 0.85), drink=colour)


def smoothie(rng: np.random.Generator) -> Body:
    fruit: list[Colour] = [(220, 90, 110), (120, 150, 50), (240, 170, 60), (130, 50, 110)]
    return _bottle(rng, radius=0.030, height=0.16, body=(fruit[int(rng.integers(4))], 0.98), drink=None)


def milk_bottle(rng: np.random.Generator) -> Body:
    return _bottle(rng, radius=0.041, height=0.235, body=((238, 238, 232), 1.0), drink=None)


def _can(rng: np.random.Generator, radius: float, height: float, paper: tuple[float, float], mass: float) -> Body:
    """A tin or drinks can: printed from one height to another (shares of the surface), bare metal above and below."""
    r, z = radius * rng.uniform(0.97, 1.03), height / 2
    shape = [(0.0, -z + 0.004), (r * 0.8, -z), (r * 0.86, -z), (r, -z + height * 0.05), (r, z - height * 0.07)]
    shape += [(r * 0.87, z - 0.002), (r * 0.87, z), (r * 0.8, z - 0.003), (0.0, z - 0.003)]
    length = 2 * r + height
    label = textures.wrap(rng, 512, int(512 * height * 0.88 / (2 * np.pi * r)), *inks(rng))
    lower, upper = (r + height * paper[0]) / length, (r + height * paper[1]) / length
    sheet = textures.turned(textures.bands(label, METAL, METAL, lower, upper), 1 - upper)
    tab = block(0.017, 0.010, 0.0012).moved(y=-r * 0.2, z=z - 0.0012)
    parts = (Part(mesh=lathe(shape), picture=sheet, shine=0.7), Part(mesh=tab, rgba=(0.5, 0.51, 0.53, 1.0), shine=0.9))
    return Body(mass_g=mass, solid="cylinder", half=(r, r, z), parts=parts)


def soda_can(rng: np.random.Generator) -> Body:
    return _can(rng, 0.033, 0.122, (0.04, 0.94), 350)


def slim_can(rng: np.random.Generator) -> Body:
    return _can(rng, 0.0285, 0.146, (0.04, 0.94), 270)


def soup_tin(rng: np.random.Generator) -> Body:
    return _can(rng, 0.0375, 0.11, (0.09, 0.91), 460)


def tuna_tin(rng: np.random.Generator) -> Body:
    return _can(rng, 0.0425, 0.04, (0.18, 0.82), 190)


def beer_can(rng: np.random.Generator) -> Body:
    return _can(rng, 0.0335, 0.168, (0.04, 0.94), 520)


def corn_tin(rng: np.random.Generator) -> Body:
    return _can(rng, 0.0375, 0.083, (0.10, 0.90), 330)


def pet_tin(rng: np.random.Generator) -> Body:
    return _can(rng, 0.049, 0.11, (0.08, 0.92), 850)


def _card(rng: np.random.Generator, width: float, depth: float, height: float, mass: float) -> Body:
    """A box of card."""
    w, d, h = width * rng.uniform(0.92, 1.08), depth * rng.uniform(0.92, 1.08), height * rng.uniform(0.92, 1.08)
    sheet = textures.atlas(rng, 224, *inks(rng))
    parts = (Part(mesh=block(w, d, h), picture=sheet, shine=0.2),)
    return Body(mass_g=mass, solid="box", half=(w / 2, d / 2, h / 2), parts=parts)


def cereal(rng: np.random.Generator) -> Body:
    return _card(rng, 0.185, 0.062, 0.27, 430)


def tea(rng: np.random.Generator) -> Body:
    return _card(rng, 0.13, 0.068, 0.075, 90)


def pasta(rng: np.random.Generator) -> Body:
    return _card(rng, 0.09, 0.042, 0.195, 510)


def crackers(rng: np.random.Generator) -> Body:
    return _card(rng, 0.085, 0.048, 0.20, 220)


def toothpaste_box(rng: np.random.Generator) -> Body:
    return _card(rng, 0.047, 0.038, 0.19, 115)


def pills(rng: np.random.Generator) -> Body:
    return _card(rng, 0.10, 0.028, 0.062, 45)


def chocolates(rng: np.random.Generator) -> Body:
    return _card(rng, 0.10, 0.024, 0.165, 210)


def rice_box(rng: np.random.Generator) -> Body:
    return _card(rng, 0.108, 0.052, 0.16, 520)


def washing_powder(rng: np.random.Generator) -> Body:
    return _card(rng, 0.155, 0.075, 0.215, 1250)


def jar(rng: np.random.Generator) -> Body:
    return _glass(rng, rng.uniform(0.034, 0.042), rng.uniform(0.085, 0.14))


def jam(rng: np.random.Generator) -> Body:
    return _glass(rng, rng.uniform(0.032, 0.038), rng.uniform(0.06, 0.085))


def pickles(rng: np.random.Generator) -> Body:
    return _glass(rng, rng.uniform(0.042, 0.05), rng.uniform(0.13, 0.17))


def sauce(rng: np.random.Generator) -> Body:
    return _glass(rng, rng.uniform(0.030, 0.036), rng.uniform(0.13, 0.16))


def _glass(rng: np.random.Generator, r: float, h: float) -> Body:
    """Coloured content in glass, a label and a metal lid."""
    z = -h / 2
    fills: list[Colour] = [(140, 20, 30), (220, 140, 30), (92, 50, 24), (110, 130, 50), (190, 50, 20), (235, 215, 170)]
    fill = fills[int(rng.integers(len(fills)))]
    body = [(0.0, z), (r * 0.9, z), (r, z + 0.008), (r, z + h * 0.74), (r * 0.8, z + h * 0.85), (0.0, z + h * 0.86)]
    lid = [(r * 0.86, z + h * 0.85), (r * 0.88, z + h * 0.86), (r * 0.88, z + h * 0.985), (r * 0.8, z + h), (0, z + h)]
    band = [(r + 0.0008, z + h * 0.15), (r + 0.0008, z + h * 0.62)]
    label = textures.wrap(rng, 512, int(512 * 0.47 * h / (2 * np.pi * r)), *inks(rng))
    lids: list[Colour] = [(200, 160, 40), (190, 20, 30), (240, 240, 240), (30, 90, 50), textures.vivid(rng)]
    parts = (
        Part(mesh=lathe(body), rgba=unit(fill), shine=0.9),
        Part(mesh=lathe(band), picture=label, shine=0.2),
        Part(mesh=lathe(lid), rgba=unit(lids[int(rng.integers(len(lids)))]), shine=0.6),
    )
    return Body(mass_g=float(1.25e6 * np.pi * r * r * h), solid="cylinder", half=(r, r, h / 2), parts=parts)


def tub(rng: np.random.Generator) -> Body:
    return _pot(rng, rng.uniform(0.042, 0.056), rng.uniform(0.06, 0.10))


def yoghurt(rng: np.random.Generator) -> Body:
    return _pot(rng, rng.uniform(0.030, 0.037), rng.uniform(0.06, 0.085))


def ice_cream(rng: np.random.Generator) -> Body:
    return _pot(rng, rng.uniform(0.048, 0.058), rng.uniform(0.10, 0.125))


def cream_cheese(rng: np.random.Generator) -> Body:
    return _pot(rng, rng.uniform(0.047, 0.056), rng.uniform(0.036, 0.052))


def _pot(rng: np.random.Generator, r: float, h: float) -> Body:
    """A yoghurt or spread tub: wider at the top, with a foil or plastic lid."""
    z, foot = -h / 2, rng.uniform(0.78, 0.88)
    wall = [(0.0, z), (r * foot, z), (r * 0.97, z + h * 0.93)]
    lid = [(r * 0.97, z + h * 0.92), (r, z + h * 0.93), (r, z + h * 0.985), (r * 0.9, z + h), (0.0, z + h * 0.985)]
    paper = textures.pale(rng)
    label = textures.wrap(
        rng, 512, int(512 * h / (2 * np.pi * r)), paper, textures.vivid(rng, dark=True), textures.vivid(rng)
    )
    start = r * foot / (r * foot + h)
    face = Part(mesh=lathe(wall), picture=textures.bands(label, paper, paper, start, 1.0), shine=0.3)
    top: Colour = [METAL, (245, 245, 245), textures.vivid(rng)][int(rng.integers(3))]
    parts = (face, Part(mesh=lathe(lid), rgba=unit(top), shine=0.4))
    return Body(mass_g=float(0.95e6 * np.pi * r * r * h), solid="cylinder", half=(r, r, h / 2), parts=parts)


def _bottle(
    rng: np.random.Generator, *, radius: float, height: float, body: tuple[Colour, float], drink: Colour | None
) -> Body:
    """A bottle: shell, drink inside if the shell is transparent, label band, cap."""
    r, h = radius * rng.uniform(0.93, 1.07), height * rng.uniform(0.94, 1.06)
    z0, neck, shoulder = -h / 2, 0.0125, rng.uniform(0.58, 0.72)
    waist = rng.uniform(0.93, 1.0)
    shape = [(0.0, z0), (r * 0.8, z0), (r, z0 + 0.008), (r, z0 + h * 0.22), (r * waist, z0 + h * 0.26)]
    shape += [(r * waist, z0 + h * 0.52), (r, z0 + h * 0.55), (r, z0 + h * shoulder)]
    curve = np.linspace(0, 1, 7)[1:]
    shape += [
        (neck + (r - neck) * (0.5 + 0.5 * np.cos(np.pi * c)), z0 + h * (shoulder + (0.91 - shoulder) * c))
        for c in curve
    ]
    shape += [(neck, z0 + h * 0.94)]
    cap = [(neck + 0.003, z0 + h * 0.935), (neck + 0.003, z0 + h * 0.998), (0.0, z0 + h)]
    band = [(r * waist + 0.0012, z0 + h * 0.26), (r * waist + 0.0012, z0 + h * 0.52)]
    label = textures.wrap(rng, 512, int(512 * 0.26 * h / (2 * np.pi * r)), *inks(rng))
    colour, opacity = body
    parts = [Part(mesh=lathe(shape), rgba=unit(colour, opacity), shine=0.9)]
    if drink is not None:
        inner = [(0.92 * x, max(z, z0 + 0.003)) for x, z in shape if z < z0 + h * 0.86]
        parts.insert(0, Part(mesh=lathe([*inner, (0.0, inner[-1][1])]), rgba=unit(drink, 1.0), shine=0.5))
    parts += [
        Part(mesh=lathe(band), picture=label, shine=0.3),
        Part(mesh=lathe(cap), rgba=unit(textures.vivid(rng) if rng.random() < 0.8 else (240, 240, 240)), shine=0.4),
    ]
    mass = 1e6 * np.pi * r * r * h * 0.78
    return Body(mass_g=float(mass), solid="cylinder", half=(r, r, h / 2), parts=tuple(parts))


def inks(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Distinguishable colours for paper, ink and accent: light on dark or dark on light."""
    if rng.random() < 0.6:
        return textures.vivid(rng), textures.pale(rng), textures.vivid(rng, dark=True)
    return textures.pale(rng), textures.vivid(rng, dark=True), textures.vivid(rng)

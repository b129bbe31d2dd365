"""Bread: loaves, baguettes, rolls, bagels and sliced toast in its bag."""

import cv2
import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import lathe, loft
from smartcart.datasets.products.parts import Body, Part, unit
from smartcart.datasets.products.textures import Colour, Picture


def _crust(rng: np.random.Generator, *, scores: int = 0, seeds: int = 0) -> Picture:
    """Crust from light to dark, scores cut into it, seeds on it."""
    browns: list[tuple[Colour, Colour]] = [
        ((176, 116, 58), (206, 156, 92)),
        ((140, 84, 40), (182, 128, 70)),
        ((196, 144, 84), (222, 182, 126)),
        ((104, 62, 34), (140, 92, 54)),
    ]
    base, other = browns[int(rng.integers(4))]
    sheet = textures.skin(rng, base, other, specks=60)
    for k in range(scores):
        row = int((k + 0.7) * sheet.shape[0] / (scores + 0.4))
        cv2.line(sheet, (20, row), (236, row - 26), (232, 204, 160), 7, cv2.LINE_AA)
    for _ in range(seeds):
        spot = int(rng.integers(256)), int(rng.integers(192))
        cv2.ellipse(sheet, spot, (2, 4), float(rng.uniform(0, 180)), 0, 360, (240, 226, 190), -1)
    return sheet


def _long(rng: np.random.Generator, half: tuple[float, float, float], sheet: Picture, mass: float) -> Body:
    """Bread that lies: thick in the middle, round at its ends."""
    x, y, z = half
    s = np.linspace(-1, 1, 19)
    swell = np.clip(1 - np.abs(s) ** 3.2, 0.02, 1) ** 0.5 * (1 + 0.025 * np.sin(s * rng.uniform(9, 15)))
    mesh = loft([(float(t * x), float(z * w), float(y * w)) for t, w in zip(s, swell, strict=True)], power=2.3).laid()
    return Body(mass_g=mass, solid="box", half=half, parts=(Part(mesh=mesh, picture=sheet, shine=0.06),))


def loaf(rng: np.random.Generator) -> Body:
    half = float(rng.uniform(0.10, 0.13)), float(rng.uniform(0.045, 0.055)), float(rng.uniform(0.036, 0.046))
    return _long(rng, half, _crust(rng, scores=int(rng.integers(0, 4)), seeds=int(rng.integers(0, 120))), 600)


def baguette(rng: np.random.Generator) -> Body:
    half = float(rng.uniform(0.15, 0.185)), float(rng.uniform(0.028, 0.034)), float(rng.uniform(0.024, 0.029))
    return _long(rng, half, _crust(rng, scores=int(rng.integers(3, 6))), 250)


def roll(rng: np.random.Generator) -> Body:
    half = float(rng.uniform(0.042, 0.055)), float(rng.uniform(0.036, 0.042)), float(rng.uniform(0.024, 0.030))
    return _long(rng, half, _crust(rng, scores=int(rng.integers(0, 2)), seeds=int(rng.choice([0, 0, 160]))), 75)


def bagel(rng: np.random.Generator) -> Body:
    hole, thick = rng.uniform(0.028, 0.034), rng.uniform(0.017, 0.021)
    angle = np.linspace(-np.pi, np.pi, 17)
    ring = [(float(hole + thick * np.cos(a)), float(thick * 0.9 * np.sin(a))) for a in angle]
    r = float(hole + thick)
    sheet = _crust(rng, seeds=int(rng.choice([0, 200])))
    return Body(
        mass_g=95,
        solid="cylinder",
        half=(r, r, float(thick * 0.9)),
        parts=(Part(mesh=lathe(ring), picture=sheet, shine=0.15),),
    )


def toast(rng: np.random.Generator) -> Body:
    """Slices in a printed bag that is gathered at one end."""
    x, y, z = rng.uniform(0.10, 0.125), rng.uniform(0.048, 0.055), rng.uniform(0.048, 0.056)
    wrapper = textures.vivid(rng) if rng.random() < 0.6 else textures.pale(rng)
    label = textures.wrap(rng, 512, 340, wrapper, textures.pale(rng), textures.vivid(rng, dark=True))
    bread: Colour = (214, 170, 112)
    sheet = textures.bands(label, bread, bread, 0.22, 0.80)
    body = [(-x, 0.0, 0.0), (-x, z * 0.93, y * 0.93), (-x * 0.97, z, y), (x * 0.78, z * 0.98, y * 0.98)]
    body += [(x * 0.86, z * 0.7, y * 0.7), (x * 0.93, z * 0.16, y * 0.16)]
    tail = [(x * 0.92, z * 0.14, y * 0.14), (x * 1.12, z * 0.34, y * 0.5)]
    parts = (
        Part(mesh=loft(body, power=5).laid(), picture=sheet, shine=0.45),
        Part(mesh=loft(tail, lobes=(7, 0.2)).laid(), rgba=unit(wrapper), shine=0.4),
    )
    return Body(mass_g=500, solid="box", half=(x, y, z), parts=parts)

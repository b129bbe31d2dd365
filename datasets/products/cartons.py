"""Cartons of coated board for drinks, one function a family: with a gable roof, or folded to a brick.

A brick differs from a box of card by the traces of folding: a seam across the top, an ear on each narrow side, and a
cap or a straw.
"""

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import Mesh, block, gable, join, lathe, wedge
from smartcart.datasets.products.packs import METAL, inks
from smartcart.datasets.products.parts import Body, Part, unit

SEAM = 0.0018


def milk_carton(rng: np.random.Generator) -> Body:
    return _gabled(rng, 0.071, 0.235, 0.04, 1030)


def cream_carton(rng: np.random.Generator) -> Body:
    return _gabled(rng, 0.055, 0.125, 0.026, 270)


def juice_carton(rng: np.random.Generator) -> Body:
    return _brick(rng, 0.09, 0.062, 0.198, 1040)


def oat_carton(rng: np.random.Generator) -> Body:
    return _brick(rng, 0.071, 0.071, 0.24, 1050)


def small_carton(rng: np.random.Generator) -> Body:
    return _brick(rng, 0.062, 0.042, 0.118, 215, straw=True)


def _gabled(rng: np.random.Generator, wide: float, tall: float, roof: float, mass: float) -> Body:
    """A carton with a gable roof, with a screw cap on it or without."""
    width, height = wide * rng.uniform(0.96, 1.03), tall * rng.uniform(0.94, 1.05)
    sheet = textures.atlas(rng, 224, textures.pale(rng), textures.vivid(rng, dark=True), textures.vivid(rng))
    parts: tuple[Part, ...] = (Part(mesh=gable(width, height, roof), picture=sheet, shine=0.15),)
    if rng.random() < 0.6:
        cap = lathe([(0.014, 0.0), (0.014, 0.011), (0.0, 0.012)]).moved(y=-width * 0.27, z=height / 2 - roof - 0.001)
        parts += (Part(mesh=cap, rgba=unit(textures.vivid(rng)), shine=0.4),)
    return Body(mass_g=mass, solid="box", half=(width / 2, width / 2, height / 2), parts=parts)


def _brick(
    rng: np.random.Generator, width: float, depth: float, height: float, mass: float, *, straw: bool = False
) -> Body:
    """A brick of coated board, with a screw cap on top, or with a straw on its back and the hole for it."""
    w, d, h = width * rng.uniform(0.92, 1.08), depth * rng.uniform(0.92, 1.08), height * rng.uniform(0.92, 1.08)
    paper, ink, accent = inks(rng)
    sheet = textures.atlas(rng, 224, paper, ink, accent)
    board = unit((paper[0] // 2 + 120, paper[1] // 2 + 120, paper[2] // 2 + 120))
    body = Part(mesh=block(w, d, h), picture=sheet, shine=0.35)
    parts = (body, Part(mesh=_folds(w, d, h), rgba=board, shine=0.35))
    opening = _straw(rng, w, d, h) if straw else _cap(rng, w, d, h)
    return Body(mass_g=mass, solid="box", half=(w / 2, d / 2, h / 2), parts=parts + opening)


def _folds(w: float, d: float, h: float) -> Mesh:
    """The seam across the top, lying down, and the two ears folded onto the narrow sides."""
    seam = block(w, min(0.013, 0.25 * d), SEAM).moved(y=0.14 * d, z=h / 2 + SEAM / 2)
    ear = wedge(0.9 * d, 0.45 * d, SEAM).moved(x=w / 2, z=h / 2 - 0.001)
    return join(seam, ear, ear.turned_round())


def _cap(rng: np.random.Generator, w: float, d: float, h: float) -> tuple[Part, ...]:
    r = rng.uniform(0.012, 0.016)
    cap = lathe([(r, 0.0), (r, 0.012), (r - 0.001, 0.013), (0.0, 0.013)]).moved(x=-0.2 * w, y=-0.18 * d, z=h / 2)
    return (Part(mesh=cap, rgba=unit(textures.vivid(rng)), shine=0.4),)


def _straw(rng: np.random.Generator, w: float, d: float, h: float) -> tuple[Part, ...]:
    straw = block(0.006, 0.004, 0.8 * h).moved(x=float(rng.uniform(-0.2, 0.2)) * w, y=d / 2 + 0.002)
    hole = lathe([(0.005, 0.0), (0.005, 0.0008), (0.0, 0.0009)]).moved(x=-0.28 * w, y=-0.2 * d, z=h / 2)
    return (
        Part(mesh=straw, rgba=unit((235, 235, 238) if rng.random() < 0.7 else textures.vivid(rng)), shine=0.5),
        Part(mesh=hole, rgba=unit(METAL), shine=0.8),
    )

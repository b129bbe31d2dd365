"""Bags: foil welded at both ends, and paper that stands."""

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import pillow
from smartcart.datasets.products.packs import inks
from smartcart.datasets.products.parts import Body, Part


def crisps(rng: np.random.Generator) -> Body:
    return _sealed(rng, rng.uniform(0.14, 0.19), rng.uniform(0.05, 0.075), rng.uniform(0.20, 0.26), 160)


def sweets(rng: np.random.Generator) -> Body:
    return _sealed(rng, rng.uniform(0.10, 0.13), rng.uniform(0.035, 0.05), rng.uniform(0.14, 0.19), 190)


def frozen_greens(rng: np.random.Generator) -> Body:
    return _sealed(rng, rng.uniform(0.15, 0.18), rng.uniform(0.045, 0.06), rng.uniform(0.20, 0.24), 620)


def pouch(rng: np.random.Generator) -> Body:
    return _sealed(rng, rng.uniform(0.09, 0.11), rng.uniform(0.028, 0.036), rng.uniform(0.13, 0.16), 110)


def _sealed(rng: np.random.Generator, w: float, t: float, h: float, mass: float) -> Body:
    """A bag of foil, welded at top and bottom; it does not stand by itself."""
    paper, ink, accent = inks(rng)
    face = textures.front(rng, 256, 320, paper, ink, accent)
    sheet = np.hstack([face, textures.back(rng, 256, 320, paper, ink)])
    dents = rng.normal(0, 0.13, (13, 17))
    return Body(
        mass_g=mass,
        solid="ellipsoid",
        half=(w / 2, t / 2.6, h / 2),
        parts=(Part(mesh=pillow(w, t, h, dents), picture=sheet, shine=0.6),),
    )


def flour(rng: np.random.Generator) -> Body:
    return _paper_bag(rng, 0.105, 0.07, 0.17, 1000)


def sugar(rng: np.random.Generator) -> Body:
    return _paper_bag(rng, 0.095, 0.062, 0.145, 520)


def coffee(rng: np.random.Generator) -> Body:
    return _paper_bag(rng, 0.088, 0.064, 0.20, 510)


def rice_bag(rng: np.random.Generator) -> Body:
    return _paper_bag(rng, 0.13, 0.065, 0.21, 1010)


def _paper_bag(rng: np.random.Generator, width: float, depth: float, height: float, mass: float) -> Body:
    """Flour, sugar or coffee: a filled bag that stands, a little bulged."""
    paper, ink = textures.pale(rng), textures.vivid(rng, dark=True)
    if rng.random() < 0.4:
        paper, ink = textures.vivid(rng, dark=True), textures.pale(rng)
    face = textures.front(rng, 256, 320, paper, ink, textures.vivid(rng))
    sheet = np.hstack([face, textures.back(rng, 256, 320, paper, ink)])
    mesh = pillow(width, depth, height, rng.normal(0, 0.06, (13, 17)))
    return Body(
        mass_g=mass,
        solid="box",
        half=(width / 2, depth / 2.2, height / 2),
        parts=(Part(mesh=mesh, picture=sheet, shine=0.1),),
    )

"""Fruit and vegetables, one function a family: each makes a random variant with a size and a skin."""

import dataclasses

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import FloatArray, join, lathe, sweep
from smartcart.datasets.products.parts import Body, Part
from smartcart.datasets.products.textures import Colour, Picture


def _round(rng: np.random.Generator, radius: float, squash: float, dimple: float, sheet: Picture) -> Body:
    """A round fruit with a stalk hollow at both ends."""
    r = radius * rng.uniform(0.9, 1.1)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 21)
    hollow = dimple * np.exp(-((np.cos(angle) / 0.35) ** 2))
    profile = [(float(r * np.cos(a)), float(np.sin(a) * (r * squash - d))) for a, d in zip(angle, hollow, strict=True)]
    parts: tuple[Part, ...] = (Part(mesh=lathe(profile), picture=sheet, shine=0.4),)
    if dimple:
        stalk = lathe([(0.0016, r * squash - dimple - 0.002), (0.0013, r * squash + 0.006), (0.0, r * squash + 0.006)])
        parts += (Part(mesh=stalk, rgba=(0.3, 0.22, 0.1, 1.0)),)
    return Body(mass_g=float(3.9e6 * r**3), solid="sphere", half=(r, r, r), parts=parts)


def apple(rng: np.random.Generator) -> Body:
    skins: list[tuple[Colour, Colour]] = [
        ((180, 22, 30), (214, 150, 60)),
        ((120, 175, 50), (170, 200, 80)),
        ((205, 60, 50), (225, 190, 90)),
    ]
    base, other = skins[int(rng.integers(3))]
    return _round(rng, 0.038, 0.92, 0.007, textures.skin(rng, base, other, specks=130, ends=(96, 100, 40)))


def orange(rng: np.random.Generator) -> Body:
    return _round(
        rng, 0.04, 0.97, 0.0, textures.skin(rng, (238, 128, 18), (248, 150, 36), specks=420, ends=(120, 120, 50))
    )


def tomato(rng: np.random.Generator) -> Body:
    made = _round(rng, 0.034, 0.82, 0.004, textures.skin(rng, (205, 30, 22), (222, 64, 34), specks=10))
    r = made.half[0]
    leaves = [
        sweep(
            np.array(
                [[0.0, 0, 0], [0.010 * np.cos(a), 0.010 * np.sin(a), 0.002], [0.02 * np.cos(a), 0.02 * np.sin(a), 0]]
            ),
            np.array([0.002, 0.0028, 0.0006]),
            around=8,
        )
        for a in np.linspace(0, 2 * np.pi, 6)[:-1]
    ]
    calyx = Part(mesh=join(*leaves).moved(z=r * 0.82 - 0.002), rgba=(0.22, 0.42, 0.14, 1.0))
    return dataclasses.replace(made, parts=(*made.parts, calyx))


def lemon(rng: np.random.Generator) -> Body:
    length, thick = rng.uniform(0.038, 0.046), rng.uniform(0.026, 0.031)
    s = np.linspace(-1, 1, 22)
    radius = thick * np.sqrt(np.clip(1 - (np.abs(s) / 0.97) ** 2.2, 0, 1)) + 0.004 * (1 - s**8)
    spine = np.stack([s * length, 0 * s, 0 * s], 1)
    sheet = textures.skin(rng, (238, 205, 40), (246, 220, 70), specks=260, ends=(150, 150, 50))
    half = (float(length), float(thick), float(thick))
    return Body(mass_g=110, solid="box", half=half, parts=(Part(mesh=sweep(spine, radius), picture=sheet, shine=0.35),))


def banana(rng: np.random.Generator) -> Body:
    length, thick, bend = rng.uniform(0.17, 0.20), rng.uniform(0.016, 0.019), rng.uniform(0.11, 0.15)
    s = np.linspace(0, 1, 30)
    angle = (s - 0.5) * length / bend
    spine = np.stack([bend * np.sin(angle), bend * (1 - np.cos(angle)), 0 * s], 1)
    spine[:, 1] -= spine[:, 1].mean()
    radius: FloatArray = thick * np.minimum(1.0, 0.3 + 1.5 * np.sin(np.pi * s) ** 0.6)
    radius[s > 0.92] = thick * 0.36
    ripe: list[Colour] = [(238, 205, 52), (205, 205, 70), (232, 190, 60)]
    sheet = textures.skin(rng, ripe[int(rng.integers(3))], (222, 186, 44), specks=36, ends=(84, 66, 24))
    half = (float(length / 2), 0.032, float(thick))
    return Body(
        mass_g=125, solid="box", half=half, parts=(Part(mesh=sweep(spine, radius, lobes=5), picture=sheet, shine=0.2),)
    )


def cucumber(rng: np.random.Generator) -> Body:
    length, thick = rng.uniform(0.24, 0.31), rng.uniform(0.020, 0.025)
    s = np.linspace(-1, 1, 30)
    bow = rng.uniform(-0.012, 0.012)
    spine = np.stack([s * length / 2, bow * s**2, 0 * s], 1)
    radius = thick * np.clip(1 - np.abs(s) ** 9, 0.12, 1) * (1 + 0.02 * np.sin(s * 21))
    sheet = textures.skin(rng, (34, 92, 38), (62, 122, 52), specks=200, ends=(120, 140, 70))
    return Body(
        mass_g=330,
        solid="box",
        half=(length / 2, thick, thick),
        parts=(Part(mesh=sweep(spine, radius), picture=sheet, shine=0.3),),
    )

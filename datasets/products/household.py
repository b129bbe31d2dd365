"""Flasks, tubes, cups, flat tins and boxes: packs that are neither round nor square."""

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import lathe, loft, sweep
from smartcart.datasets.products.packs import METAL, inks
from smartcart.datasets.products.parts import Body, Part, unit
from smartcart.datasets.products.textures import Colour

GOLD: Colour = (184, 160, 96)

Sections = list[tuple[float, float, float]]


def shampoo(rng: np.random.Generator) -> Body:
    return _flask(rng, rng.uniform(0.034, 0.042), rng.uniform(0.020, 0.026), rng.uniform(0.17, 0.21), cap=0.018)


def dish_soap(rng: np.random.Generator) -> Body:
    return _flask(rng, rng.uniform(0.034, 0.040), rng.uniform(0.022, 0.028), rng.uniform(0.20, 0.24), cap=0.011)


def ketchup(rng: np.random.Generator) -> Body:
    sauces: list[Colour] = [(190, 22, 20), (232, 190, 40), (240, 232, 205), (110, 50, 24)]
    colour = sauces[int(rng.integers(4))]
    return _flask(rng, rng.uniform(0.033, 0.038), rng.uniform(0.024, 0.03), rng.uniform(0.17, 0.20), 0.021, colour)


def detergent(rng: np.random.Generator) -> Body:
    return _flask(rng, rng.uniform(0.05, 0.056), rng.uniform(0.034, 0.040), rng.uniform(0.24, 0.28), cap=0.024)


def spray(rng: np.random.Generator) -> Body:
    """A flask with a trigger head."""
    made = _flask(rng, rng.uniform(0.036, 0.042), rng.uniform(0.024, 0.03), rng.uniform(0.19, 0.22), cap=0.013)
    top = made.half[2]
    colour = unit(textures.vivid(rng))
    head = loft([(0.0, 0.012, 0.010), (0.03, 0.013, 0.011), (0.07, 0.010, 0.009), (0.071, 0.0, 0.0)], power=4).laid()
    trigger = loft([(0.0, 0.003, 0.005), (0.045, 0.004, 0.005), (0.046, 0.0, 0.0)], power=3)
    parts = (
        *made.parts,
        Part(mesh=head.moved(x=-0.025, z=top + 0.010), rgba=colour, shine=0.4),
        Part(mesh=trigger.moved(x=0.024, z=top - 0.035), rgba=colour, shine=0.4),
    )
    return Body(mass_g=made.mass_g, solid="box", half=(made.half[0], made.half[1], top + 0.018), parts=parts)


def toothpaste(rng: np.random.Generator) -> Body:
    return _tube(rng, rng.uniform(0.15, 0.18), rng.uniform(0.017, 0.020), 110)


def hand_cream(rng: np.random.Generator) -> Body:
    return _tube(rng, rng.uniform(0.12, 0.15), rng.uniform(0.018, 0.023), 95)


def tomato_paste(rng: np.random.Generator) -> Body:
    return _tube(rng, rng.uniform(0.14, 0.17), rng.uniform(0.015, 0.018), 220)


def sun_cream(rng: np.random.Generator) -> Body:
    return _tube(rng, rng.uniform(0.14, 0.17), rng.uniform(0.023, 0.027), 210)


def paper_cup(rng: np.random.Generator) -> Body:
    """A coffee to go, with its lid."""
    r, h, foot = rng.uniform(0.038, 0.044), rng.uniform(0.09, 0.13), rng.uniform(0.68, 0.78)
    z = h / 2
    wall = [(0.0, -z), (r * foot, -z), (r * 0.97, z - 0.012)]
    lid = [(r * 0.97, z - 0.014), (r * 1.03, z - 0.012), (r * 1.02, z - 0.004), (r * 0.86, z), (0.0, z - 0.002)]
    paper = textures.pale(rng) if rng.random() < 0.5 else textures.vivid(rng, dark=rng.random() < 0.5)
    label = textures.wrap(
        rng, 512, int(512 * h / (2 * np.pi * r)), paper, textures.vivid(rng, dark=True), textures.vivid(rng)
    )
    lids: list[Colour] = [(245, 245, 245), (24, 24, 26), (120, 80, 50)]
    parts = (
        Part(mesh=lathe(wall), picture=textures.bands(label, paper, paper, r * foot / (r * foot + h), 1.0), shine=0.15),
        Part(mesh=lathe(lid), rgba=unit(lids[int(rng.integers(3))]), shine=0.35),
    )
    return Body(mass_g=float(rng.uniform(40, 260)), solid="cylinder", half=(r, r, z), parts=parts)


def mug(rng: np.random.Generator) -> Body:
    """A ceramic mug with a handle, glazed in one colour or printed."""
    r, h = rng.uniform(0.038, 0.043), rng.uniform(0.082, 0.105)
    z, wall = h / 2, 0.004
    outside = [(0.0, -z), (r * 0.94, -z), (r, -z + 0.006), (r, z)]
    inside = [(r, z), (r - wall, z), (r - wall, -z + 0.012), (r * 0.8, -z + 0.006), (0.0, -z + 0.006)]
    glaze = textures.pale(rng) if rng.random() < 0.5 else textures.vivid(rng, dark=rng.random() < 0.5)
    sheet = textures.tone(rng, glaze, fine=1.5, coarse=3)
    if rng.random() < 0.5:
        sheet = textures.wrap(
            rng, 512, int(512 * h / (2 * np.pi * r)), glaze, textures.vivid(rng, dark=True), textures.vivid(rng)
        )
    bend = np.linspace(-np.pi / 2, np.pi / 2, 14)
    grip = np.stack([r - 0.002 + 0.026 * np.cos(bend), 0.029 * np.sin(bend), 0 * bend], 1)
    parts = (
        Part(mesh=lathe(outside), picture=sheet, shine=0.8),
        Part(mesh=lathe(inside), rgba=unit(textures.pale(rng)), shine=0.8),
        Part(mesh=sweep(grip, np.full(14, 0.0055), around=10).tipped(), rgba=unit(glaze), shine=0.8),
    )
    return Body(mass_g=330, solid="cylinder", half=(r, r, z), parts=parts)


def tumbler(rng: np.random.Generator) -> Body:
    """A plastic or steel drinking cup, open and empty."""
    r, h, foot = rng.uniform(0.036, 0.043), rng.uniform(0.09, 0.13), rng.uniform(0.72, 0.9)
    z, wall = h / 2, 0.002
    outside = [(0.0, -z), (r * foot, -z), (r, z)]
    inside = [(r, z), (r - wall, z), (r * foot - wall, -z + 0.004), (0.0, -z + 0.004)]
    colour, opacity = (METAL, 1.0) if rng.random() < 0.35 else (textures.vivid(rng), float(rng.uniform(0.55, 1.0)))
    parts = tuple(Part(mesh=lathe(side), rgba=unit(colour, opacity), shine=0.7) for side in (inside, outside))
    return Body(mass_g=70, solid="cylinder", half=(r, r, z), parts=parts)


def noodle_cup(rng: np.random.Generator) -> Body:
    """Instant noodles: a printed cup under a foil lid."""
    r, h, foot = rng.uniform(0.044, 0.05), rng.uniform(0.09, 0.112), rng.uniform(0.70, 0.8)
    z = h / 2
    paper = textures.vivid(rng)
    label = textures.wrap(
        rng, 512, int(512 * h / (2 * np.pi * r)), paper, textures.pale(rng), textures.vivid(rng, dark=True)
    )
    wall = [(0.0, -z), (r * foot, -z), (r * 0.97, z - 0.004)]
    rim = [(r * 0.97, z - 0.006), (r * 1.03, z - 0.004), (r * 1.03, z - 0.001), (r * 0.98, z), (0.0, z)]
    parts = (
        Part(mesh=lathe(wall), picture=textures.bands(label, paper, paper, r * foot / (r * foot + h), 1.0), shine=0.3),
        Part(mesh=lathe(rim), rgba=unit(METAL if rng.random() < 0.5 else paper), shine=0.5),
    )
    return Body(mass_g=95, solid="cylinder", half=(r, r, z), parts=parts)


def margarine(rng: np.random.Generator) -> Body:
    """A rounded rectangular tub, wider at the top."""
    x, y, z = rng.uniform(0.060, 0.072), rng.uniform(0.042, 0.05), rng.uniform(0.026, 0.036)
    paper, ink, accent = inks(rng)
    label = textures.wrap(rng, 512, int(512 * 2 * z / (4 * (x + y))), paper, ink, accent)
    wall = [(-z, 0.0, 0.0), (-z, x * 0.86, y * 0.86), (z * 0.72, x * 0.97, y * 0.97)]
    lid = [(z * 0.7, x * 0.98, y * 0.98), (z * 0.72, x, y), (z * 0.95, x, y), (z, x * 0.95, y * 0.95), (z, 0.0, 0.0)]
    foot = x * 0.86 / (x * 0.86 + 1.72 * z)
    cover: Colour = paper if rng.random() < 0.6 else (244, 240, 225)
    parts = (
        Part(mesh=loft(wall, power=5), picture=textures.bands(label, paper, paper, foot, 1.0), shine=0.3),
        Part(mesh=loft(lid, power=5), rgba=unit(cover), shine=0.4),
    )
    return Body(mass_g=float(0.95e6 * 4 * x * y * 2 * z * 0.8), solid="box", half=(x, y, z), parts=parts)


def sardines(rng: np.random.Generator) -> Body:
    """A flat tin, printed around, with a bare lid and a ring to pull it off."""
    x, y, z = rng.uniform(0.050, 0.056), rng.uniform(0.029, 0.033), rng.uniform(0.0115, 0.014)
    paper, ink, accent = inks(rng)
    side = [(-z, 0.0, 0.0), (-z, x * 0.97, y * 0.97), (-z * 0.8, x, y), (z * 0.8, x, y), (z, x * 0.98, y * 0.98)]
    top = [(z * 0.9, x * 0.95, y * 0.93), (z * 0.92, 0.0, 0.0)]
    ring = [(0.0075, 0.0), (0.011, 0.0), (0.011, 0.0012), (0.0075, 0.0012), (0.0075, 0.0)]
    face = textures.wrap(rng, 512, 150, paper, ink, accent)
    lid = unit(METAL if rng.random() < 0.6 else GOLD)
    parts = (
        Part(mesh=loft(side, power=5), picture=face, shine=0.6),
        Part(mesh=loft(top, power=5), rgba=lid, shine=0.9),
        Part(mesh=lathe(ring).moved(x=x * 0.6, z=z), rgba=unit((110, 112, 118)), shine=0.9),
    )
    return Body(mass_g=125, solid="box", half=(x, y, z), parts=parts)


def egg_box(rng: np.random.Generator) -> Body:
    """Six eggs in pulp, with a paper label on the lid."""
    x, y, z = 0.076 * rng.uniform(0.96, 1.04), 0.052 * rng.uniform(0.96, 1.04), 0.034 * rng.uniform(0.95, 1.05)
    pulps: list[Colour] = [(150, 148, 140), (170, 150, 120), (120, 140, 160), (200, 190, 170)]
    pulp = textures.tone(rng, pulps[int(rng.integers(4))], fine=7, coarse=5)
    shell = [(-z, 0.0, 0.0), (-z, x * 0.88, y * 0.84), (0.0, x, y), (0.004, x * 1.02, y * 1.02), (0.006, x, y)]
    shell += [(z * 0.9, x * 0.86, y * 0.8), (z, x * 0.8, y * 0.74), (z, 0.0, 0.0)]
    label = loft([(z + 0.0006, x * 0.7, y * 0.6), (z + 0.0008, 0.0, 0.0)], power=9)
    parts = (
        Part(mesh=loft(shell, power=4.5, lobes=(6, 0.02)), picture=pulp, shine=0.02),
        Part(mesh=label, rgba=unit(textures.vivid(rng)), shine=0.1),
    )
    return Body(mass_g=370, solid="box", half=(x, y, z), parts=parts)


def _flask(
    rng: np.random.Generator, x: float, y: float, height: float, cap: float, colour: Colour | None = None
) -> Body:
    """A flat bottle of soap or sauce: an oval shell, a label around it, a cap of radius ``cap`` metres."""
    z, shell = height / 2, colour or (textures.pale(rng) if rng.random() < 0.4 else textures.vivid(rng))
    waist, shoulder = rng.uniform(0.88, 1.0), rng.uniform(0.70, 0.80)
    body: Sections = [(-z, 0.0, 0.0), (-z, x * 0.93, y * 0.9), (-z + 0.007, x, y), (-z + height * 0.2, x, y)]
    body += [(-z + height * 0.45, x * waist, y * waist), (-z + height * shoulder * 0.92, x, y)]
    for c in np.linspace(0.1, 1.0, 6):
        mix, up = 0.5 - 0.5 * np.cos(np.pi * c), shoulder + (0.87 - shoulder) * c
        wide, deep = x * (1 - mix) + cap * 0.8 * mix, y * (1 - mix) + cap * 0.8 * mix
        body.append((-z + height * up, float(wide), float(min(deep, y))))
    band = [(h, a + 0.0006, b + 0.0006) for h, a, b in body[3:5]]
    label = textures.wrap(rng, 512, int(512 * 0.25 * height / (2 * np.pi * np.sqrt((x * x + y * y) / 2))), *inks(rng))
    lid = [(cap, -z + height * 0.86), (cap, z - 0.003), (cap * 0.85, z), (0.0, z)]
    top: Colour = textures.vivid(rng) if rng.random() < 0.6 else (246, 246, 246)
    parts = (
        Part(mesh=loft(body, power=2.6), rgba=unit(shell), shine=0.6),
        Part(mesh=loft(band, power=2.6), picture=label, shine=0.3),
        Part(mesh=lathe(lid), rgba=unit(top), shine=0.4),
    )
    return Body(mass_g=float(1e6 * np.pi * x * y * height * 0.8), solid="box", half=(x, y, z), parts=parts)


def _tube(rng: np.random.Generator, length: float, radius: float, mass: float) -> Body:
    """A tube that lies: round at its cap, flat at its weld."""
    wide, neck = radius * 1.45, length * 0.13
    s = np.linspace(0, 1, 9)
    body: Sections = [(neck, radius * 0.55, radius * 0.55), (neck + 0.003, radius, radius)]
    body += [
        (
            float(neck + 0.003 + (length - neck - 0.012) * t),
            float(radius * (1 - t**1.6) + 0.0012),
            float(radius + (wide - radius) * t),
        )
        for t in s[1:]
    ]
    body.append((length, 0.0012, wide))
    paper, ink, accent = inks(rng)
    sheet = textures.wrap(rng, 512, int(512 * length / (2 * np.pi * radius)), paper, ink, accent)
    cap = lathe([(0.0, 0.0), (radius * 0.6, 0.0), (radius * 0.66, neck), (radius * 0.5, neck + 0.002)])
    middle = length / 2
    parts = (
        Part(mesh=loft(body).laid().moved(x=-middle), picture=sheet, shine=0.45),
        Part(
            mesh=cap.laid().moved(x=-middle), rgba=unit(textures.vivid(rng) if rng.random() < 0.5 else (248, 248, 248))
        ),
    )
    return Body(mass_g=mass, solid="box", half=(middle, wide * 0.85, radius * 0.72), parts=parts)

"""Other vegetables and fruit: what the class list calls produce."""

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.meshes import Mesh, block, join, lathe, loft, sweep
from smartcart.datasets.products.parts import Body, Part, unit
from smartcart.datasets.products.textures import Colour

GREEN: Colour = (58, 108, 42)


def _ball(radius: float, around: int = 12, squash: float = 1.0) -> Mesh:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
    return lathe([(float(radius * np.cos(a)), float(radius * squash * np.sin(a))) for a in angle], around=around)


def _plump(rng: np.random.Generator, shape: list[tuple[float, float]], part: Part, mass: float, lies: bool) -> Body:
    """Something of revolution with its solid, standing or lying."""
    r, z = max(x for x, _ in shape), max(h for _, h in shape)
    half = (z, r, r) if lies else (r, r, z)
    return Body(mass_g=mass * float(rng.uniform(0.9, 1.1)), solid="box", half=half, parts=(part,))


def potato(rng: np.random.Generator) -> Body:
    x, y, z = rng.uniform(0.038, 0.052), rng.uniform(0.028, 0.034), rng.uniform(0.026, 0.031)
    s = np.linspace(-1, 1, 13)
    lumps = np.sqrt(np.clip(1 - s**2, 0, 1)) * (1 + rng.normal(0, 0.04, 13))
    mesh = loft([(float(t * x), float(z * w), float(y * w)) for t, w in zip(s, lumps, strict=True)], lobes=(3, 0.03))
    sheet = textures.skin(rng, (178, 138, 82), (206, 172, 116), specks=150)
    return Body(mass_g=170, solid="box", half=(x, y, z), parts=(Part(mesh=mesh.laid(), picture=sheet, shine=0.08),))


def onion(rng: np.random.Generator) -> Body:
    r = rng.uniform(0.033, 0.041)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 15)
    shape = [(float(r * np.cos(a)), float(r * 0.86 * np.sin(a))) for a in angle[:-2]]
    shape += [(r * 0.16, r * 0.95), (r * 0.08, r * 1.25), (0.0, r * 1.27)]
    skins: list[tuple[Colour, Colour]] = [((176, 104, 42), (208, 146, 78)), ((112, 24, 60), (150, 60, 96))]
    base, other = skins[int(rng.integers(2))]
    part = Part(mesh=lathe(shape), picture=textures.skin(rng, base, other, specks=20), shine=0.45)
    return Body(mass_g=130, solid="sphere", half=(r * 0.9, r * 0.9, r * 0.9), parts=(part,))


def carrot(rng: np.random.Generator) -> Body:
    length, thick = rng.uniform(0.15, 0.20), rng.uniform(0.014, 0.018)
    s = np.linspace(0, 1, 20)
    spine = np.stack([(s - 0.5) * length, rng.uniform(-0.006, 0.006) * np.sin(np.pi * s), 0 * s], 1)
    radius = thick * np.clip(1 - s**1.6, 0.06, 1) * np.clip(s * 18 + 0.4, 0, 1) * (1 + 0.03 * np.sin(s * 60))
    sheet = textures.skin(rng, (232, 116, 28), (240, 146, 56), specks=40)
    leaf = sweep(np.array([[0.0, 0, 0], [0.012, 0.001, 0], [0.03, 0.004, 0]]), np.array([0.006, 0.005, 0.002]))
    parts = (
        Part(mesh=sweep(spine, radius), picture=sheet, shine=0.25),
        Part(mesh=leaf.moved(x=-length / 2 - 0.026), rgba=unit(GREEN)),
    )
    return Body(mass_g=95, solid="box", half=(length / 2, thick, thick * 0.95), parts=parts)


def pepper(rng: np.random.Generator) -> Body:
    r, z = rng.uniform(0.034, 0.042), rng.uniform(0.040, 0.052)
    shape = [(-z * 0.82, 0.0), (-z, 0.35), (-z * 0.92, 0.62), (-z * 0.4, 0.88), (z * 0.3, 1.0), (z * 0.8, 0.9)]
    shape += [(z * 0.93, 0.6), (z * 0.80, 0.22), (z * 0.76, 0.0)]
    mesh = loft([(h, r * w, r * w) for h, w in shape], lobes=(int(rng.integers(3, 5)), 0.09))
    colours: list[Colour] = [(196, 24, 22), (238, 180, 24), (52, 112, 40), (232, 110, 24)]
    colour = colours[int(rng.integers(4))]
    stalk = lathe([(0.009, z * 0.78), (0.005, z * 0.86), (0.006, z * 1.12), (0.0, z * 1.12)])
    parts = (
        Part(mesh=mesh, picture=textures.tone(rng, colour, fine=2, coarse=10), shine=0.8),
        Part(mesh=stalk, rgba=unit(GREEN)),
    )
    return Body(mass_g=180, solid="cylinder", half=(r, r, z), parts=parts)


def broccoli(rng: np.random.Generator) -> Body:
    r = rng.uniform(0.045, 0.056)
    florets = []
    for k in range(34):
        up, turn = 1 - k / 33 * 0.95, k * 2.4
        out = np.sqrt(max(1 - up * up, 0.0))
        size = r * rng.uniform(0.22, 0.34)
        place = np.array([out * np.cos(turn), out * np.sin(turn), up * 0.75]) * r * 0.86
        florets.append(_ball(size, around=9).moved(*place))
    stem = lathe([(0.0, -r), (r * 0.32, -r), (r * 0.3, -r * 0.3), (r * 0.62, r * 0.25), (0.0, r * 0.5)])
    green: Colour = (int(rng.integers(42, 78)), int(rng.integers(92, 124)), int(rng.integers(36, 60)))
    parts = (
        Part(mesh=join(*florets), picture=textures.tone(rng, green, fine=16, coarse=10), shine=0.05),
        Part(mesh=stem, rgba=unit((138, 164, 96)), shine=0.1),
    )
    return Body(mass_g=350, solid="cylinder", half=(r, r, r), parts=parts)


def cabbage(rng: np.random.Generator) -> Body:
    r = rng.uniform(0.055, 0.066)
    heads: list[tuple[Colour, Colour]] = [((120, 164, 76), (170, 200, 120)), ((96, 40, 84), (140, 90, 130))]
    base, other = heads[int(rng.integers(2))]
    angle = np.linspace(-np.pi / 2, np.pi / 2, 15)
    shape = [(float(r * 0.92 * np.sin(a)), float(r * np.cos(a))) for a in angle]
    mesh = loft([(h, w, w) for h, w in shape], lobes=(5, 0.03))
    part = Part(mesh=mesh, picture=textures.skin(rng, base, other, specks=0), shine=0.2)
    return Body(mass_g=820, solid="sphere", half=(r * 0.92, r * 0.92, r * 0.92), parts=(part,))


def avocado(rng: np.random.Generator) -> Body:
    return _pear_shaped(rng, 0.034, 0.052, (46, 62, 30), (70, 88, 40), 190, specks=240)


def pear(rng: np.random.Generator) -> Body:
    skins: list[tuple[Colour, Colour]] = [((186, 190, 80), (204, 200, 110)), ((164, 130, 60), (190, 160, 84))]
    base, other = skins[int(rng.integers(2))]
    return _pear_shaped(rng, 0.036, 0.056, base, other, 185, specks=160)


def _pear_shaped(
    rng: np.random.Generator, radius: float, height: float, base: Colour, other: Colour, mass: float, *, specks: int
) -> Body:
    r, z = radius * rng.uniform(0.92, 1.08), height * rng.uniform(0.92, 1.08)
    s = np.linspace(-1, 1, 17)
    wide = np.sqrt(np.clip(1 - s**2, 0, 1)) * (1 - 0.24 * s - 0.12 * s**2) / 1.05
    shape = [(float(r * w), float(z * t)) for w, t in zip(wide, s, strict=True)]
    sheet = textures.skin(rng, base, other, specks=specks, ends=(90, 74, 40))
    return _plump(rng, shape, Part(mesh=lathe(shape).laid(), picture=sheet, shine=0.3), mass, lies=True)


def kiwi(rng: np.random.Generator) -> Body:
    r, z = rng.uniform(0.024, 0.028), rng.uniform(0.030, 0.036)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 15)
    shape = [(float(r * np.cos(a)), float(z * np.sin(a))) for a in angle]
    sheet = textures.skin(rng, (108, 82, 44), (136, 108, 64), specks=420, ends=(84, 64, 36))
    return _plump(rng, shape, Part(mesh=lathe(shape).laid(), picture=sheet, shine=0.05), 85, lies=True)


def aubergine(rng: np.random.Generator) -> Body:
    length, thick = rng.uniform(0.16, 0.21), rng.uniform(0.030, 0.038)
    s = np.linspace(0, 1, 22)
    spine = np.stack([(s - 0.5) * length, 0.02 * rng.uniform(-1, 1) * (s - 0.5) ** 2, 0 * s], 1)
    radius = thick * np.sqrt(np.clip(1 - (2 * s - 1) ** 4, 0.002, 1)) * (1 - 0.35 * s)
    cap = lathe([(thick * 0.34, 0.0), (thick * 0.62, -0.022), (thick * 0.3, 0.006), (0.006, 0.012), (0.005, 0.03)])
    parts = (
        Part(mesh=sweep(spine, radius), picture=textures.tone(rng, (46, 20, 50), fine=1.5, coarse=5), shine=0.9),
        Part(mesh=cap.laid().moved(x=length / 2), rgba=unit(GREEN)),
    )
    return Body(mass_g=300, solid="box", half=(length / 2, thick, thick * 0.85), parts=parts)


def mushrooms(rng: np.random.Generator) -> Body:
    """A punnet with a heap of caps in it."""
    x, y, z = 0.075, 0.052, 0.032
    caps = []
    for _ in range(26):
        place = rng.uniform(-1, 1, 2) * [x * 0.78, y * 0.72]
        size = rng.uniform(0.014, 0.021)
        caps.append(_ball(size, squash=0.75).moved(float(place[0]), float(place[1]), float(rng.uniform(0.0, z * 0.6))))
    trays: list[Colour] = [(40, 60, 130), (30, 34, 40), (60, 130, 70), (196, 160, 110)]
    wall = loft([(-z, 0.0, 0.0), (-z, x * 0.9, y * 0.88), (z * 0.45, x, y), (z * 0.3, x * 0.96, y * 0.95)], power=7)
    heap: Colour = (228, 216, 196) if rng.random() < 0.7 else (150, 110, 76)
    tag = block(0.05, 0.001, 0.022).moved(y=-y - 0.0006, z=-0.006)
    parts = (
        Part(mesh=wall, rgba=unit(trays[int(rng.integers(4))]), shine=0.3),
        Part(mesh=join(*caps), picture=textures.tone(rng, heap, fine=4, coarse=8), shine=0.1),
        Part(mesh=tag, rgba=unit(textures.vivid(rng)), shine=0.2),
    )
    return Body(mass_g=290, solid="box", half=(x, y, z), parts=parts)


def garlic(rng: np.random.Generator) -> Body:
    r = rng.uniform(0.024, 0.029)
    shape = [(-r * 0.8, 0.0), (-r * 0.86, 0.4), (-r * 0.5, 0.92), (0.0, 1.0), (r * 0.5, 0.74), (r * 0.95, 0.28)]
    shape += [(r * 1.5, 0.16), (r * 1.52, 0.0)]
    mesh = loft([(h, r * w, r * w) for h, w in shape], lobes=(8, 0.07))
    part = Part(mesh=mesh, picture=textures.skin(rng, (232, 226, 214), (214, 196, 200), specks=8), shine=0.25)
    return Body(mass_g=60, solid="cylinder", half=(r, r, r * 0.85), parts=(part,))

"""The basket as MJCF: wire or plastic bars, child seat, bag; and the invisible walls that hold the items."""

import numpy as np

from smartcart.datasets.products.meshes import FloatArray, Mesh, join
from smartcart.datasets.scene.description import PANEL_HEIGHT, SEAT_DEPTH, BasketShape

Spot3 = tuple[float, float, float]
SEAT_HEIGHT = 0.45
GAP = 0.007
RUCK = 0.009


def basket_bodies(basket: BasketShape) -> str:
    """Everything visible and solid, except the bag in it."""
    return _bars(basket) + _seat(basket) + walls(basket)


def _bar(a: Spot3, b: Spot3, radius: float, material: str) -> str:
    ends = " ".join(f"{v:.4f}" for v in (*a, *b))
    return f'<geom class="seen" type="capsule" size="{radius}" fromto="{ends}" material="{material}"/>'


def _bars(basket: BasketShape) -> str:
    """Five grids of bars and a thick rim."""
    ln, w, h = basket.length, basket.width, basket.depth
    step, thin = (0.055, 0.0055) if basket.plastic else (0.038, 0.0022)
    body = "plastic" if basket.plastic else "wire"
    bars = []
    for x in np.linspace(-ln, ln, round(2 * ln / step) + 1):
        bars.append(_bar((x, -w, -0.004), (x, w, -0.004), thin, body))
        bars.append(_bar((x, -w, -0.003), (x, -w, h), thin, body))
        bars.append(_bar((x, w, -0.003), (x, w, h), thin, body))
    for y in np.linspace(-w, w, round(2 * w / step) + 1):
        bars.append(_bar((-ln, y, -0.006), (ln, y, -0.006), thin, body))
        bars.append(_bar((ln, y, -0.006), (ln, y, h), thin, body))
        bars.append(_bar((-ln, y, -0.006), (-ln, y, h), thin, body))
    for z in np.linspace(0, h, 5):
        radius = 0.0055 if z == h else thin * 1.25
        for s in (-1, 1):
            bars.append(_bar((-ln, s * w, z), (ln, s * w, z), radius, body))
            bars.append(_bar((s * ln, -w, z), (s * ln, w, z), radius, body))
    bars += [_bar((-ln, s * w, h + 0.008), (ln, s * w, h + 0.008), 0.011, "plastic") for s in (-1, 1)]
    bars.append(_bar((ln, -w, h + 0.008), (ln, w, h + 0.008), 0.011, "plastic"))
    if basket.panelled:
        low = h * PANEL_HEIGHT
        for s in (-1, 1):
            bars.append(_panel((ln, 0.002, low / 2), (0, s * (w + 0.004), low / 2)))
            bars.append(_panel((0.002, w, low / 2), (s * (ln + 0.004), 0, low / 2)))
    return "".join(bars)


def _panel(half: Spot3, place: Spot3, material: str = "plastic") -> str:
    size, pos = (" ".join(f"{v:.4f}" for v in values) for values in (half, place))
    return f'<geom class="seen" type="box" size="{size}" pos="{pos}" material="{material}"/>'


def _seat(basket: BasketShape) -> str:
    """The child seat at the handle: folded against the wall, or open with its flap down."""
    if basket.seat == "none":
        return ""
    ln, w, h = basket.length, basket.width * 0.92, basket.depth
    wall = -ln + 0.02
    if basket.seat == "folded":
        bars = [_bar((wall, y, h * 0.4), (wall, y, h - 0.004), 0.003, "wire") for y in np.linspace(-w, w, 9)]
        bars.append(_bar((wall, -w, h - 0.004), (wall, w, h - 0.004), 0.004, "wire"))
        return "".join(bars) + _panel((0.003, w * 0.8, h * 0.16), (wall + 0.006, 0, h * 0.62))
    x, low = -ln + SEAT_DEPTH, h * SEAT_HEIGHT
    bars = [_bar((x, y, 0.0), (x, y, h), 0.003, "wire") for y in np.linspace(-w, w, 13)]
    bars += [_bar((x, -w, z), (x, w, z), 0.003, "wire") for z in np.linspace(0.02, h, 5)]
    deep, under = SEAT_DEPTH / 2, x - SEAT_DEPTH / 2
    solid = f'<geom class="solid" type="box" size="{deep} {w} {low / 2}" pos="{under} 0 {low / 2}" mass=".2"/>'
    flap = f'<geom class="solid" type="box" size=".004 {w} {h / 2}" pos="{x - 0.004} 0 {h / 2}" mass=".1"/>'
    seat = _panel((deep - 0.01, w * 0.95, 0.006), (under, 0, low - 0.004))
    return "".join(bars) + seat + flap + solid


def walls(basket: BasketShape) -> str:
    """The invisible box that contains the items."""
    ln, w, h = basket.length, basket.width, basket.depth
    sides = [f'<geom class="solid" type="box" size="{ln} {w} .02" pos="0 0 -.02" mass="3"/>']
    for s in (-1, 1):
        sides.append(
            f'<geom class="solid" type="box" size="{ln + 0.05} .02 {h / 2 + 0.02}" '
            f'pos="0 {s * (w + 0.02)} {h / 2}" mass=".1"/>'
        )
        sides.append(
            f'<geom class="solid" type="box" size=".02 {w + 0.05} {h / 2 + 0.02}" '
            f'pos="{s * (ln + 0.02)} 0 {h / 2}" mass=".1"/>'
        )
    return "".join(sides)


def bag_mesh(rng: np.random.Generator, basket: BasketShape) -> Mesh:
    """A cloth or paper bag that lines the basket up to ``basket.bag`` of its depth, seen from inside and outside."""
    x0, x1 = basket.floor[0] + GAP, basket.floor[1] - GAP
    w, h = basket.width - GAP, basket.depth * basket.bag
    corners = [np.array([x0, -w]), np.array([x1, -w]), np.array([x1, w]), np.array([x0, w])]
    sheets = [_sheet(rng, a, b, h) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    floor = Mesh(
        vertices=np.array([[*c, 0.003] for c in corners]),
        uv=np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]),
        faces=np.array([[0, 1, 2], [0, 2, 3]]),
    )
    inside = join(*sheets, floor)
    outside = Mesh(vertices=inside.vertices, uv=inside.uv, faces=inside.faces[:, ::-1])
    return join(inside, outside)


def _sheet(rng: np.random.Generator, a: FloatArray, b: FloatArray, height: float) -> Mesh:
    """One rucked wall between two floor corners, facing inwards."""
    columns, rows = 15, 8
    s, t = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    inwards = np.array([-(b - a)[1], (b - a)[0]]) / np.linalg.norm(b - a)
    ruck = RUCK * rng.random((rows, columns)) * np.sin(np.pi * s) * t
    flat = a + (b - a) * s[..., None] + inwards * ruck[..., None]
    top = height * t * (1 + 0.05 * rng.normal(0, 1, columns)[None] * t)
    i, k = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    p = (i * columns + k).ravel()
    faces = np.concatenate([np.stack([p, p + columns + 1, p + 1], 1), np.stack([p, p + columns, p + columns + 1], 1)])
    return Mesh(
        vertices=np.concatenate([flat, top[..., None]], -1).reshape(-1, 3),
        uv=np.stack([s, t], -1).reshape(-1, 2),
        faces=faces,
    )

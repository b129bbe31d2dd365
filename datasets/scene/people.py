"""Other people and carts in the aisle: plain bodies that stand about or pass by."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.textures import Colour

FLOOR_DROP: Final = 0.55
LOOP_M: Final = 5.6


@dataclass(frozen=True, kw_only=True)
class Passer:
    """A person or a cart.

    ``place`` is its position on the floor (x, y in metres); with a ``speed`` other than 0 (m/s) it crosses the aisle
    along y again and again, or sways about its place.
    """

    kind: Literal["person", "cart"]
    place: tuple[float, float]
    speed: float
    crosses: bool
    clothes: tuple[Colour, Colour]
    skin: Colour
    height: float = 1.7

    def at(self, t: float) -> tuple[float, float, float]:
        """Its position at a moment."""
        x, y = self.place
        if self.crosses:
            y = (y + self.speed * t + LOOP_M / 2) % LOOP_M - LOOP_M / 2
        else:
            y += 0.08 * float(np.sin(self.speed * t + 7 * x))
        return x, y, -FLOOR_DROP


def draw_passers(rng: np.random.Generator, skins: tuple[Colour, ...]) -> tuple[Passer, ...]:
    """Nobody, or a few people and carts in front of this cart, out of the hands' way."""
    found = []
    for _ in range(int(rng.choice([0, 0, 1, 2, 3]))):
        crosses = bool(rng.random() < 0.5)
        y = float(rng.uniform(-2.6, 2.6)) if crosses else float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.4))
        far = rng.uniform(1.75, 2.1) if crosses else rng.uniform(0.85, 2.0)
        found.append(
            Passer(
                kind="cart" if rng.random() < 0.35 else "person",
                place=(float(far), y),
                speed=float(rng.uniform(0.3, 1.0)),
                crosses=crosses,
                clothes=(_cloth(rng), _cloth(rng)),
                skin=skins[int(rng.integers(len(skins)))],
                height=float(rng.uniform(1.5, 1.9)),
            )
        )
    return tuple(found)


def shopper(rng: np.random.Generator, behind: float, skins: tuple[Colour, ...]) -> Passer:
    """The person who pushes this cart, ``behind`` metres from its middle."""
    return Passer(
        kind="person",
        place=(-behind, float(rng.normal(0, 0.08))),
        speed=float(rng.uniform(0.3, 0.9)),
        crosses=False,
        clothes=(_cloth(rng), _cloth(rng)),
        skin=skins[int(rng.integers(len(skins)))],
        height=float(rng.uniform(1.55, 1.9)),
    )


def _cloth(rng: np.random.Generator) -> Colour:
    """The colour of clothes: mostly muted."""
    colour = np.array(textures.vivid(rng, dark=bool(rng.random() < 0.6)), float)
    muted = colour.mean() + (colour - colour.mean()) * rng.uniform(0.1, 0.8)
    return int(muted[0]), int(muted[1]), int(muted[2])


def passer_body(name: str, passer: Passer) -> str:
    """Its MJCF, standing on its own origin."""
    inner = _person(passer) if passer.kind == "person" else _cart(passer)
    x, y, z = passer.at(0.0)
    return f'<body name="{name}" mocap="true" pos="{x:.3f} {y:.3f} {z}">{inner}</body>'


def _geom(kind: str, size: str, place: str, colour: Colour) -> str:
    r, g, b = (c / 255 for c in colour)
    return f'<geom class="seen" type="{kind}" size="{size}" {place} rgba="{r:.2f} {g:.2f} {b:.2f} 1"/>'


def _limb(radius: float, a: str, b: str, colour: Colour) -> str:
    return _geom("capsule", f"{radius}", f'fromto="{a} {b}"', colour)


def _person(passer: Passer) -> str:
    """Legs, torso, arms and head."""
    h, (top, trousers) = passer.height, passer.clothes
    hip, neck = h * 0.50, h * 0.83
    parts = [
        _limb(0.075, f"0 {s * 0.09} 0.08", f"0 {s * 0.1} {hip}", trousers)
        + _geom("ellipsoid", "0.13 0.05 0.045", f'pos="-0.05 {s * 0.09} 0.04"', (40, 38, 36))
        + _limb(0.045, f"0 {s * 0.2} {neck - 0.05}", f"-0.04 {s * 0.27} {hip + 0.12}", top)
        + _limb(0.035, f"-0.04 {s * 0.27} {hip + 0.12}", f"-0.16 {s * 0.24} {hip - 0.05}", passer.skin)
        for s in (-1, 1)
    ]
    parts.append(_geom("ellipsoid", f"0.13 0.2 {(neck - hip) * 0.62}", f'pos="0 0 {(neck + hip) / 2}"', top))
    parts.append(_geom("ellipsoid", "0.095 0.08 0.115", f'pos="0 0 {h * 0.93}"', passer.skin))
    parts.append(_geom("ellipsoid", "0.09 0.085 0.09", f'pos="0.02 0 {h * 0.955}"', (60, 44, 34)))
    return "".join(parts)


def _cart(passer: Passer) -> str:
    """Another cart: a wire box on legs with something in it."""
    body, (handle, load) = "", passer.clothes
    for z in (0.5, 0.62, 0.74, 0.86):
        for s in (-1, 1):
            body += _limb(0.006, f"{s * 0.25} -0.4 {z}", f"{s * 0.25} 0.4 {z}", (150, 152, 156))
            body += _limb(0.006, f"-0.25 {s * 0.4} {z}", f"0.25 {s * 0.4} {z}", (150, 152, 156))
    for y in np.linspace(-0.4, 0.4, 9):
        for s in (-1, 1):
            body += _limb(0.004, f"{s * 0.25} {y:.2f} 0.5", f"{s * 0.25} {y:.2f} 0.86", (150, 152, 156))
    body += _limb(0.018, "-0.27 -0.46 0.95", "0.27 -0.46 0.95", handle)
    body += _geom("box", "0.2 0.3 0.1", 'pos="0 0.02 0.6"', load)
    return body + "".join(_limb(0.012, f"{s * 0.2} -0.3 0.05", f"{s * 0.22} -0.38 0.5", (90, 92, 96)) for s in (-1, 1))

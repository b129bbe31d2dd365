"""The components of a product: the visible pieces, and the plain solid that represents it in the physics."""

from dataclasses import dataclass
from typing import Literal

from smartcart.datasets.products.meshes import Mesh
from smartcart.datasets.products.textures import Colour, Picture

Solid = Literal["box", "cylinder", "sphere", "ellipsoid"]
Half = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One visible piece: a mesh with a picture, or with one colour (red, green, blue, opacity in 0..1)."""

    mesh: Mesh
    picture: Picture | None = None
    rgba: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    shine: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A model: weight in grams, solid, half its extent along x, y, z in metres as it stands, and its pieces.

    A cylinder stands upright; a sphere has three equal halves; an ellipsoid is soft and lies down.
    """

    mass_g: float
    solid: Solid
    half: Half
    parts: tuple[Part, ...]


def unit(colour: Colour, opacity: float = 1.0) -> tuple[float, float, float, float]:
    """A colour of 0..255 as red, green, blue and opacity in 0..1."""
    return colour[0] / 255, colour[1] / 255, colour[2] / 255, opacity

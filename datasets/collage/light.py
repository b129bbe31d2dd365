"""The light of a real picture, and pieces adapted to it."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.collage.piece import SOLID, Piece
from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.real.blend import sharpness

SMALL: Final = (80, 60)
CAST: Final = 0.6
EXPOSURE: Final = 0.45
GAIN: Final = (0.55, 1.5)
HAZE: Final = 0.3
MOST_HAZE: Final = 22.0
GREY_CHROMA: Final = 4.0
SOFTEST_EDGE: Final = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The light of a picture.

    Attributes:
        cast: its colour (blue, green, red), 1 on average.
        bright: the brightness of its bright parts, 0 to 255.
        haze: the brightness of its black parts, as lit by air or lens.
        soft: the blur (sigma in pixels) with which a sharp thing fits in.
        grey: whether it has no colours.
    """

    cast: FloatArray
    bright: float
    haze: float
    soft: float
    grey: bool


def light_of(picture: Picture) -> Light:
    """The light of a picture (blue, green, red).

    Its colour is estimated by shades of grey (Finlayson and Trezzi 2004), the mean of high powers.
    """
    height, width = picture.shape[:2]
    middle = picture[height // 4 : -height // 4, width // 4 : -width // 4, ::-1]
    small = cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA).astype(np.float64)
    estimate = ((small / 255) ** 6).mean((0, 1)) ** (1 / 6)
    return Light(
        cast=estimate / max(float(estimate.mean()), 1e-3),
        bright=float(np.percentile(small.mean(2), 95)),
        haze=float(np.clip(np.percentile(small.mean(2), 2) * HAZE, 0, MOST_HAZE)),
        soft=sharpness(np.ascontiguousarray(middle)),
        grey=chroma(np.asarray(small, np.float32).reshape(-1, 3)) < GREY_CHROMA,
    )


def chroma(pixels: np.ndarray) -> float:
    """How colourful pixels (N, 3; blue, green, red) are on average: the distance from grey in CIELAB."""
    lab = cv2.cvtColor(np.asarray(pixels, np.float32)[None] / np.float32(255), cv2.COLOR_BGR2LAB)[0]
    return float(np.hypot(lab[:, 1], lab[:, 2]).mean())


def fitted(rng: np.random.Generator, piece: Piece, light: Light) -> Piece:
    """A piece as it would look in this light, as sharp as the picture."""
    opaque = piece.rgba[..., 3] > SOLID
    bright = float(np.percentile(piece.rgba[opaque][:, :3].mean(1), 95))
    exposure = (max(light.bright, 25.0) / max(bright, 25.0)) ** EXPOSURE * np.exp(rng.normal(0, 0.07))
    gain = np.clip(light.cast**CAST * exposure, *GAIN)
    piece = (piece.greyed() if light.grey else piece).lit(gain, light.haze)
    return piece.softened(max(light.soft, SOFTEST_EDGE))

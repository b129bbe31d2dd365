"""Shadows that move over the picture: somebody walks between the lamps and the cart."""

from dataclasses import dataclass

import cv2
import numpy as np

from smartcart.datasets.products.textures import Picture


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A soft dark band: how dark (0..1), its direction in radians, width and speed in picture heights (a second)."""

    depth: float
    angle: float
    width: float
    speed: float
    phase: float

    def fall(self, picture: Picture, t: float) -> Picture:
        """The picture with the band where it is at a moment; it comes back again and again."""
        height, width = picture.shape[:2]
        y, x = np.mgrid[0:24, 0:32].astype(np.float32)
        along = (x / 32 * width / height) * np.cos(self.angle) + y / 24 * np.sin(self.angle)
        way = (self.phase + self.speed * t) % 4.0 - 1.5
        dark = 1 - self.depth * np.exp(-(((along - way) / self.width) ** 4))
        light = cv2.resize(dark.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(picture * light[..., None], np.uint8)


def draw_shade(rng: np.random.Generator) -> Shade | None:
    """Mostly none."""
    if rng.random() < 0.75:
        return None
    return Shade(
        depth=float(rng.uniform(0.15, 0.5)),
        angle=float(rng.uniform(-0.8, 0.8)),
        width=float(rng.uniform(0.2, 0.6)),
        speed=float(rng.uniform(0.15, 0.8)),
        phase=float(rng.uniform(0, 4)),
    )

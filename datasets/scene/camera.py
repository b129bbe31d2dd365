"""A cheap camera: its position, its lens, and the effects of sensor and codec on the picture.

The renderer knows only a pinhole, so every picture is rendered wider than needed and distorted to the lens; masks go
through the same map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.textures import Picture

FloatPicture = NDArray[np.float32]
Mask = NDArray[np.bool_]
Mover = tuple[Mask, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Size in pixels, vertical field of view in degrees, barrel distortion (0 none, 0.15 strong)."""

    width: int
    height: int
    fov: float
    barrel: float

    @cached_property
    def focal(self) -> float:
        """Focal length in pixels at the middle of the picture."""
        return self.height / 2 / float(np.tan(np.radians(self.fov / 2)))

    @cached_property
    def render_focal(self) -> float:
        """Focal length of the pinhole that covers the distorted picture to its corners."""
        corner = float(np.hypot(self.width, self.height)) / 2 / self.focal
        return self.focal / (1 + self.barrel * corner**2)

    @property
    def render_fov(self) -> float:
        """Vertical field of view of that pinhole in degrees."""
        return float(np.degrees(2 * np.arctan(self.height / 2 / self.render_focal)))

    @cached_property
    def maps(self) -> tuple[FloatPicture, FloatPicture]:
        """For each pixel of the distorted picture, its position in the rendered one (for ``cv2.remap``)."""
        v, u = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        x, y = (u - self.width / 2) / self.focal, (v - self.height / 2) / self.focal
        scale = (1 + self.barrel * (x * x + y * y)) * self.render_focal
        return (x * scale + self.width / 2).astype(np.float32), (y * scale + self.height / 2).astype(np.float32)

    def project(self, points: FloatArray) -> FloatArray:
        """Camera-frame points (N, 3), x right, y down, z forward and positive, to distorted pixels (N, 2)."""
        flat = points[:, :2] / np.maximum(points[:, 2:], 1e-6)
        rho = np.linalg.norm(flat, axis=1)
        r = rho.copy()
        for _ in range(12):
            r = r - (r * (1 + self.barrel * r * r) - rho) / (1 + 3 * self.barrel * r * r)
        shrink = np.where(rho > 1e-9, r / np.maximum(rho, 1e-9), 1.0)
        return np.asarray(flat * shrink[:, None] * self.focal + [self.width / 2, self.height / 2])


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A lens at a place (metres), looking at a point, rolled by some radians."""

    lens: Lens
    place: tuple[float, float, float]
    target: tuple[float, float, float]
    roll: float = 0.0

    @cached_property
    def axes(self) -> FloatArray:
        """Rows: right, down and forward of the camera in world coordinates."""
        forward = np.array(self.target) - np.array(self.place)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right = right / np.linalg.norm(right)
        down = np.cross(forward, right)
        c, s = np.cos(self.roll), np.sin(self.roll)
        return np.stack([c * right + s * down, c * down - s * right, forward])

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World points (N, 3) to pixels (N, 2) and their depth in metres (N,); a depth <= 0 is behind the camera."""
        local = (points - np.array(self.place)) @ self.axes.T
        return self.lens.project(local), local[:, 2]


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """From light to a picture: gain, white balance (RGB factors), noise, sharpness, JPEG quality (100 for none)."""

    gain: float = 1.0
    balance: tuple[float, float, float] = (1.0, 0.985, 0.95)
    saturation: float = 0.9
    noise: float = 0.012
    soft: float = 0.6
    vignette: float = 0.18
    quality: int = 75


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """A typical sensor, exposure and white balance."""
    warmth = rng.normal(0, 0.06)
    return Sensor(
        gain=float(np.exp(rng.normal(0.05, 0.17))),
        balance=(float(1 + warmth), float(1 - abs(rng.normal(0, 0.015))), float(1 - warmth)),
        saturation=float(rng.uniform(0.72, 1.08)),
        noise=float(rng.uniform(0.004, 0.026)),
        soft=float(rng.uniform(0.3, 0.95)),
        vignette=float(rng.uniform(0.0, 0.32)),
        quality=int(rng.integers(55, 93)),
    )


def expose(
    picture: Picture,
    sensor: Sensor,
    lens: Lens,
    rng: np.random.Generator,
    *,
    movers: Sequence[Mover] = (),
) -> Picture:
    """The camera's output.

    Args:
        picture: RGB, already distorted by the lens.
        sensor: gain, colour and noise.
        lens: for the vignette.
        rng: draws the noise.
        movers: the pixels of each moving thing (a hand and its load), and how far in pixels it moves during the
            exposure.

    Returns:
        RGB (h, w, 3) uint8.
    """
    light = picture.astype(np.float32)
    for moving, smear in movers:
        light = _smeared(light, moving, smear)
    small = cv2.resize(np.maximum(light - 215, 0), (lens.width // 4, lens.height // 4))
    light += 0.6 * cv2.resize(cv2.GaussianBlur(small, (0, 0), 5), (lens.width, lens.height))
    light *= (sensor.gain / 255) * _vignette(lens, sensor.vignette) * np.array(sensor.balance, np.float32)
    np.clip(light, 0, 1.3, out=light)
    light = light * (1 + 0.12 * light) / (1 + 0.22 * light * light)
    grey = light.mean(2, keepdims=True)
    light = 0.02 + 0.96 * (grey + (light - grey) * np.float32(sensor.saturation))
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), sensor.soft), np.float32)
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    noise = 0.55 * noise + cv2.blur(noise, (3, 3))
    light += noise * (sensor.noise * (0.5 + np.sqrt(np.clip(light, 0, 1))))
    out = np.clip(light * 255, 0, 255).astype(np.uint8)
    out = np.asarray(cv2.addWeighted(out, 1.3, cv2.GaussianBlur(out, (0, 0), 1.2), -0.3, 0), np.uint8)
    if sensor.quality >= 100:
        return out
    _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _vignette(lens: Lens, strength: float) -> FloatPicture:
    v, u = np.mgrid[0 : lens.height, 0 : lens.width].astype(np.float32)
    r2 = ((u / lens.width - 0.5) ** 2 + (v / lens.height - 0.5) ** 2) / 0.5
    return np.asarray((1 - strength * r2**1.2)[..., None], np.float32)


def _smeared(light: FloatPicture, moving: Mask, smear: tuple[float, float]) -> FloatPicture:
    """Motion blur along ``smear`` of the masked pixels over a guess of what lies behind them."""
    length = float(np.hypot(*smear))
    if length < 1.5 or not moving.any():
        return light
    size = int(min(np.ceil(length), 41)) | 1
    kernel, middle = np.zeros((size, size), np.float32), size // 2
    dx, dy = np.array(smear) / length * min(length, 41) / 2
    ends = (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    kernel /= kernel.sum()
    mask = moving.astype(np.float32)[..., None]
    rest = light * (1 - mask)
    weight = cv2.blur(1 - mask[..., 0], (61, 61))[..., None]
    behind = rest + mask * cv2.blur(rest, (61, 61)) / np.maximum(weight, 0.02)
    cover = cv2.filter2D(mask[..., 0], -1, kernel)[..., None]
    return np.asarray(cv2.filter2D(light * mask, -1, kernel) + behind * (1 - cover), np.float32)

"""The faults of a cheap camera over time: drifting light, exposure that follows the hand, noise, blur, compression."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.shadows import Shade, draw_shade

TILES: Final = 5
SPARE_PX: Final = 32
LAG_S: Final = 0.6
STRETCH_TO: Final = (160, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The faults of a camera.

    Attributes:
        drift: how far the light's strength wanders, as a share.
        tint: how far its colour wanders, as a share.
        period: of the wandering, in seconds.
        follow: the share of a change in brightness that the exposure compensates, 0 to 1.
        noise: sigma, of 255.
        soft: blur (sigma) in pixels, 0 for none.
        vignette: how much darker the corners are, as a share.
        quality: of its JPEG; 100 for none.
        stuck: the share of repeated frames.
        shade: a shadow that passes over.
    """

    drift: float
    tint: float
    period: float
    follow: float
    noise: float
    soft: float
    vignette: float
    quality: int
    stuck: float
    shade: Shade | None


def draw_faults(rng: np.random.Generator) -> Faults:
    """A typical camera."""
    return Faults(
        drift=float(rng.uniform(0.0, 0.05)),
        tint=float(rng.uniform(0.0, 0.015)),
        period=float(rng.uniform(6.0, 25.0)),
        follow=float(rng.uniform(0.0, 0.5)),
        noise=float(rng.uniform(1.0, 5.0)),
        soft=float(rng.choice([0.0, rng.uniform(0.4, 0.9)])),
        vignette=float(rng.uniform(0.0, 0.2)),
        quality=int(rng.choice([100, int(rng.integers(45, 90))])),
        stuck=float(rng.choice([0.0, rng.uniform(0.0, 0.02)])),
        shade=draw_shade(rng),
    )


class Webcam:
    """A camera that films light, frame by frame."""

    def __init__(self, rng: np.random.Generator, faults: Faults, size: tuple[int, int], fps: float) -> None:
        """Switches it on.

        Args:
            rng: draws the noise.
            faults: how bad it is.
            size: width and height in pixels.
            fps: frames a second.
        """
        self._rng, self._faults, self._fps = rng, faults, fps
        width, height = size
        shape = (height + SPARE_PX, width + SPARE_PX)
        self._tiles = [_noise(rng, shape, faults.noise) for _ in range(TILES)]
        self._corners = _vignette(size, faults.vignette)
        self._phases = rng.uniform(0, 2 * np.pi, 4)
        self._first: float | None = None
        self._exposure = 1.0
        self._last: Picture | None = None

    def film(self, light: NDArray[np.float32], t: float, shake: tuple[float, float]) -> Picture:
        """The picture (red, green, blue) of some light (blue, green, red; 0 to 255).

        Args:
            light: the light at the lens.
            t: media time in seconds.
            shake: how far the picture is moved to the right and down, in pixels.
        """
        faults = self._faults
        if self._last is not None and self._rng.random() < faults.stuck:
            return self._last
        if max(map(abs, shake)) > 0.2:
            matrix = np.array([[1.0, 0.0, shake[0]], [0.0, 1.0, shake[1]]])
            light = _floats(cv2.warpAffine(light, matrix, light.shape[1::-1], borderMode=cv2.BORDER_REPLICATE))
        gain = self._gain(t) * self._exposed(light)
        light = _floats(cv2.multiply(cv2.multiply(light, self._corners), gain))
        if faults.soft:
            light = _floats(cv2.GaussianBlur(light, (0, 0), faults.soft))
        light = _floats(cv2.add(light, self._grain(light.shape[:2])))
        picture = np.asarray(cv2.cvtColor(cv2.convertScaleAbs(np.maximum(light, 0)), cv2.COLOR_BGR2RGB), np.uint8)
        if faults.shade is not None:
            picture = faults.shade.fall(picture, t)
        if faults.quality < 100:
            packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, faults.quality])[1]
            picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        self._last = picture
        return picture

    def _gain(self, t: float) -> NDArray[np.float64]:
        """Of each channel at a moment."""
        turn = 2 * np.pi * t / self._faults.period
        wander = np.sin(turn + self._phases[0]) + 0.5 * np.sin(2.7 * turn + self._phases[1])
        tint = np.sin(0.7 * turn + self._phases[2])
        return np.asarray(1 + self._faults.drift * wander + self._faults.tint * tint * np.array([-1.0, 0.0, 1.0]))

    def _exposed(self, light: NDArray[np.float32]) -> float:
        """The exposure, which follows the picture's brightness."""
        mean = float(cv2.resize(light, STRETCH_TO, interpolation=cv2.INTER_NEAREST).mean())
        self._first = mean if self._first is None else self._first
        wanted = (self._first / max(mean, 1.0)) ** self._faults.follow
        self._exposure += (wanted - self._exposure) * min(1.0, 1 / (LAG_S * self._fps))
        return self._exposure

    def _grain(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        tile = self._tiles[int(self._rng.integers(TILES))]
        y, x = (int(v) for v in self._rng.integers(0, SPARE_PX, 2))
        return tile[y : y + shape[0], x : x + shape[1]]


def _floats(light: object) -> NDArray[np.float32]:
    return np.asarray(light, np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
    """Noise, mostly in brightness and slightly coarse, like a sensor's after its own processing."""
    grey = rng.standard_normal((*shape, 1), dtype=np.float32)
    colour = cv2.blur(rng.standard_normal((*shape, 3), dtype=np.float32), (3, 3))
    return np.asarray(sigma * (0.8 * grey + colour), np.float32)


def _vignette(size: tuple[int, int], strength: float) -> NDArray[np.float32]:
    v, u = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    r2 = ((u / size[0] - 0.5) ** 2 + (v / size[1] - 0.5) ** 2) / 0.5
    return np.repeat((1 - strength * r2**1.2)[..., None], 3, axis=2).astype(np.float32)

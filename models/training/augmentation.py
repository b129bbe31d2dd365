"""Augmentation beyond the trainer's own: the faults of a camera, and boxes that stay tight.

A cheap camera over a moving cart causes motion blur, defocus, bad exposure, colour casts, noise and compression
artefacts. The order is that of a camera: the lens blurs, the sensor exposes and adds noise, the encoder compresses.

A box around a rotated box is looser than a box around the rotated object: at 20 degrees by a quarter in each direction,
and the model learns to draw it so. So boxes are rotated as the rounded objects that they mostly contain, and parts
outside the picture are cut off before the new box is drawn.
"""

import math
import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

ROUNDNESS = 3.0  # exponent of the outline |x|^n + |y|^n = 1 in a box: 2 is an ellipse, infinity the box itself
OUTLINE_POINTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFaults:
    """Degrades pictures at random, as a transform of an Ultralytics pipeline (it changes ``labels["img"]``).

    Each chance is the probability in [0, 1] that a picture gets that fault. The randomness is that of the modules
    ``random`` and ``numpy.random``, which the trainer seeds.

    Attributes:
        smear: motion blur of 3 to ``longest_smear`` pixels in any direction; a quick hand or a rolling cart.
        defocus: Gaussian blur.
        exposure: gamma and gain; lamps, shade, a dark corner.
        cast: a gain for each colour; warm and cold light.
        noise: Gaussian noise, standard deviation 2 to 14 grey levels.
        blocks: JPEG at quality 20 to 75.
    """

    smear: float = 0.1
    longest_smear: int = 15
    defocus: float = 0.05
    exposure: float = 0.15
    cast: float = 0.15
    noise: float = 0.1
    blocks: float = 0.1

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """The same labels with the degraded picture (height x width x 3, 8 bits)."""
        labels["img"] = self.spoil(labels["img"])
        return labels

    def spoil(self, image: Image) -> Image:
        """The picture with its faults, in the same size."""
        if random.random() < self.smear:
            image = smeared(image, random.randint(3, self.longest_smear), random.uniform(0, math.pi))
        elif random.random() < self.defocus:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 2.0)), np.uint8)
        image = self._through_the_sensor(image)
        if random.random() < self.blocks:
            image = recompressed(image, random.randint(20, 75))
        return np.ascontiguousarray(image)

    def _through_the_sensor(self, image: Image) -> Image:
        curve = np.arange(256, dtype=np.float32)[:, None].repeat(3, axis=1) / 255
        if random.random() < self.exposure:
            curve = random.uniform(0.6, 1.25) * curve ** random.uniform(0.6, 1.8)
        if random.random() < self.cast:
            curve = curve * np.array([random.uniform(0.75, 1.2) for _ in range(3)], np.float32)
        table = np.clip(curve * 255, 0, 255).astype(np.uint8)
        exposed = cv2.LUT(image, table[None])
        if random.random() < self.noise:
            grain = np.random.normal(0, random.uniform(2, 14), image.shape)
            exposed = np.clip(exposed + grain, 0, 255)
        return np.asarray(exposed, np.uint8)


def smeared(image: Image, length: int, angle: float) -> Image:
    """The picture blurred along a straight line.

    Args:
        image: height x width x 3, 8 bits.
        length: the line's length in pixels.
        angle: its direction in radians.
    """
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    reach = np.array([math.cos(angle), math.sin(angle)]) * middle
    start, end = (np.rint(middle + sign * reach).astype(int) for sign in (-1, 1))
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def recompressed(image: Image, quality: int) -> Image:
    """The picture after JPEG at this quality (1 to 100)."""
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def turned_boxes(boxes: Floats, matrix: Floats, size: tuple[int, int]) -> Floats:
    """Upright boxes around the transformed outlines of the boxes' contents, as far as they are still in the picture.

    Args:
        boxes: ``[N, 4]``, corners x1 y1 x2 y2 in pixels.
        matrix: ``[3, 3]``, a homography of the picture.
        size: width and height in pixels of the resulting picture.

    Returns:
        ``[N, 4]`` inside that picture; zeros for objects that left it.
    """
    centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    points = centres[:, None] + halves[:, None] * _outline()[None]
    moved = np.concatenate([points, np.ones_like(points[..., :1])], axis=2) @ matrix.T
    outlines = (moved[..., :2] / moved[..., 2:]).astype(np.float32)
    width, height = size
    picture = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = np.zeros((len(boxes), 4), np.float32)
    for index, outline in enumerate(outlines):
        area, visible = cv2.intersectConvexConvex(outline, picture)
        if area > 0 and visible is not None:
            corners = visible.reshape(-1, 2)
            turned[index] = *corners.min(axis=0), *corners.max(axis=0)
    return turned


def _outline() -> Floats:
    angle = np.linspace(0, 2 * math.pi, OUTLINE_POINTS, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(np.sign(circle) * np.abs(circle) ** (2 / ROUNDNESS), np.float32)

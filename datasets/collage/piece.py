"""A piece of a collage: pixels with opacity, and the things in them."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

import cv2
import numpy as np

from smartcart.datasets.photos.cutouts import Cutout, Rgba, read_rgba
from smartcart.datasets.products.meshes import FloatArray

PAD: Final = 3
CHOKE: Final = 1.8
SPREAD: Final = 4.0
SOLID: Final = 127
KEPT: Final = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class PiecePart:
    """One thing in a piece: its class and the corners (4, 2), in the piece's pixels, that contain it."""

    label: str
    corners: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Pixels (blue, green, red, opacity; (h, w, 4) uint8), their parts, and the point by which it is placed."""

    rgba: Rgba
    parts: tuple[PiecePart, ...]
    anchor: tuple[float, float]

    @property
    def size(self) -> float:
        """The longer side of the opaque part, in pixels."""
        rows, columns = (np.nonzero((self.rgba[..., 3] > SOLID).any(axis))[0] for axis in (1, 0))
        return float(max(np.ptp(rows), np.ptp(columns)) + 1)

    def scaled(self, across: float, down: float) -> Self:
        """The piece made larger or smaller."""
        height, width = self.rgba.shape[:2]
        size = max(round(width * across), 2), max(round(height * down), 2)
        shrinks = across * down < 1
        rgba = cv2.resize(self.rgba, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        factor = np.array([size[0] / width, size[1] / height])
        return self._moved(rgba, np.diag(factor), np.zeros(2))

    def mirrored(self) -> Self:
        """The piece with left and right exchanged."""
        rgba = np.ascontiguousarray(self.rgba[:, ::-1])
        return self._moved(rgba, np.diag([-1.0, 1.0]), np.array([rgba.shape[1], 0.0]))

    def turned(self, angle: float) -> Self:
        """The piece turned clockwise (radians) about its middle, on a canvas that contains all of it."""
        height, width = self.rgba.shape[:2]
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        wide, high = (np.abs(turn) @ [width, height]).round().astype(int)
        shift = np.array([wide, high]) / 2 - turn @ [width / 2, height / 2]
        matrix = np.column_stack([turn, shift + turn @ [0.5, 0.5] - 0.5])
        rgba = cv2.warpAffine(
            self.rgba, matrix, (int(wide), int(high)), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (int(wide), int(high)))
        rgba[..., 3] = np.minimum(rgba[..., 3], inside)
        return self._moved(rgba, turn, shift)

    def lit(self, gain: FloatArray, haze: float) -> Self:
        """The piece with each colour (3,) made brighter or darker, and its blacks raised to ``haze`` (0 to 255)."""
        rgba = self.rgba.copy()
        table = np.clip(haze + np.arange(256)[:, None] * gain * (1 - haze / 255), 0, 255).astype(np.uint8)
        for channel in range(3):
            rgba[..., channel] = cv2.LUT(self.rgba[..., channel], table[:, channel])
        return replace(self, rgba=rgba)

    def greyed(self) -> Self:
        """The piece without its colours."""
        rgba = self.rgba.copy()
        rgba[..., :3] = cv2.cvtColor(self.rgba[..., :3], cv2.COLOR_BGR2GRAY)[..., None]
        return replace(self, rgba=rgba)

    def softened(self, sigma: float) -> Self:
        """The piece out of focus by ``sigma`` pixels."""
        return replace(self, rgba=np.asarray(cv2.GaussianBlur(self.rgba, (0, 0), sigma), np.uint8))

    def _moved(self, rgba: np.ndarray, turn: FloatArray, shift: FloatArray) -> Self:
        parts = tuple(replace(part, corners=part.corners @ turn.T + shift) for part in self.parts)
        x, y = turn @ self.anchor + shift
        return replace(self, rgba=np.asarray(rgba, np.uint8), parts=parts, anchor=(float(x), float(y)))


@lru_cache(maxsize=KEPT)
def whole(cutout: Cutout) -> Piece:
    """A cut-out as a piece, its edges cleaned of the former background.

    Raises:
        DataError: its picture is unusable.
    """
    rgba = cleaned(read_rgba(cutout.file))
    height, width = rgba.shape[:2]
    boxes = [(box.label, box.left, box.top, box.width, box.height) for box in cutout.boxes]
    parts = tuple(
        PiecePart(label=label, corners=np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]) + PAD)
        for label, x, y, w, h in boxes or [(cutout.label, 0, 0, width - 2 * PAD, height - 2 * PAD)]
    )
    return Piece(rgba=rgba, parts=parts, anchor=(width / 2, height / 2))


def cleaned(rgba: Rgba) -> Rgba:
    """The pixels with a transparent margin of ``PAD``; the edge is drawn in and takes its colour from within."""
    rgba = np.asarray(cv2.copyMakeBorder(rgba, PAD, PAD, PAD, PAD, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)), np.uint8)
    inner = cv2.erode((rgba[..., 3] > 250).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)[..., None]
    colour = rgba[..., :3].astype(np.float32)
    near, weight = cv2.GaussianBlur(colour * inner, (0, 0), SPREAD), cv2.GaussianBlur(inner, (0, 0), SPREAD)
    guess = near / np.maximum(weight[..., None], 1e-4)
    known = np.maximum(inner, (weight[..., None] < 1e-3).astype(np.float32))
    alpha = np.clip(rgba[..., 3].astype(np.float32) * CHOKE - 255 * (CHOKE - 1), 0, 255)
    return np.dstack([np.clip(colour * known + guess * (1 - known), 0, 255), alpha]).astype(np.uint8)

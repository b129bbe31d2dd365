"""The picture that pieces are laid on, with the topmost piece at every pixel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.collage.piece import SOLID, Piece
from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import Mask
from smartcart.models.dataset.boxes import Corners

NOTHING: Final = -1
COARSE: Final = 4
LEAST_BLUR_PX: Final = 1.5
LONGEST_BLUR_PX: Final = 41.0
LEAST_SIDE_PX: Final = 6

Region = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a piece's anchor lies (pixels), how far it is turned clockwise (radians), and how much it is enlarged."""

    x: float
    y: float
    turn: float = 0.0
    scale: float = 1.0

    def matrix(self, piece: Piece) -> FloatArray:
        """From the piece's pixels to the canvas (2, 3)."""
        c, s = np.cos(self.turn) * self.scale, np.sin(self.turn) * self.scale
        turn = np.array([[c, -s], [s, c]])
        return np.column_stack([turn, np.array([self.x, self.y]) - turn @ piece.anchor])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A soft shadow: shift and blur (sigma) in pixels, and the share of the light that it takes away."""

    dx: float
    dy: float
    blur: float
    depth: float


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture in the making: its light (blue, green, red, 0 to 255), and the topmost piece's number at each pixel."""

    light: NDArray[np.float32]
    owner: NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 0), np.int16))

    @classmethod
    def over(cls, picture: Picture) -> "Canvas":
        """A canvas with a picture (blue, green, red) on it and no piece."""
        return cls(picture.astype(np.float32), np.full(picture.shape[:2], NOTHING, np.int16))

    @property
    def covered(self) -> Mask:
        """The pixels covered by a piece."""
        return np.asarray(self.owner != NOTHING)

    def shade(self, piece: Piece, place: Place, shadows: Sequence[Shadow]) -> None:
        """Darkens the shadow of a piece at a place."""
        matrix = place.matrix(piece)
        reach = max(max(abs(shadow.dx), abs(shadow.dy)) + 3 * shadow.blur for shadow in shadows)
        region = self._region(piece, matrix, reach + COARSE)
        if region is None:
            return
        x1, y1, x2, y2 = region
        size = (x2 - x1) // COARSE + 1, (y2 - y1) // COARSE + 1
        lit = np.ones((size[1], size[0]), np.float32)
        for shadow in shadows:
            coarse = (matrix + np.array([[0, 0, shadow.dx - x1], [0, 0, shadow.dy - y1]])) / COARSE
            mask = cv2.warpAffine(piece.rgba[..., 3], coarse, size, flags=cv2.INTER_LINEAR).astype(np.float32)
            lit *= 1 - cv2.GaussianBlur(mask, (0, 0), max(shadow.blur / COARSE, 0.5)) * (shadow.depth / 255)
        fine = cv2.resize(lit, (size[0] * COARSE, size[1] * COARSE), interpolation=cv2.INTER_LINEAR)
        part = self.light[y1:y2, x1:x2]
        cv2.multiply(part, cv2.merge([fine[: y2 - y1, : x2 - x1]] * 3), dst=part)

    def lay(self, piece: Piece, place: Place, number: int, smear: tuple[float, float] = (0.0, 0.0)) -> None:
        """Lays a piece at a place, on top of all.

        Args:
            piece: the piece.
            place: its position.
            number: the number of its pixels from now on.
            smear: how far in pixels it moves while the shutter is open.
        """
        matrix, length = place.matrix(piece), float(np.hypot(*smear))
        region = self._region(piece, matrix, length / 2 + 1)
        if region is None:
            return
        x1, y1, x2, y2 = region
        moved = matrix - np.array([[0, 0, x1], [0, 0, y1]])
        laid = cv2.warpAffine(piece.rgba, moved, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
        share: NDArray[np.float32] = laid[..., 3:].astype(np.float32) / np.float32(255)
        front = laid[..., :3].astype(np.float32) * share
        if length >= LEAST_BLUR_PX:
            kernel = _streak(smear, length)
            front = np.asarray(cv2.filter2D(front, -1, kernel), np.float32)
            share = np.asarray(cv2.filter2D(share, -1, kernel), np.float32)[..., None]
        part = self.light[y1:y2, x1:x2]
        part *= 1 - share
        part += front
        self.owner[y1:y2, x1:x2][share[..., 0] > 0.5] = number

    def seen(self, piece: Piece, place: Place, number: int, part: int) -> tuple[Corners | None, float]:
        """The visible part of a laid piece: its box (normalised) and the share of its pixels.

        Pixels outside the picture are not visible; the box is None if next to nothing is left.
        """
        height, width = self.owner.shape
        matrix = place.matrix(piece)
        corners = piece.parts[part].corners
        region = self._region(piece, matrix, 1)
        if region is None:
            return None, 0.0
        x1, y1, x2, y2 = region
        laid = np.round(corners @ matrix[:, :2].T + matrix[:, 2] - [x1, y1]).astype(np.int32)
        within = cv2.fillConvexPoly(np.zeros((y2 - y1, x2 - x1), np.uint8), laid, 1)
        visible = (self.owner[y1:y2, x1:x2] == number) & (within > 0)
        rows, columns = np.nonzero(visible.any(1))[0], np.nonzero(visible.any(0))[0]
        if min(len(rows), len(columns)) < LEAST_SIDE_PX:
            return None, 0.0
        share = float(visible.sum()) / max(_pixels(piece, corners) * place.scale**2, 1.0)
        box = x1 + columns[0], y1 + rows[0], x1 + columns[-1] + 1, y1 + rows[-1] + 1
        return (
            float(box[0] / width),
            float(box[1] / height),
            float(box[2] / width),
            float(box[3] / height),
        ), min(share, 1.0)

    def _region(self, piece: Piece, matrix: FloatArray, margin: float) -> Region | None:
        """The part of the canvas that a piece touches; None if it touches none."""
        height, width = piece.rgba.shape[:2]
        outline = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix[:, :2].T + matrix[:, 2]
        low, high = np.floor(outline.min(0) - margin), np.ceil(outline.max(0) + margin)
        x1, y1 = max(int(low[0]), 0), max(int(low[1]), 0)
        x2, y2 = min(int(high[0]), self.owner.shape[1]), min(int(high[1]), self.owner.shape[0])
        return (x1, y1, x2, y2) if x2 - x1 > 1 and y2 - y1 > 1 else None


def _pixels(piece: Piece, corners: FloatArray) -> int:
    """The number of opaque pixels of a piece within some corners."""
    opaque = (piece.rgba[..., 3] > SOLID).astype(np.uint8)
    within = cv2.fillConvexPoly(np.zeros_like(opaque), corners.round().astype(np.int32), 1)
    return int(np.count_nonzero(opaque * np.asarray(within)))


def _streak(smear: tuple[float, float], length: float) -> NDArray[np.float32]:
    """The kernel of a straight motion."""
    longest = min(length, LONGEST_BLUR_PX)
    size = int(np.ceil(longest)) | 1
    kernel, middle = np.zeros((size, size), np.float32), size // 2
    dx, dy = np.array(smear) / length * longest / 2
    ends = (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    return np.asarray(kernel / kernel.sum(), np.float32)

"""The view of a camera on simple bodies, without a renderer: points on their surfaces and a small depth buffer.

A surface is sampled with random points once. A view projects as many of them as its size in the picture needs, and
keeps the nearest depth of each pixel. Holes of one pixel are closed. That is coarse (a pixel is 4 of the clip's), and
hundreds of times faster than a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.products.meshes import FloatArray, Mesh
from smartcart.datasets.scene.camera import Camera

PIXEL: Final = 4
DENSITY: Final = 200_000.0
POINTS_A_PIXEL: Final = 2.0
FAR: Final = 1e3
NEAR: Final = 0.02
LEAST_DISTANCE: Final = 0.1
LEAST_POINTS: Final = 400
WIDEST: Final = 8
STEPS: Final = 512
CLOSING: Final = np.ones((3, 3), np.uint8)

Numbers = NDArray[np.float32]
Depth = NDArray[np.float32]
Cells = NDArray[np.int32]
Owners = NDArray[np.int32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Random points (3, N) in metres on a mesh of this area in square metres; any first part is as evenly spread."""

    points: Numbers
    area: float


def surface(mesh: Mesh, *, seed: int = 0) -> Surface:
    """Points spread evenly over a mesh, in random order."""
    rng = np.random.default_rng(seed)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    area = float(areas.sum())
    count = max(LEAST_POINTS, round(area * DENSITY))
    chosen = rng.choice(len(areas), size=count, p=areas / area)
    u, v = rng.random((2, count, 1))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    points = a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]
    return Surface(points=np.ascontiguousarray(points.T, np.float32), area=area)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """One body seen alone: depth in metres (h, w) of a part of the (infinite) picture, ``FAR`` where it is not.

    ``at`` is the patch's upper left pixel (x, y); ``x`` and ``y`` (N,) are the points as shares of the picture and
    ``cells`` their pixels, row by row, -1 outside; ``whole`` is the box of all points; ``area`` counts the pixels
    covered, in the picture or not.
    """

    depth: Depth
    at: tuple[int, int]
    x: Numbers
    y: Numbers
    cells: Cells
    whole: Box
    area: int


class SmallPicture:
    """The raster of one camera, ``PIXEL`` of the lens's pixels to one of its own."""

    def __init__(self, camera: Camera) -> None:
        lens = camera.lens
        self.size = lens.width // PIXEL, lens.height // PIXEL
        self._place, self._axes = np.array(camera.place), camera.axes
        self._focal = lens.focal / PIXEL
        bent = np.linspace(0.0, 4.0, 2048)  # a radius in the bent picture, for each of the straight one
        straight = bent * (1 + lens.barrel * bent**2)
        self._radii = bent, straight
        steps = np.arange(WIDEST * STEPS + 1) / STEPS
        shrink = np.interp(steps, straight, bent) / np.maximum(steps, 1e-9)
        shrink[0] = 1.0
        self._shrink = (shrink * self._focal).astype(np.float32)

    def rays(self) -> FloatArray:
        """For each pixel, row by row, its line of sight in world coordinates, of depth 1; (w * h, 3)."""
        width, height = self.size
        y, x = np.mgrid[0:height, 0:width].astype(float)
        x, y = (x + 0.5 - width / 2) / self._focal, (y + 0.5 - height / 2) / self._focal
        radius = np.hypot(x, y)
        stretch = np.interp(radius, *self._radii) / np.maximum(radius, 1e-9)
        local = np.stack([x * stretch, y * stretch, np.ones_like(x)], -1).reshape(-1, 3)
        return np.asarray(local @ self._axes)

    def patch(self, body: Surface, turn: FloatArray, position: FloatArray) -> Patch | None:
        """A body turned by a matrix (3, 3) and moved to a position; None if nothing of it is in front of the camera."""
        width, height = self.size
        middle = self._axes @ (position - self._place)
        wanted = round(POINTS_A_PIXEL * body.area * (self._focal / max(float(middle[2]), LEAST_DISTANCE)) ** 2)
        some = body.points[:, : max(LEAST_POINTS, wanted)]
        x, y, z = (self._axes @ turn).astype(np.float32) @ some + middle.astype(np.float32)[:, None]
        before = z > NEAR
        if not before.any():
            return None
        if not before.all():
            x, y, z = x[before], y[before], z[before]
        x, y = x / z, y / z
        scale = self._shrink[np.minimum(np.sqrt(x * x + y * y) * STEPS, WIDEST * STEPS).astype(np.int32)]
        x, y = x * scale + width / 2, y * scale + height / 2
        columns = np.clip(x, -width, 2 * width).astype(np.int32)
        rows = np.clip(y, -height, 2 * height).astype(np.int32)
        x0, y0, x1, y1 = columns.min() - 1, rows.min() - 1, columns.max() + 2, rows.max() + 2
        depth = np.full((y1 - y0) * (x1 - x0), FAR, np.float32)
        np.minimum.at(depth, (rows - y0) * (x1 - x0) + columns - x0, z)
        closed = cv2.morphologyEx(depth.reshape(y1 - y0, x1 - x0), cv2.MORPH_OPEN, CLOSING)
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = x / width, y / height
        return Patch(
            depth=np.asarray(closed, np.float32),
            at=(int(x0), int(y0)),
            x=x,
            y=y,
            cells=np.where(inside, rows * width + columns, -1),
            whole=(float(x.min()), float(y.min()), float(x.max()), float(y.max())),
            area=max(1, int(np.count_nonzero(closed < FAR))),
        )

    def owners(self, background: Depth, bodies: Sequence[Patch | None]) -> Owners:
        """The nearest body at each pixel (h, w): 1 for the first, 0 for the background."""
        width, height = self.size
        depth, owners = background.copy(), np.zeros((height, width), np.int32)
        for number, body in enumerate(bodies, 1):
            if body is None:
                continue
            (x, y), (rows, columns) = body.at, body.depth.shape
            top, left, bottom, right = max(y, 0), max(x, 0), min(y + rows, height), min(x + columns, width)
            if top >= bottom or left >= right:
                continue
            own = body.depth[top - y : bottom - y, left - x : right - x]
            here = depth[top:bottom, left:right]
            nearer = own < here
            here[nearer] = own[nearer]
            owners[top:bottom, left:right][nearer] = number
        return owners


def seen_box(body: Patch, owners: Owners, number: int) -> Box | None:
    """The box of a body's points where it is visible, as shares of the picture."""
    inside = body.cells >= 0
    seen = inside & (owners.ravel()[body.cells] == number)
    if not seen.any():
        return None
    x, y = body.x[seen], body.y[seen]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())

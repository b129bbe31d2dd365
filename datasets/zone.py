"""The basket's opening in the picture."""

import cv2
import numpy as np

from smartcart.datasets.look import Look
from smartcart.datasets.meshes import FloatArray
from smartcart.models.truth import Point

PER_EDGE = 4
NEAR = 0.02


def basket_zone(look: Look) -> tuple[Point, ...]:
    """The rim of the basket as a convex polygon, normalised and cut at the picture's border."""
    width, height = look.camera.lens.width, look.camera.lens.height
    pixels, _ = look.camera.project(_rim(look))
    rim = cv2.convexHull(pixels.astype(np.float32))
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    _, cut = cv2.intersectConvexConvex(rim, frame)
    slim = cv2.approxPolyDP(cut, 1.0, True)
    return tuple((float(x) / width, float(y) / height) for x, y in slim.reshape(-1, 2))


def in_zone(zone: tuple[Point, ...], x: float, y: float) -> bool:
    """Whether a normalised point lies in the zone."""
    return cv2.pointPolygonTest(np.array(zone, np.float32), (x, y), False) >= 0


def _rim(look: Look) -> FloatArray:
    """Points around the opening that lie in front of the camera."""
    b = look.basket
    corners = np.array([(-b.length, -b.width), (b.length, -b.width), (b.length, b.width), (-b.length, b.width)])
    steps = np.linspace(0, 1, 24, endpoint=False)[:, None]
    edges = [a + (c - a) * steps for a, c in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    flat = np.concatenate(edges)
    points = np.column_stack([flat, np.full(len(flat), b.depth)])
    depth = (points - np.array(look.camera.place)) @ look.camera.axes[2]
    return np.asarray(points[depth > NEAR])

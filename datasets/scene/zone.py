"""The basket's opening in the picture, and where the picture's border cuts through it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene.description import PANEL_HEIGHT, SceneDescription
from smartcart.datasets.scene.stocking import MARGIN, Spot
from smartcart.models.dataset.truth import Point

NEAR = 0.02
CUT = (0.3, 0.72)


def basket_zone(look: SceneDescription) -> tuple[Point, ...]:
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


def floor_in_view(look: SceneDescription) -> float:
    """The share of the basket's floor that the picture shows and no bag or panel hides."""
    b = look.basket
    x, y = np.meshgrid(np.linspace(-b.length, b.length, 9), np.linspace(-b.width, b.width, 9))
    return share_in_view(look, np.stack([x.ravel(), y.ravel(), 0.05 + 0 * x.ravel()], 1))


def share_in_view(look: SceneDescription, points: FloatArray) -> float:
    """The share of world points (N, 3) that the picture shows and no bag or panel hides."""
    return float(_in_view(look, points).mean())


def _in_view(look: SceneDescription, points: FloatArray) -> NDArray[np.bool_]:
    b, lens, camera = look.basket, look.camera.lens, np.array(look.camera.place)
    pixels, depth = look.camera.project(points)
    seen = (depth > NEAR) & (pixels >= 0).all(1) & (pixels <= [lens.width, lens.height]).all(1)
    opaque = b.depth * max(b.bag, PANEL_HEIGHT if b.panelled else 0.0)
    for axis, half in ((0, b.length), (1, b.width)):
        if opaque and abs(camera[axis]) > half:  # where the line of sight comes through that wall
            way = (np.sign(camera[axis]) * half - camera[axis]) / (points[:, axis] - camera[axis] + 1e-9)
            seen &= camera[2] + way * (points[:, 2] - camera[2]) >= opaque
    return np.asarray(seen)


def edge_spots(look: SceneDescription, product: ProductModel, taken: list[tuple[Spot, float]]) -> list[Spot]:
    """Free spots on the floor at which the picture's border cuts through a standing product.

    Args:
        look: basket and camera.
        product: what is to stand there.
        taken: spots in use with the radius of each.
    """
    b, radius = look.basket, product.footprint + MARGIN
    if radius >= min(b.reach, b.width):
        return []
    x, y = np.meshgrid(
        np.linspace(-b.length + radius, b.length - radius, 15), np.linspace(radius - b.width, b.width - radius, 11)
    )
    spots = np.stack([x.ravel(), y.ravel()], 1)
    share = _share_in_picture(look, product, spots)
    cut = spots[(share > CUT[0]) & (share < CUT[1])]
    return [(float(x), float(y)) for x, y in cut if all(np.hypot(x - sx, y - sy) > radius + r for (sx, sy), r in taken)]


def _share_in_picture(look: SceneDescription, product: ProductModel, spots: FloatArray) -> FloatArray:
    """For each spot (N, 2), about which share of a product that stands there the picture shows."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 4)] * 3), -1).reshape(-1, 3)
    solid = (grid + np.array([0, 0, 1])) * product.half
    points = (solid[None] + np.pad(spots, ((0, 0), (0, 1)))[:, None]).reshape(-1, 3)
    return np.asarray(_in_view(look, points).reshape(len(spots), -1).mean(1))


def _rim(look: SceneDescription) -> FloatArray:
    """Points around the opening that lie in front of the camera."""
    b = look.basket
    corners = np.array([(-b.length, -b.width), (b.length, -b.width), (b.length, b.width), (-b.length, b.width)])
    steps = np.linspace(0, 1, 24, endpoint=False)[:, None]
    edges = [a + (c - a) * steps for a, c in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    flat = np.concatenate(edges)
    points = np.column_stack([flat, np.full(len(flat), b.depth)])
    depth = (points - np.array(look.camera.place)) @ look.camera.axes[2]
    return np.asarray(points[depth > NEAR])

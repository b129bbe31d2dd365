"""The camera's view of an item: visible box, whole box, and the visible share."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from smartcart.datasets.products.meshes import FloatArray, IntArray
from smartcart.datasets.scene.rendering import RenderedShot
from smartcart.datasets.scene.simulation import HANDS, World

LEAST_PIXELS = 60
LEAST_HAND_PIXELS = 350
LEAST_SIDE = 5
LEAST_SHARE = 0.12
CANVAS = 192

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """One thing in the picture; boxes are normalised x1 y1 x2 y2.

    ``visible`` is the share of its outline that is visible, in the picture and not behind anything; ``amodal`` is the
    box of the whole outline, clipped at the picture's border.
    """

    name: str
    label: str
    box: Box
    amodal: Box
    visible: float


def seen_items(world: World, shot: RenderedShot) -> list[Visibility]:
    """Every item that counts as visible."""
    found = [_item(world, shot, name) for name in world.products]
    return [item for item in found if item is not None]


def seen_hands(shot: RenderedShot) -> list[tuple[str, Box]]:
    """The hands in the picture (right or left) with the box of each up to the wrist."""
    found: list[tuple[str, Box]] = []
    for name in HANDS:
        box = _box(shot, name, LEAST_HAND_PIXELS)
        if box is not None:
            found.append((name, box))
    return found


def told(
    world: World, items: Sequence[Visibility], hands: Sequence[tuple[str, Box]], *, held: Set[str]
) -> dict[str, Any]:
    """The visible things as a line of ``frames.jsonl``: ``items`` and ``hands``."""
    return {
        "items": [
            {
                "id": item.name,
                "product": world.products[item.name].name,
                "label": item.label,
                "box": [round(v, 4) for v in item.box],
                "amodal": [round(v, 4) for v in item.amodal],
                "visible": round(item.visible, 3),
                "held": item.name in held,
            }
            for item in items
        ],
        "hands": [{"side": side, "box": [round(v, 4) for v in box]} for side, box in hands],
    }


def _box(shot: RenderedShot, name: str, least: int) -> Box | None:
    height, width = shot.owners.shape
    rows, columns = np.nonzero(shot.mask(name))
    if len(rows) < least:
        return None
    x1, x2, y1, y2 = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    if min(x2 - x1, y2 - y1) < LEAST_SIDE:
        return None
    return float(x1 / width), float(y1 / height), float(x2 / width), float(y2 / height)


def _outline_area(pixels: FloatArray, faces: IntArray) -> float:
    """The area in pixels of a projected mesh, wherever it lies: triangles that face the camera, drawn one by one."""
    low, high = pixels.min(0), pixels.max(0)
    scale = CANVAS / max(float((high - low).max()), 1.0)
    corners = ((pixels - low) * scale)[faces]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    towards = corners[ax * by - ay * bx < 0]
    canvas = np.zeros((CANVAS + 2, CANVAS + 2), np.uint8)
    for triangle in np.round(towards * 8).astype(np.int32):
        cv2.fillConvexPoly(canvas, triangle, 1, cv2.LINE_8, 3)
    edge = 0.5 * cv2.arcLength(cv2.convexHull((pixels - low).astype(np.float32)) * scale, True)  # drawn half too wide
    return (float(canvas.sum()) - edge) / scale**2


def _item(world: World, shot: RenderedShot, name: str) -> Visibility | None:
    box = _box(shot, name, LEAST_PIXELS)
    if box is None:
        return None
    height, width = shot.owners.shape
    pixels, depth = world.look.camera.project(world.corners(name))
    if depth.min() < 0.01:
        return None
    pixels = pixels + shot.offset
    outline = _outline_area(pixels, world.products[name].shape.faces)
    visible = min(1.0, float(shot.mask(name).sum()) / max(outline, 1.0))
    if visible < LEAST_SHARE:
        return None
    low, high = pixels.min(0) / [width, height], pixels.max(0) / [width, height]
    x1, y1, x2, y2 = (float(v) for v in np.clip([*low, *high], 0, 1))
    return Visibility(name=name, label=world.products[name].label, box=box, amodal=(x1, y1, x2, y2), visible=visible)

"""The quiet basket of a collage clip: a real picture, its zone, and where there is room in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.collage.gallery import LENGTH_CM
from smartcart.datasets.collage.light import Light, light_of
from smartcart.datasets.collage.motion import Point
from smartcart.datasets.photos.backgrounds import BackgroundSource, Marks, Refuse, draw_background
from smartcart.datasets.products.textures import Picture
from smartcart.models.labels import HAND

SIZE: Final = (640, 480)
TRIES: Final = 40
MARGIN: Final = (0.05, 0.11)
JITTER: Final = 0.012
PX_PER_CM: Final = (6.0, 10.0)
CLOSE_UP: Final = 13.0
CLOSE_UPS: Final = 0.04
MOST_FILLED: Final = 0.4
ROOM_PX: Final = 14.0
SPOTS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A real picture as the basket.

    Attributes:
        photo: the picture (blue, green, red).
        light: its light.
        goods: its own goods with their boxes, normalised.
        zone: the basket's polygon, normalised.
        px_per_cm: the scale of what is laid into it.
    """

    photo: Picture
    light: Light
    goods: Marks
    zone: tuple[Point, ...]
    px_per_cm: float

    def inside(self, x: float, y: float) -> bool:
        """Whether a point (pixels) is in the zone."""
        outline = np.array(self.zone, np.float32) * np.array(SIZE, np.float32)
        return cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0

    @property
    def standing(self) -> list[str]:
        """The labels of its own goods that are in the zone."""
        middles = [(label, (x1 + x2) / 2 * SIZE[0], (y1 + y2) / 2 * SIZE[1]) for label, (x1, y1, x2, y2) in self.goods]
        return [label for label, x, y in middles if self.inside(x, y)]

    def room(self, rng: np.random.Generator, radius: float, taken: Sequence[tuple[Point, float]]) -> Point | None:
        """A free spot (pixels) for something of a radius, clear of the picture's own goods and of spots in use."""
        for _ in range(SPOTS):
            x, y = float(rng.uniform(0, SIZE[0])), float(rng.uniform(0, SIZE[1]))
            around = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in np.arange(8) * np.pi / 4]
            if all(self.inside(*point) for point in around) and self.clear((x, y), radius, taken):
                return x, y
        return None

    def clear(self, spot: Point, radius: float, taken: Sequence[tuple[Point, float]]) -> bool:
        """Whether a disc (pixels) keeps away from the picture's own goods and from spots in use."""
        x, y = spot
        if any(np.hypot(x - other[0], y - other[1]) < radius + r + ROOM_PX for other, r in taken):
            return False
        return not any(_touches(x, y, radius, box) for _, box in self.goods)


def draw_stage(rng: np.random.Generator, found: Sequence[Sequence[BackgroundSource]], refuse: Refuse) -> Stage:
    """A basket from a random background that shows no hand and has room; close-ups are rare.

    Raises:
        DataError: a picture cannot be read.
    """
    for attempt in range(TRIES):
        background = draw_background(rng, found, SIZE, refuse)
        shown = [
            max((x2 - x1) * SIZE[0], (y2 - y1) * SIZE[1]) / LENGTH_CM[k] for k, (x1, y1, x2, y2) in background.boxes
        ]
        filled = sum((x2 - x1) * (y2 - y1) for _, (x1, y1, x2, y2) in background.boxes)
        scale = float(np.median(shown)) if shown else float(rng.uniform(*PX_PER_CM))
        fits = filled < MOST_FILLED and (scale < CLOSE_UP or rng.random() < CLOSE_UPS)
        if attempt == TRIES - 1 or (fits and all(label != HAND for label, _ in background.boxes)):
            break
    photo = np.ascontiguousarray(background.picture[..., ::-1])
    return Stage(
        photo=photo,
        light=light_of(photo),
        goods=tuple((label, box) for label, box in background.boxes if label != HAND),
        zone=_zone(rng),
        px_per_cm=float(np.clip(scale, *PX_PER_CM)),
    )


def _zone(rng: np.random.Generator) -> tuple[Point, ...]:
    """The picture less a margin on every side, a little askew."""
    left, top, right, bottom = rng.uniform(*MARGIN, 4)
    corners = ((left, top), (1 - right, top), (1 - right, 1 - bottom), (left, 1 - bottom))
    return tuple((float(x + rng.normal(0, JITTER)), float(y + rng.normal(0, JITTER))) for x, y in corners)


def _touches(x: float, y: float, radius: float, box: tuple[float, float, float, float]) -> bool:
    """Whether a disc (pixels) overlaps a box (normalised)."""
    near_x = np.clip(x, box[0] * SIZE[0], box[2] * SIZE[0])
    near_y = np.clip(y, box[1] * SIZE[1], box[3] * SIZE[1])
    return bool(np.hypot(x - near_x, y - near_y) < radius + ROOM_PX / 2)

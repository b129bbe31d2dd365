"""The surroundings of a cart from real pictures: the floor under it, the shelves beside it, the room above.

A picture with boxes of goods gives a floor: the ground between the boxes. A picture without boxes is of shelves or of a
hall, and is blurred like a distant background. A light probe gives the room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.backgrounds import PROBES, BackgroundSource, sources
from smartcart.datasets.photos.cutouts import COPY_MARK, Split, split_of_name
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import FloatPicture
from smartcart.datasets.scene.description import Surroundings

FLOOR: Final = 512
LEAST_PATCH: Final = 0.22  # of the picture's shorter side
TRIES: Final = 24
LENT: Final = 0.15  # of a patch's side that may lie in a box: boxes are loose
SHELF: Final = (1024, 384)
ROOM: Final = 192
SHARE: Final = 0.7  # of scenes in which a kind is real, where there are pictures of it
CUBE: Final = (  # MuJoCo's skybox: where in the world each face lies, and where its columns and its rows lead
    ((1, 0, 0), (0, 1, 0), (0, 0, -1)),
    ((-1, 0, 0), (0, -1, 0), (0, 0, -1)),
    ((0, 0, 1), (1, 0, 0), (0, -1, 0)),
    ((0, 0, -1), (1, 0, 0), (0, 1, 0)),
    ((0, -1, 0), (1, 0, 0), (0, 0, -1)),
    ((0, 1, 0), (-1, 0, 0), (0, 0, -1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The sources of surroundings: of one split only."""

    floors: tuple[BackgroundSource, ...] = ()
    shelves: tuple[BackgroundSource, ...] = ()
    rooms: tuple[BackgroundSource, ...] = ()

    def draw(self, rng: np.random.Generator) -> Surroundings:
        """Surroundings of one scene.

        Raises:
            DataError: a picture cannot be read.
        """
        return Surroundings(
            floor=_floor(rng, _any(rng, self.floors)) if self.floors and rng.random() < SHARE else None,
            shelf=_shelf(rng, _any(rng, self.shelves)) if self.shelves and rng.random() < SHARE else None,
            room=_room(rng, _any(rng, self.rooms)) if self.rooms and rng.random() < SHARE else None,
        )


def read_places(paths: Sequence[Path], split: Split) -> Places:
    """The pictures of a split, by a hash of their names; if a split has none of a kind, the drawn one stays.

    Raises:
        DataError: a path holds no picture.
    """
    found = [source for group in sources(paths) for source in group]
    own = [source for source in found if split_of_name(source.file.stem.split(COPY_MARK)[0]) == split]
    plain = [source for source in own if source.boxes is None]
    return Places(
        floors=tuple(source for source in own if source.boxes),
        shelves=tuple(source for source in plain if source.file.suffix.lower() not in PROBES),
        rooms=tuple(source for source in plain if source.file.suffix.lower() in PROBES),
    )


def _any(rng: np.random.Generator, found: Sequence[BackgroundSource]) -> BackgroundSource:
    return found[int(rng.integers(len(found)))]


def _floor(rng: np.random.Generator, source: BackgroundSource) -> Picture | None:
    """A seamless floor from a patch that no box touches; None if the picture has no such patch."""
    picture = _read(source)
    height, width = picture.shape[:2]
    least = LEAST_PATCH * min(height, width)
    for _ in range(TRIES):
        side = int(least * rng.uniform(1.0, 2.6))
        if side > min(height, width):
            continue
        x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
        if not any(_meets(box, x / width, y / height, side / width, side / height) for _, box in source.boxes or ()):
            patch = cv2.resize(picture[y : y + side, x : x + side], (FLOOR // 2, FLOOR // 2))
            return _tiled(np.asarray(patch, np.uint8))
    return None


def _meets(box: tuple[float, float, float, float], x: float, y: float, w: float, h: float) -> bool:
    lent_x, lent_y = LENT * w, LENT * h
    return bool(box[0] < x + w - lent_x and box[2] > x + lent_x and box[1] < y + h - lent_y and box[3] > y + lent_y)


def _tiled(patch: Picture) -> Picture:
    """Four mirrored copies, so that the edges meet."""
    row = np.hstack([patch, patch[:, ::-1]])
    return np.ascontiguousarray(np.vstack([row, row[::-1]]))


def _shelf(rng: np.random.Generator, source: BackgroundSource) -> Picture:
    """A wall of shelves twice as long as the picture, a little out of focus."""
    picture = _read(source)
    height, width = picture.shape[:2]
    share = float(rng.uniform(0.7, 1.0))
    wide, high = int(width * share), int(height * share)
    x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    part = cv2.resize(picture[y : y + high, x : x + wide], (SHELF[0] // 2, SHELF[1]), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(part, (0, 0), float(rng.uniform(1.0, 2.6)))
    return np.ascontiguousarray(np.hstack([soft, soft[:, ::-1]]), np.uint8)


def _room(rng: np.random.Generator, source: BackgroundSource) -> Picture:
    """Six views into a light probe, as a skybox has them."""
    probe = np.asarray(_read_probe(source), np.float32)
    height, width = probe.shape[:2]
    turn = rng.uniform(-np.pi, np.pi)
    v, u = (np.mgrid[0:ROOM, 0:ROOM] + 0.5) * (2 / ROOM) - 1
    faces = []
    for ahead, across, down in np.array(CUBE, float):
        ray = ahead + u[..., None] * across + v[..., None] * down
        ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
        x = ((np.arctan2(ray[..., 1], ray[..., 0]) + turn) / (2 * np.pi) % 1.0) * (width - 1)
        y = (0.5 - np.arcsin(np.clip(ray[..., 2], -1, 1)) / np.pi) * (height - 1)
        faces.append(cv2.remap(probe, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR))
    light = np.vstack(faces)
    light = light * (0.3 / max(float(np.median(light)), 1e-6))
    light = light * (1 + 0.1 * light) / (1 + light)  # Reinhard's curve with a white point
    return np.asarray(np.clip(light, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def _read(source: BackgroundSource) -> Picture:
    picture = cv2.imread(str(source.file), cv2.IMREAD_COLOR)
    if picture is None or min(picture.shape[:2]) < 32:
        raise DataError(f"{source.file}: cannot be read as a picture, or is too small")
    return np.asarray(picture[..., ::-1], np.uint8)


def _read_probe(source: BackgroundSource) -> FloatPicture:
    probe = cv2.imread(str(source.file), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if probe is None or min(probe.shape[:2]) < 32:
        raise DataError(f"{source.file}: cannot be read as a light probe, or is too small")
    return np.asarray(probe[..., ::-1], np.float32)

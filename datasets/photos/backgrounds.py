"""Real pictures as backgrounds: photos, photos with their own boxes, and light probes of rooms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import FloatPicture, Mask
from smartcart.models.dataset.boxes import Corners
from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset

PHOTOS: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
PROBES: Final = (".hdr",)
TRIES: Final = 12
LEAST_LEFT: Final = 0.4
LEAST_UNCOVERED: Final = 0.45
MOST_PIXELS: Final = 40_000_000

Marks = tuple[tuple[str, Corners], ...]
Refuse = Callable[[Picture], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """A picture (RGB) at its final size with the boxes (normalised x1 y1 x2 y2) known in it."""

    picture: Picture
    boxes: Marks = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundSource:
    """A file that backgrounds are cut from; ``boxes`` is None if it is unlabelled."""

    file: Path
    boxes: Marks | None = None


def sources(paths: Sequence[Path]) -> list[list[BackgroundSource]]:
    """For each path all pictures under that folder, or the training pictures of that ``data.yaml`` with their boxes.

    Raises:
        DataError: a path holds no picture.
    """
    found: list[list[BackgroundSource]] = []
    for path in paths:
        more = _boxed(path) if path.suffix in (".yaml", ".yml") else _plain(path)
        if not more:
            raise DataError(f"{path}: no pictures ({', '.join((*PHOTOS, *PROBES))}) for backgrounds")
        found.append(more)
    return found


def _plain(folder: Path) -> list[BackgroundSource]:
    files = sorted(folder.rglob("*")) if folder.is_dir() else [folder] if folder.exists() else []
    return [BackgroundSource(file=file) for file in files if file.suffix.lower() in (*PHOTOS, *PROBES)]


def _boxed(file: Path) -> list[BackgroundSource]:
    try:
        parts = read_dataset(file).train
    except DatasetError as error:
        raise DataError(str(error)) from error
    return [
        BackgroundSource(file=photo.image, boxes=tuple((box.label, box.corners) for box in photo.boxes))
        for part in parts
        for photo in part.photos
    ]


def draw_background(
    rng: np.random.Generator, found: Sequence[Sequence[BackgroundSource]], size: tuple[int, int], refuse: Refuse
) -> Background:
    """A random cut out of a random source, sometimes mirrored.

    Unlabelled contents must not be recognisable, or training would teach to overlook them: such a cut is blurred, and
    drawn again while ``refuse`` says that it shows something. If all are refused, it is blurred beyond recognition.

    Args:
        rng: draws.
        found: the sources, in groups that are drawn equally often.
        size: width and height in pixels.
        refuse: whether a cut (BGR) shows a thing or a person.

    Raises:
        DataError: a picture cannot be read.
    """
    cut = Background(picture=np.zeros((size[1], size[0], 3), np.uint8))
    for _ in range(TRIES):
        group = found[int(rng.integers(len(found)))]
        source = group[int(rng.integers(len(group)))]
        cut = _mirrored(rng, _cut(rng, source, size))
        if source.boxes is not None:
            return cut
        picture = _defocused(cut.picture, float(rng.uniform(0.3, 3.5)) * size[0] / 640)
        if not refuse(np.ascontiguousarray(picture[..., ::-1])):
            return Background(picture=picture)
    return Background(picture=_defocused(cut.picture, 24.0 * size[0] / 640))


def uncovered(boxes: Marks, mask: Mask) -> Marks:
    """The visible part of the photo's own boxes, each shrunk to its uncovered pixels."""
    height, width = mask.shape
    left: list[tuple[str, Corners]] = []
    for label, (x1, y1, x2, y2) in boxes:
        column, row = int(x1 * width), int(y1 * height)
        free = ~mask[row : max(int(np.ceil(y2 * height)), row + 1), column : max(int(np.ceil(x2 * width)), column + 1)]
        if free.mean() < LEAST_UNCOVERED:
            continue
        if free.all():
            left.append((label, (x1, y1, x2, y2)))
            continue
        rows, columns = np.nonzero(free.any(1))[0], np.nonzero(free.any(0))[0]
        across = (column + int(columns[0])) / width, (column + int(columns[-1]) + 1) / width
        down = (row + int(rows[0])) / height, (row + int(rows[-1]) + 1) / height
        left.append((label, (max(across[0], x1), max(down[0], y1), min(across[1], x2), min(down[1], y2))))
    return tuple(left)


def _cut(rng: np.random.Generator, source: BackgroundSource, size: tuple[int, int]) -> Background:
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR if source.file.suffix.lower() in PROBES else cv2.IMREAD_COLOR
    try:
        read = cv2.imread(str(source.file), flags)
    except cv2.error:
        read = None
    if read is None or min(read.shape[:2]) < 32 or read.shape[0] * read.shape[1] > MOST_PIXELS:
        raise DataError(f"{source.file}: cannot be read as a picture, or is too small or too large")
    if source.file.suffix.lower() in PROBES:
        return Background(picture=_looked_into(rng, np.asarray(read[..., ::-1], np.float32), size))
    picture = np.asarray(read[..., ::-1], np.uint8)
    if source.boxes is not None:
        picture = _unsqueezed(rng, picture)
    height, width = picture.shape[:2]
    largest = min(width / size[0], height / size[1])
    scale = largest * float(rng.uniform(0.8 if source.boxes else 0.45, 1.0))
    wide, high = max(int(size[0] * scale), 1), max(int(size[1] * scale), 1)
    x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    part = cv2.resize(
        picture[y : y + high, x : x + wide], size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    )
    boxes = [
        (label, _within(box, x / width, y / height, wide / width, high / height)) for label, box in source.boxes or ()
    ]
    return Background(picture=np.asarray(part, np.uint8), boxes=tuple((label, box) for label, box in boxes if box))


def _unsqueezed(rng: np.random.Generator, picture: Picture) -> Picture:
    """A square photo, which data sets make of photos of any shape, mostly stretched back to 4:3 or 3:4."""
    side = len(picture)
    if picture.shape[1] != side or rng.random() < 1 / 3:
        return picture
    size = (side * 4 // 3, side) if rng.random() < 0.5 else (side, side * 4 // 3)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _within(box: Corners, x: float, y: float, w: float, h: float) -> Corners | None:
    """A box as it lies in a cut, or None if too little of it is left."""
    x1, y1, x2, y2 = (box[0] - x) / w, (box[1] - y) / h, (box[2] - x) / w, (box[3] - y) / h
    cut = max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)
    left = max(cut[2] - cut[0], 0) * max(cut[3] - cut[1], 0)
    return cut if left > LEAST_LEFT * (x2 - x1) * (y2 - y1) else None


def _mirrored(rng: np.random.Generator, cut: Background) -> Background:
    if rng.random() < 0.5:
        return cut
    boxes = tuple((label, (1 - x2, y1, 1 - x1, y2)) for label, (x1, y1, x2, y2) in cut.boxes)
    return Background(picture=np.ascontiguousarray(cut.picture[:, ::-1]), boxes=boxes)


def _looked_into(rng: np.random.Generator, probe: FloatPicture, size: tuple[int, int]) -> Picture:
    """A pinhole's view into an equirectangular light probe, mostly downwards as from a cart, exposed as by a camera."""
    width, height = size
    focal = width / 2 / np.tan(np.radians(rng.uniform(50, 85)) / 2)
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    rays = np.stack([(u - width / 2) / focal, (v - height / 2) / focal, np.ones_like(u)], -1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    pitch, yaw = np.radians(rng.uniform(-5, 55)), rng.uniform(-np.pi, np.pi)
    down = rays[..., 1] * np.cos(pitch) + rays[..., 2] * np.sin(pitch)
    ahead = rays[..., 2] * np.cos(pitch) - rays[..., 1] * np.sin(pitch)
    around = np.arctan2(rays[..., 0], ahead) + yaw
    x = ((around / (2 * np.pi) + 0.5) % 1.0) * probe.shape[1]
    y = (np.arcsin(np.clip(down, -1, 1)) / np.pi + 0.5) * (probe.shape[0] - 1)
    light = cv2.remap(probe, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    light = light * (rng.uniform(0.18, 0.4) / max(float(np.median(light)), 1e-6))
    light = light * (1 + 0.1 * light) / (1 + light)  # Reinhard's curve with a white point
    return np.asarray(np.clip(light, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def _defocused(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)

"""Folders of real pictures for an embedding: cut where the detector sees the object in the middle."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from smartcart.edge.capture.frames import Image
from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.views import CartLight, as_in_carts
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.models.crop import SURROUND, item_crop
from smartcart.models.dataset.detection_dataset import DatasetError
from smartcart.models.labels import DEFAULT_MODEL, HAND

SIDE: Final = 128
LEAST_AREA: Final = 0.08
MIDDLE: Final = Box(0.125, 0.125, 0.875, 0.875)
INNER: Final = Box(0.5 - 0.5 / SURROUND, 0.5 - 0.5 / SURROUND, 0.5 + 0.5 / SURROUND, 0.5 + 0.5 / SURROUND)
"""Where the item is in its crop."""
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPair:
    """Pictures that enrol and pictures that ask, with the product number of each in ``names``."""

    enrolled: NDArray[np.float32]
    of: NDArray[np.int64]
    asking: NDArray[np.float32]
    truth: NDArray[np.int64]
    names: list[str]
    crops: tuple[list[Image], list[Image]]


def embedded_pair(model: Path, enrol: Path, ask: Path) -> EmbeddedPair:
    """Cuts and embeds both folders; a product is the name of its folder.

    Raises:
        DatasetError: a folder contains no pictures.
        ModelError: the model is not an embedding.
    """
    embedder, detector = OnnxEmbedder(model), OnnxDetector(DEFAULT_MODEL)
    names: list[str] = []
    parts = [_part(folder, detector, names) for folder in (enrol, ask)]
    rows = [np.concatenate([embedder.embed_crops(c[i : i + 32]) for i in range(0, len(c), 32)]) for c, _ in parts]
    return EmbeddedPair(
        enrolled=rows[0],
        of=np.array(parts[0][1], np.int64),
        asking=rows[1],
        truth=np.array(parts[1][1], np.int64),
        names=names,
        crops=(parts[0][0], parts[1][0]),
    )


def rows_as_enrolled(model: Path, crops: Sequence[Image]) -> NDArray[np.float32]:
    """Embeds crops as the edge enrols them, as they are and in each cart light: ``[N, 1 + lights, width]``."""
    embedder = OnnxEmbedder(model)
    return np.stack([embedder.embed_crops([crop, *as_in_carts(crop, INNER)]) for crop in crops])


def rows_in_carts(model: Path, crops: Sequence[Image], seed: int = 0) -> NDArray[np.float32]:
    """Embeds crops as a cart's camera might see them, each in a light of its own: ``[N, width]``."""
    embedder, rng = OnnxEmbedder(model), np.random.default_rng(seed)
    rows = []
    for crop in crops:
        red, blue = rng.uniform(0.85, 1.15, 2)
        gain = rng.uniform(0.7, 1.2)
        light = CartLight(side=int(rng.integers(21, 47)), gains=(gain * blue, gain, gain * red))
        rows.append(embedder.embed_crops(as_in_carts(crop, INNER, [light]))[0])
    return np.array(rows)


def _part(folder: Path, detector: OnnxDetector, names: list[str]) -> tuple[list[Image], list[int]]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DatasetError(f"{folder}: no pictures; give a folder with one folder per product")
    crops, numbers = [], []
    for file in tqdm(files, unit="picture", file=sys.stderr, disable=None):
        image = cv2.imread(str(file))
        if image is None:
            raise DatasetError(f"{file}: cannot be read as a picture")
        picture = np.asarray(image, np.uint8)
        crops.append(item_crop(picture, _middle(detector, picture), SIDE))
        if file.parent.name not in names:
            names.append(file.parent.name)
        numbers.append(names.index(file.parent.name))
    return crops, numbers


def _middle(detector: OnnxDetector, image: Image) -> Box:
    """The largest object over the picture's middle; most of the picture if none is seen."""
    tensor, letterbox = detector.prepare(image)
    found = [d.box for d in detector.decode(detector.infer(tensor), letterbox) if d.label != HAND]
    there = [b for b in found if b.x1 < 0.5 < b.x2 and b.y1 < 0.5 < b.y2 and b.area > LEAST_AREA]
    return max(there, key=lambda box: box.area, default=MIDDLE)


def product_photos(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Crops ``[N, 3, SIDE, SIDE]`` (RGB) of a folder of products, and the product number of each.

    Raises:
        DatasetError: the folder contains no pictures.
    """
    crops, numbers = _part(folder, OnnxDetector(DEFAULT_MODEL), [])
    return np.stack([crop[..., ::-1].transpose(2, 0, 1) for crop in crops]), np.array(numbers, np.int64)


def confusions(pair: EmbeddedPair, out: Path) -> None:
    """Draws the most frequent confusions: a picture that asks, and the product that it is taken for."""
    alike = pair.asking @ pair.enrolled.T
    nearest = alike.argmax(1)
    wrong = np.flatnonzero(pair.of[nearest] != pair.truth)
    often = Counter((int(pair.truth[i]), int(pair.of[nearest[i]])) for i in wrong).most_common(SHOWN)
    rows = []
    for (truth, said), count in often:
        i = next(i for i in wrong if (pair.truth[i], pair.of[nearest[i]]) == (truth, said))
        row = np.hstack([pair.crops[1][i], pair.crops[0][nearest[i]]])
        band = np.full((22, row.shape[1], 3), 255, np.uint8)
        words = f"{count}x {pair.names[truth][:15]} > {pair.names[said][:15]}"
        cv2.putText(band, words, (3, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
        rows.append(np.vstack([band, row]))
    while len(rows) % 4:
        rows.append(np.full_like(rows[0], 255) if rows else np.full((150, 256, 3), 255, np.uint8))
    sheet = np.vstack([np.hstack(rows[i : i + 4]) for i in range(0, len(rows), 4)])
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), sheet)

"""Photos of one scene on both sides of a split, which make figures look too good.

Two photos, or one and the mirror image of the other, show one scene if their difference hashes are near and their
colours correlate. The hash is one comparison of a thumbnail with itself; imagehash would bring SciPy and PyWavelets.

The thresholds come from eight photo sets that were split by others. Of 814 nearest neighbours, pairs of one scene
(bursts, a hand that moved) are 11 to 72 bits apart and correlate 0.82 to 0.999. Products on white, which share an
outline, are as near as 20 bits and correlate 0.83 at most. Other pairs are at 53 to 105 bits and correlate 0.78 at
most. So a few pairs of one scene with the most movement are missed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.detection_dataset import DatasetError, DetectionDataset, LabelledPhoto
from smartcart.models.dataset.joined_dataset import kept_for_measuring

Rule = Literal["refuse", "drop", "allow"]
RULES: Final[tuple[Rule, ...]] = ("refuse", "drop", "allow")
OPTION: Final = "--shared-scenes"

HEIGHT: Final = 16
WIDTH: Final = 17
BITS: Final = 64  # of 256
ALIKE: Final = 0.86  # correlation of two colour thumbnails
AT_ONCE: Final = 256

Thumbs = NDArray[np.uint8]
"""``[N, 16, 17, 3]``."""


def by_rule(datasets: Sequence[DetectionDataset], rule: Rule) -> list[DetectionDataset]:
    """Applies a rule to the sets before training.

    Args:
        datasets: their ``train`` parts are compared with everything that any of them keeps for measuring.
        rule: ``drop`` removes photos that share a scene from ``train``, ``allow`` does not check.

    Raises:
        DatasetError: under ``refuse``, two photos that share a scene, by name; or one that cannot be read.
    """
    if rule == "allow":
        return list(datasets)
    kept = [photo.image for dataset in datasets for photo in kept_for_measuring(dataset)]
    of_kept = thumbs(kept)
    found: dict[Path, Path] = {}
    for dataset in datasets:
        images = [photo.image for part in dataset.train for photo in part.photos]
        found |= {images[i]: kept[k] for i, k in shared(thumbs(images), of_kept)}
    if rule == "refuse":
        refuse(found)
    return [_without(dataset, found.keys()) for dataset in datasets]


def refuse(found: Mapping[Path, Path]) -> None:
    """Does nothing if nothing was found.

    Args:
        found: for photos in training, the kept photo whose scene they share.

    Raises:
        DatasetError: with the first of them by name.
    """
    if found:
        learned, kept = next(iter(found.items()))
        raise DatasetError(
            f"{learned}: shows the scene of {kept}, which is kept for measuring; so do {len(found)} of the training "
            f"photos, and figures would look too good: split by scene, leave them out with {OPTION} drop, or say "
            f"{OPTION} allow"
        )


def shared(learned: Thumbs, kept: Thumbs) -> list[tuple[int, int]]:
    """The training photos that share a scene with a kept one, each once: (number, number of the kept one)."""
    found: dict[int, int] = {}
    for side in (learned, learned[:, :, ::-1]):
        bits, colours = _bits(side), _colours(side)
        for start in range(0, len(kept), AT_ONCE):
            some = kept[start : start + AT_ONCE]
            apart = (bits.shape[1] - bits @ _bits(some).T) / 2
            near = np.argwhere(apart <= BITS)
            alike = (colours[near[:, 0]] * _colours(some)[near[:, 1]]).sum(1) >= ALIKE
            found |= {int(i): start + int(k) for i, k in near[alike] if int(i) not in found}
    return sorted(found.items())


def thumbs(images: Iterable[Path]) -> Thumbs:
    """The thumbnails of photos, in their order; about 1.5 ms each."""
    made = [thumb(image) for image in images]
    return np.stack(made) if made else EMPTY


def thumb(image: Path) -> Thumbs:
    """One thumbnail, ``[16, 17, 3]``; a large JPEG is decoded at half its size.

    Raises:
        DatasetError: it cannot be read as a picture.
    """
    picture = cv2.imread(str(image), cv2.IMREAD_REDUCED_COLOR_2)
    if picture is None:
        raise DatasetError(f"{image}: cannot be read as a picture")
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


EMPTY: Final[Thumbs] = np.zeros((0, HEIGHT, WIDTH, 3), np.uint8)


def _bits(of: Thumbs) -> NDArray[np.float32]:
    """The difference hash, ``[N, 256]`` of 1 and -1: whether brightness rises from each cell to the next."""
    grey = of.astype(np.float32) @ np.array([0.114, 0.587, 0.299], np.float32)
    return np.where(grey[:, :, 1:] > grey[:, :, :-1], 1, -1).astype(np.float32).reshape(len(of), HEIGHT * (WIDTH - 1))


def _colours(of: Thumbs) -> NDArray[np.float32]:
    """With mean 0 and length 1, so that the product of two is their correlation; 0 for a picture of one colour."""
    flat = of.reshape(len(of), HEIGHT * WIDTH * 3).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)


def _without(dataset: DetectionDataset, images: Iterable[Path]) -> DetectionDataset:
    left_out = set(images)

    def kept(photos: Iterable[LabelledPhoto]) -> tuple[LabelledPhoto, ...]:
        return tuple(photo for photo in photos if photo.image not in left_out)

    return replace(dataset, train=tuple(replace(part, photos=kept(part.photos)) for part in dataset.train))

"""Labelled pictures of any kind for an evaluation: a name, the judged labels, and the pictures in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.boxes import TrueBox
from smartcart.models.dataset.detection_dataset import DatasetError, DatasetPart, read_dataset
from smartcart.models.dataset.labelled_clip import labelled_frames, read_boxes

Image = NDArray[np.uint8]
Pictures = Iterator[tuple[Image, Sequence[TrueBox]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSet:
    """Pictures to measure on.

    Attributes:
        name: for tables.
        size: the number of pictures.
        judges: the labels that are labelled completely.
        ignore_below: see ``JudgedPhoto``.
        pictures: each picture (BGR) with its boxes; read again at each call; may raise DatasetError.
    """

    name: str
    size: int
    judges: frozenset[str]
    pictures: Callable[[], Pictures]
    ignore_below: float = 0.0


def photo_sets(files: Sequence[Path]) -> list[JudgedSet]:
    """The ``val`` parts of data sets.

    Raises:
        DatasetError: a data set is unusable, or none has a ``val`` part.
    """
    parts = {f"{file.parent.name}/{part.name}": part for file in files for part in read_dataset(file).val}
    if files and not parts:
        raise DatasetError("none of the data sets has a 'val' part to measure on")
    return [
        JudgedSet(
            name=name,
            size=len(part.photos),
            judges=part.judges,
            pictures=partial(_photos, part),
            ignore_below=part.ignore_below,
        )
        for name, part in parts.items()
    ]


def clip_set(video: Path, boxes: Path | None = None, *, every: int = 1) -> JudgedSet:
    """The labelled frames of a clip; a label without a box is not judged.

    Raises:
        DatasetError: the boxes cannot be read.
    """
    frames = read_boxes(video, boxes, every=every)
    return JudgedSet(
        name=video.stem,
        size=len(frames),
        judges=frozenset(box.label for truth in frames.values() for box in truth),
        pictures=partial(labelled_frames, video, frames),
    )


def _photos(part: DatasetPart) -> Pictures:
    for photo in part.photos:
        image = cv2.imread(str(photo.image))
        if image is None:
            raise DatasetError(f"{photo.image}: cannot be read as a picture")
        yield np.asarray(image, np.uint8), photo.boxes

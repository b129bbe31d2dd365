"""Pictures with boxes, from any source: a YOLO data set, or clips with their frame lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.visibility import Box
from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset
from smartcart.models.labels import HAND, LABELS

FRAMES: Final = ".frames.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One box: class, corners (normalised x1 y1 x2 y2), and the visible share if known."""

    label: str
    box: Box
    visible: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One picture, or one frame of a clip (``frame`` counts from 0), with all its boxes."""

    file: Path
    frame: int | None
    marks: tuple[Mark, ...]

    def picture(self) -> Picture:
        """The picture (BGR).

        Raises:
            DataError: it cannot be read.
        """
        if self.frame is None:
            picture = cv2.imread(str(self.file))
        else:
            video = cv2.VideoCapture(str(self.file))
            video.set(cv2.CAP_PROP_POS_FRAMES, self.frame)
            picture = video.read()[1]
            video.release()
        if picture is None:
            raise DataError(f"{self.file}: cannot be read as a {'picture' if self.frame is None else 'video'}")
        return np.asarray(picture, np.uint8)


def samples(path: Path) -> list[Sample]:
    """Everything labelled under a path: a ``data.yaml``, a folder that contains one, a ``*.frames.jsonl``, or a folder.

    Raises:
        DataError: there is nothing labelled, or a file is malformed; the message names it.
    """
    if path.is_dir() and (path / "data.yaml").exists():
        path = path / "data.yaml"
    if path.suffix in (".yaml", ".yml"):
        return list(_photos(path))
    lines = sorted(path.rglob(f"*{FRAMES}")) if path.is_dir() else [path] if path.name.endswith(FRAMES) else []
    if not lines or not all(file.exists() for file in lines):
        raise DataError(f"{path}: neither a data.yaml (or a folder with one) nor a *{FRAMES} (or a folder with some)")
    return [sample for file in lines for sample in _frames(file)]


def _photos(file: Path) -> Iterator[Sample]:
    try:
        dataset = read_dataset(file)
    except DatasetError as error:
        raise DataError(str(error)) from error
    known = set()
    for part in (*dataset.train, *dataset.val):
        for photo in part.photos:
            if photo.image not in known:
                known.add(photo.image)
                yield Sample(
                    file=photo.image,
                    frame=None,
                    marks=tuple(Mark(label=box.label, box=box.corners, visible=box.visible) for box in photo.boxes),
                )


def _frames(file: Path) -> Iterator[Sample]:
    video = file.with_name(file.name.removesuffix(FRAMES) + ".mp4")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error})") from error
    for number, text in enumerate(lines):
        try:
            line = json.loads(text)
            marks = [
                Mark(label=_known(item["label"]), box=_box(item["box"]), visible=float(item["visible"]))
                for item in line["items"]
            ]
            marks += [Mark(label=HAND, box=_box(hand["box"])) for hand in line["hands"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{file} line {number + 1}: is not a frame line ({error!r})") from error
        yield Sample(file=video, frame=number, marks=tuple(marks))


def _known(label: object) -> str:
    if label not in LABELS:
        raise ValueError(f"class {label!r} is not in the class list")
    return str(label)


def _box(values: list[float]) -> Box:
    x1, y1, x2, y2 = (float(v) for v in values)
    if not (-1 <= x1 <= x2 <= 2 and -1 <= y1 <= y2 <= 2):
        raise ValueError(f"{values} is not a normalised box")
    return x1, y1, x2, y2

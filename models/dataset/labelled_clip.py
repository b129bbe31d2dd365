"""Frames of a clip with the boxes of everything in them: a simulated clip's own truth, or hand-labelled frames."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.boxes import TrueBox
from smartcart.models.dataset.detection_dataset import DatasetError
from smartcart.models.errors import MALFORMED
from smartcart.models.labels import HAND, LABELS

Image = NDArray[np.uint8]


def read_boxes(video: Path, boxes: Path | None = None, *, every: int = 1) -> dict[int, list[TrueBox]]:
    """The boxes of a clip's frames, by the frame's number.

    Args:
        video: the clip.
        boxes: lines of ``{"frame": n, "items": [...], "hands": [...]}``; ``frame`` may be omitted if every frame has a
            line, as in a simulated clip's ``frames.jsonl``, which is the default.
        every: use every n-th of the labelled frames.

    Raises:
        DatasetError: the file is missing or malformed.
    """
    return dict(list(_read(boxes or video.with_suffix(".frames.jsonl")))[::every])


def labelled_frames(video: Path, boxes: Mapping[int, Sequence[TrueBox]]) -> Iterator[tuple[Image, Sequence[TrueBox]]]:
    """The labelled frames (BGR) with their boxes.

    Raises:
        DatasetError: the clip is missing, or ends before its boxes do.
    """
    clip = cv2.VideoCapture(str(video))
    try:
        last = max(boxes, default=-1)
        for number in range(last + 1):
            alive, image = clip.read()
            if not alive:
                raise DatasetError(f"{video}: ends before frame {number}, but there are boxes up to frame {last}")
            if number in boxes:
                yield np.asarray(image, np.uint8), boxes[number]
    finally:
        clip.release()


def _read(source: Path) -> Iterator[tuple[int, list[TrueBox]]]:
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{source}: cannot be read ({error})") from error
    for number, line in enumerate(lines):
        try:
            told = json.loads(line)
            yield int(told.get("frame", number)), [*map(_item, told["items"]), *map(_hand, told["hands"])]
        except MALFORMED as error:
            raise DatasetError(
                f"{source} line {number + 1}: does not contain the items and hands of a frame"
            ) from error


def _item(told: dict[str, object]) -> TrueBox:
    if told["label"] not in LABELS:
        raise ValueError(told["label"])
    visible = told.get("visible")
    return TrueBox(
        label=str(told["label"]),
        corners=_corners(told["box"]),
        visible=None if visible is None else float(str(visible)),
        held=bool(told["held"]),
    )


def _hand(told: dict[str, object]) -> TrueBox:
    return TrueBox(label=HAND, corners=_corners(told["box"]))


def _corners(box: object) -> tuple[float, float, float, float]:
    if not isinstance(box, list):
        raise TypeError(box)
    x1, y1, x2, y2 = map(float, box)
    return x1, y1, x2, y2

"""Determines a detection model's head at load: by shape, values on a probe picture, names and metadata.

Three heads of the YOLO family have similar shapes if the number of classes happens to fit, so shape alone does not
decide:

- ``[1, 4 + classes, N]``: centre, width, height, and a score for each class (YOLO11);
- ``[1, N, 6]``: corners, score and class number, thinned by the model (YOLO26, end to end);
- ``[1, N, 5 + classes]``: centre, width, height, objectness, and a score for each class (YOLOv5): refused.

A head is possible if shape and names allow it and the values do not contradict it. If several are possible, metadata
``end2end`` decides; an ambiguous one is refused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from smartcart.edge.vision.model_file import ModelError

Floats = NDArray[np.float32]
Head = Literal["scores", "end to end", "YOLOv5"]

A_LITTLE: Final = 0.01
"""Tolerance for quantized scores and class numbers."""
LEAST_PIXELS: Final = 2
"""No box of a head in pixels lies within so few of the corner, all of them together."""


def probe_picture(width: int, height: int) -> Floats:
    """A picture with slopes, edges and grain: ``[1, 3, height, width]`` in [0, 1]; the same every time."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = np.stack([x / width, y / height, (x + y) / (width + height)])
    thing = (abs(x - width / 2) < width / 8) & (abs(y - height / 2) < height / 4)
    grain = np.random.default_rng(1).normal(0, 0.03, (3, height, width))
    picture: Floats = np.clip(np.where(thing, 0.9 - slope, slope) + grain, 0, 1)[None].astype(np.float32)
    return picture


def is_end_to_end(path: Path, output: Floats, classes: int, metadata: Mapping[str, str]) -> bool:
    """True if the head is ``[1, N, 6]`` end to end, not ``[1, 4 + classes, N]``.

    Args:
        path: for messages.
        output: of the model on a probe picture.
        classes: how many have a name.
        metadata: of the model file.

    Raises:
        ModelError: the head is neither, may be either, gives class numbers that have no name, or boxes that are not
            in pixels.
    """
    if metadata.get("task", "detect") != "detect":
        raise ModelError(f"{path}: the model's task is {metadata['task']!r}; a detection model is needed")
    fitting = _fitting(output.shape, classes)
    possible = {head for head in fitting if _agrees(head, output[0], classes)}
    if len(possible) > 1 and metadata.get("end2end") in ("True", "False"):
        said: set[Head] = {"end to end"} if metadata["end2end"] == "True" else {"scores", "YOLOv5"}
        possible &= said
    if possible == {"end to end"} or possible == {"scores"}:
        found = possible == {"end to end"}
        _check_pixels(path, output[0, :, :4] if found else output[0, :4])
        return found
    shape = list(output.shape)
    if not fitting or possible == {"YOLOv5"}:
        this = "this one is YOLOv5's, with an objectness. " if fitting else ""
        raise ModelError(
            f"{path}: unknown head {shape}; known are [1, {4 + classes}, N] (YOLO11) and [1, N, 6] (YOLO26 "
            f"end to end); {this}Export a detection model of one of those, e.g. `smartcart models export`."
        )
    if not possible and "end to end" in fitting:
        _check_class_numbers(path, output[0], classes)
    what = (
        f"is ambiguous: it may be that of {' or '.join(sorted(possible))}"
        if possible
        else "contains values that fit no known head"
    )
    raise ModelError(
        f"{path}: its head {shape} with {classes} class names {what}. "
        "Export it with its metadata, e.g. `smartcart models export`."
    )


def _fitting(shape: tuple[int, ...], classes: int) -> set[Head]:
    """The heads that have this shape."""
    if len(shape) != 3 or shape[0] != 1:
        return set()
    fits: dict[Head, bool] = {
        "scores": shape[1] == 4 + classes,
        "end to end": shape[2] == 6,
        "YOLOv5": shape[2] == 5 + classes,
    }
    return {head for head, fit in fits.items() if fit}


def _agrees(head: Head, values: Floats, classes: int) -> bool:
    """True if the values are possible for such a head; zeros are possible for any."""
    if not np.isfinite(values).all():
        return False
    if not values.any():
        return True
    if head == "scores":
        sizes = values[2:4]
        return _are_shares(values[4:]) and bool((sizes >= -A_LITTLE).all() and (sizes > 0).any())
    found = values[values[:, 4] > 0]
    if head == "YOLOv5":
        sizes, scores = values[:, 2:4], found[:, 5:]
        return _are_shares(values[:, 4:]) and bool((sizes >= -A_LITTLE).all() and (scores > 0).any())
    ordered = (found[:, 2] >= found[:, 0] - A_LITTLE) & (found[:, 3] >= found[:, 1] - A_LITTLE)
    numbers = found[:, 5]
    whole = np.abs(numbers - np.round(numbers)) <= A_LITTLE
    named = (numbers > -A_LITTLE) & (numbers < classes - 1 + A_LITTLE)
    return _are_shares(values[:, 4]) and bool((ordered & whole & named).all())


def _are_shares(values: Floats) -> bool:
    return bool(((values >= -A_LITTLE) & (values <= 1 + A_LITTLE)).all())


def _check_class_numbers(path: Path, rows: Floats, classes: int) -> None:
    numbers = rows[rows[:, 4] > 0, 5]
    if numbers.size and numbers.max() > classes - 1 + A_LITTLE:
        raise ModelError(
            f"{path}: gives class number {numbers.max():g}, but has names for {classes} only (0 to {classes - 1}); "
            "export it with all of its names, e.g. `smartcart models export`"
        )


def _check_pixels(path: Path, boxes: Floats) -> None:
    if boxes.any() and np.abs(boxes).max() <= LEAST_PIXELS:
        raise ModelError(
            f"{path}: gives boxes as shares of the picture, not in pixels, so that nothing would be found; "
            "export it as Ultralytics does, e.g. `smartcart models export`"
        )

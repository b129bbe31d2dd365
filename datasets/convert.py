"""Others' labelled pictures as a YOLO data set with the class list that simulator, model and truth share."""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from smartcart.datasets.errors import DataError
from smartcart.datasets.foreign import Foreign, readable
from smartcart.datasets.frames import yolo_line
from smartcart.datasets.sight import Box
from smartcart.models.labels import LABELS

DROPPED: Final = "-"
LEAST_SIDE: Final = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written: pictures, boxes of each class, and how many boxes of each foreign name were left out."""

    data: Path
    pictures: int
    classes: dict[str, int]
    dropped: dict[str, int]


def class_map(text: str) -> dict[str, str]:
    """Reads ``Cola=bottle,Tin can=can,person=-``; ``-`` leaves a class out.

    Raises:
        DataError: it is not of that form, or names a class that the list does not have.

    Example:
        >>> class_map("Tin can=can,person=-")
        {'Tin can': 'can', 'person': '-'}
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for old, equals, new in pairs:
        if not (old.strip() and equals) or new.strip() not in (*LABELS, DROPPED):
            raise DataError(
                f"class map: {old.strip()!r} must be followed by = and one of {', '.join(LABELS)}, or - to leave it out"
            )
    return {old.strip(): new.strip() for old, _, new in pairs}


def convert(found: Iterable[Foreign], renamed: Mapping[str, str], folder: Path, split: str) -> Converted:
    """Writes ``images/``, ``labels/`` and ``data.yaml``.

    Args:
        found: the pictures.
        renamed: from their names to ours, or to ``-``; names that are ours already may be missing.
        folder: where to write.
        split: ``train`` or ``val``, the part that ``data.yaml`` calls them.

    Raises:
        DataError: a name is not mapped, or a picture cannot be read.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    classes: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    pictures = 0
    for number, picture in enumerate(found):
        if not readable(picture.image):
            raise DataError(f"{picture.image}: cannot be read as a picture")
        lines = []
        for name, box in picture.boxes:
            label, cut = _ours(name, renamed), _clipped(box)
            if label == DROPPED or cut is None:
                dropped[name] += 1
                continue
            classes[label] += 1
            lines.append(yolo_line(label, cut))
        stem = f"{number:06d}_{picture.image.stem}"
        shutil.copyfile(picture.image, folder / "images" / f"{stem}{picture.image.suffix.lower()}")
        (folder / "labels" / f"{stem}.txt").write_text("".join(lines), encoding="utf-8")
        pictures += 1
    data = folder / "data.yaml"
    judges = sorted({label for label in renamed.values() if label != DROPPED} | set(classes), key=LABELS.index)
    parts = {"train": "images", "val": "images"} if split == "train" else {"val": "images"}
    document = {**parts, "names": dict(enumerate(LABELS)), "judges": judges}
    data.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return Converted(
        data=data,
        pictures=pictures,
        classes={label: classes[label] for label in LABELS if classes[label]},
        dropped=dict(sorted(dropped.items())),
    )


def _ours(name: str, renamed: Mapping[str, str]) -> str:
    label = renamed.get(name, name)
    if label != DROPPED and label not in LABELS:
        raise DataError(
            f"class {name!r} is not in the class list: map it, for example --map '{name}=bottle' or '{name}=-'"
        )
    return label


def _clipped(box: Box) -> Box | None:
    """The part of a box that lies in the picture, or None when hardly any does."""
    x1, y1, x2, y2 = (min(max(v, 0.0), 1.0) for v in box)
    return (x1, y1, x2, y2) if min(x2 - x1, y2 - y1) >= LEAST_SIDE else None

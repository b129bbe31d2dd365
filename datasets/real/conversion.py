"""Converts others' labelled pictures to a YOLO data set with the class list of simulator, model and truth."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import yaml

from smartcart.datasets.errors import DataError
from smartcart.datasets.output.yolo import yolo_line
from smartcart.datasets.real.definition import DROPPED
from smartcart.datasets.real.foreign import Foreign, readable
from smartcart.datasets.scene.visibility import Box
from smartcart.models.labels import LABELS

MOST_LETTERS: Final = 120
LEAST_SIDE: Final = 0.002
OVER_THE_EDGE: Final = 0.01
SQUEEZE: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The result: pictures, boxes of each class, and the number of boxes left out for each foreign name.

    ``cut`` boxes extended beyond their picture and were clipped; ``outside`` ones were almost entirely outside and are
    among those left out.
    """

    data: Path
    pictures: int
    classes: dict[str, int]
    dropped: dict[str, int]
    cut: int = 0
    outside: int = 0


def class_map(text: str) -> dict[str, str]:
    """Reads ``Cola=bottle,Tin can=can,person=-``; ``-`` leaves a class out.

    Raises:
        DataError: it is malformed, or names an unknown class.

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


def convert(
    parts: Mapping[str, Iterable[Foreign]],
    renamed: Mapping[str, str],
    folder: Path,
    *,
    judges: Sequence[str] | None = None,
    ignore_below: float = 0.0,
    squeezed: bool = False,
) -> Converted:
    """Writes ``PART/images/`` and ``PART/labels/`` for each part, and one ``data.yaml``.

    Args:
        parts: the pictures of ``train`` and ``val``, or of one of them.
        renamed: from their names to ours, or to ``-``; names that are ours already may be omitted.
        folder: the target; it must not contain such a part yet.
        judges: the classes that the set labels completely; by default those that it maps to and has.
        ignore_below: the share of a picture below which things were left unlabelled on purpose.
        squeezed: whether the photos were squeezed into squares; each is stretched to 3:4 or 4:3 at random, since the
            original shape is unknown.

    Raises:
        DataError: a name is not mapped, a picture cannot be read, or the folder contains pictures already.
    """
    classes: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    edge: Counter[str] = Counter()
    for part in parts:
        if any((folder / part / "images").glob("*")):
            raise DataError(f"{folder / part}: already contains pictures; give a folder without any")
    pictures = 0
    for part, found in parts.items():
        for name in ("images", "labels"):
            (folder / part / name).mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(found):
            stem = f"{number:06d}_{picture.image.stem[:MOST_LETTERS]}"
            if not readable(picture.image):
                raise DataError(f"{picture.image}: cannot be read as a picture")
            lines = _lines(picture, renamed, classes, dropped, edge)
            _copy(picture.image, folder / part / "images" / f"{stem}{picture.image.suffix.lower()}", squeezed)
            (folder / part / "labels" / f"{stem}.txt").write_text("".join(lines), encoding="utf-8")
            pictures += 1
    if judges is None:
        mapped = {label for label in renamed.values() if label != DROPPED} | set(classes)
        judges = sorted(mapped, key=LABELS.index)
    document: dict[str, Any] = {part: f"{part}/images" for part in parts}
    document |= {"names": dict(enumerate(LABELS)), "judges": list(judges)}
    if ignore_below:
        document["ignore_below"] = ignore_below
    data = folder / "data.yaml"
    data.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return Converted(
        data=data,
        pictures=pictures,
        classes={label: classes[label] for label in LABELS if classes[label]},
        dropped=dict(sorted(dropped.items())),
        cut=edge["cut"],
        outside=edge["outside"],
    )


def _copy(source: Path, target: Path, squeezed: bool) -> None:
    picture = cv2.imread(str(source)) if squeezed else None
    if picture is None or picture.shape[0] != picture.shape[1]:
        shutil.copyfile(source, target)
        return
    side = len(picture)
    upright = hashlib.sha256(source.name.encode()).digest()[0] % 2 == 0
    size = (round(side * SQUEEZE), side) if upright else (side, round(side * SQUEEZE))
    cv2.imwrite(str(target), cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _lines(
    picture: Foreign,
    renamed: Mapping[str, str],
    classes: Counter[str],
    dropped: Counter[str],
    edge: Counter[str],
) -> list[str]:
    """The label file's lines; counts what is written and left out."""
    lines = []
    for name, box in picture.boxes:
        label, cut = _ours(name, renamed), _clipped(box)
        if label == DROPPED or cut is None:
            dropped[name] += 1
            edge["outside"] += label != DROPPED
        else:
            edge["cut"] += max(abs(new - old) for new, old in zip(cut, box, strict=True)) > OVER_THE_EDGE
            classes[label] += 1
            lines.append(yolo_line(label, cut))
    return lines


def _ours(name: str, renamed: Mapping[str, str]) -> str:
    label = renamed.get(name, name)
    if label != DROPPED and label not in LABELS:
        raise DataError(
            f"class {name!r} is not in the class list: map it, for example --map '{name}=bottle' or '{name}=-'"
        )
    return label


def _clipped(box: Box) -> Box | None:
    """The part of a box inside the picture, or None if next to nothing is."""
    x1, y1, x2, y2 = (min(max(v, 0.0), 1.0) for v in box)
    return (x1, y1, x2, y2) if x2 - x1 >= LEAST_SIDE and y2 - y1 >= LEAST_SIDE else None

"""A detection data set in YOLO layout: photos, one label file per photo, and a ``data.yaml`` that names both.

``data.yaml`` contains ``path`` (the root, relative to the file), ``train`` and ``val`` (a folder of photos, a text list
of photos, or a list of those) and ``names`` (class number to label). Two optional keys are our own: ``judges``, the
labels that the set labels completely (a list for all its parts, or a mapping from a part to a list), and
``ignore_below``, the share of a photo's area below which things were left unlabelled on purpose. A folder ``truth``
beside ``labels`` may say more about the boxes, in their order: whether an item is held and how much of it is visible.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smartcart.models.dataset.boxes import Corners, TrueBox
from smartcart.models.errors import MALFORMED, ModelsError
from smartcart.models.labels import LABELS

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


class DatasetError(ModelsError, ValueError):
    """A data set is unusable; the message names the file and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhoto:
    """One picture with its boxes."""

    image: Path
    label_file: Path
    boxes: tuple[TrueBox, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPart:
    """One entry of ``train`` or ``val``: its name in the ``data.yaml``, its photos, and the labels it judges."""

    name: str
    photos: tuple[LabelledPhoto, ...]
    judges: frozenset[str]
    ignore_below: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionDataset:
    """A data set with all labels read; the photos themselves are read on use."""

    file: Path
    train: tuple[DatasetPart, ...]
    val: tuple[DatasetPart, ...]


def read_dataset(file: Path) -> DetectionDataset:
    """Reads a ``data.yaml`` and all its label files.

    Raises:
        DatasetError: the file, a folder or a label file is missing or malformed, or a class is not in the project's
            list; the message names it.
        ModuleNotFoundError: PyYAML is not installed.
    """
    settings = _settings(file)
    names = _names(file, settings)
    root = file.parent / str(settings.get("path") or ".")
    ignore_below = settings.get("ignore_below", 0.0)
    if not isinstance(ignore_below, int | float) or not 0 <= ignore_below < 1:
        raise DatasetError(f"{file}: 'ignore_below' must be a share of the picture in [0, 1), not {ignore_below!r}")

    def parts(split: str) -> Iterator[DatasetPart]:
        entries = settings.get(split) or []
        for entry in entries if isinstance(entries, list) else [entries]:
            photos = tuple(_photos(file, root / str(entry), names))
            judges = _judges(file, settings.get("judges"), str(entry), photos)
            yield DatasetPart(name=str(entry), photos=photos, judges=judges, ignore_below=float(ignore_below))

    return DetectionDataset(file=file, train=tuple(parts("train")), val=tuple(parts("val")))


def fingerprint(photos: Iterable[LabelledPhoto]) -> str:
    """SHA-256 over the contents of photos and label files, whatever their names, order or place."""
    pairs = sorted(_digest(photo.image) + _digest(photo.label_file) for photo in photos)
    return hashlib.sha256("".join(pairs).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _settings(file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DatasetError(f"{file}: is not a YAML file ({error})") from error
    if not isinstance(settings, dict):
        raise DatasetError(f"{file}: not a data set; it must contain 'path', 'train' or 'val', and 'names'")
    return settings


def _names(file: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    names = settings.get("names")
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise DatasetError(f"{file}: 'names' must list the classes, numbered from 0 without a gap")
    for name in names:
        if name not in LABELS:
            raise DatasetError(f"{file}: class {name!r} is not in the class list ({', '.join(LABELS)})")
    return tuple(str(name) for name in names)


def _judges(file: Path, judges: object, part: str, photos: Iterable[LabelledPhoto]) -> frozenset[str]:
    listed = judges.get(part) if isinstance(judges, dict) else judges
    if listed is None:
        return frozenset(box.label for photo in photos for box in photo.boxes)
    if not isinstance(listed, list) or not set(listed) <= set(LABELS):
        raise DatasetError(f"{file}: 'judges' of {part} must be a list of labels from the class list, not {listed!r}")
    return frozenset(listed)


def _photos(file: Path, entry: Path, names: tuple[str, ...]) -> Iterator[LabelledPhoto]:
    images = _images(file, entry)
    if not images:
        raise DatasetError(f"{file}: {entry} contains no photos ({', '.join(sorted(PHOTO_SUFFIXES))})")
    for image in images:
        label_file = _beside(image, "labels", ".txt")
        boxes = _with_truth(image, list(_boxes(image, label_file, names)))
        yield LabelledPhoto(image=image, label_file=label_file, boxes=tuple(boxes))


def _images(file: Path, entry: Path) -> list[Path]:
    if entry.is_dir():
        return sorted(path for path in entry.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if entry.is_file() and entry.suffix == ".txt":
        lines = entry.read_text(encoding="utf-8").splitlines()
        return [entry.parent / line.strip() for line in lines if line.strip()]
    raise DatasetError(f"{file}: no such folder or list of photos: {entry}")


def _beside(image: Path, folder: str, suffix: str) -> Path:
    """``a/images/b/c.jpg`` has its boxes in ``a/labels/b/c.txt``; a photo outside ``images`` has them beside it."""
    parts = list(image.parts)
    if "images" in parts[:-1]:
        last = len(parts) - 1 - parts[::-1].index("images")
        parts[last] = folder
    return Path(*parts).with_suffix(suffix)


def _with_truth(image: Path, boxes: list[TrueBox]) -> list[TrueBox]:
    """The boxes with the details of a truth file, if there is one: items come first, then hands."""
    file = _beside(image, "truth", ".json")
    if file.parent == image.parent or not file.is_file():
        return boxes
    try:
        items = json.loads(file.read_text(encoding="utf-8"))["items"]
        told = [
            replace(box, visible=float(item["visible"]), held=bool(item["held"]))
            for box, item in zip(boxes, items, strict=False)
        ]
    except (OSError, *MALFORMED) as error:
        raise DatasetError(f"{file}: is not the truth of a picture ({error})") from error
    return told + boxes[len(told) :]


def _boxes(image: Path, label_file: Path, names: tuple[str, ...]) -> Iterator[TrueBox]:
    try:
        lines = label_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DatasetError(f"{label_file}: is missing ({image.name} needs one; an empty file means no boxes)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{label_file}: cannot be read ({error})") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _box(f"{label_file} line {number}", line.split(), names)


def _box(where: str, fields: list[str], names: tuple[str, ...]) -> TrueBox:
    try:
        number, (x, y, width, height) = int(fields[0]), (float(field) for field in fields[1:])
    except ValueError:
        raise DatasetError(f"{where}: is not 'class x y width height' ({' '.join(fields)[:60]})") from None
    if not 0 <= number < len(names):
        raise DatasetError(f"{where}: class {number} is not in 'names' (0 to {len(names) - 1})")
    if not (0 <= x <= 1 and 0 <= y <= 1 and 0 < width <= 1 and 0 < height <= 1):
        raise DatasetError(f"{where}: the box is not inside the picture (shares of its width and height)")
    corners: Corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return TrueBox(label=names[number], corners=corners)

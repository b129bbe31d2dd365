"""Labelled pictures by others: folders in YOLO, COCO and Pascal VOC form, and folders named by their contents."""

import json
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import yaml

from smartcart.datasets.errors import DataError
from smartcart.datasets.scene.visibility import Box

Form = Literal["yolo", "coco", "voc", "folders"]
WHOLE: Final = (0.04, 0.04, 0.96, 0.96)
DEEP: Final = 2
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One picture with its boxes under the names that its own data set uses (normalised x1 y1 x2 y2)."""

    image: Path
    boxes: tuple[tuple[str, Box], ...]


def form_of(source: Path) -> Form:
    """The form of a path's contents.

    Raises:
        DataError: no known form.
    """
    if source.suffix == ".json":
        return "coco"
    if source.suffix in (".yaml", ".yml") or (source / "data.yaml").exists():
        return "yolo"
    if source.is_dir() and next(source.rglob("*.xml"), None) is not None:
        return "voc"
    raise DataError(f"{source}: neither a COCO .json, a YOLO data.yaml, nor a folder with VOC .xml files")


def read_foreign(
    source: Path, form: Form, images: Path | None = None, classes: Sequence[str] | None = None
) -> Iterator[Foreign]:
    """The labelled pictures of a data set.

    Args:
        source: a COCO file, a ``data.yaml`` or the folder that holds it, a folder with VOC files, or, with
            ``classes``, a folder with YOLO label files.
        form: how to read it.
        images: the folder of pictures, if not beside the labels; a ``data.yaml`` names its own.
        classes: the names of a YOLO set without a ``data.yaml``, in the order of their numbers.

    Raises:
        DataError: a file is missing or malformed; the message names it.
    """
    try:
        if form == "coco":
            yield from _coco(source, images or source.parent)
        elif form == "voc":
            yield from _voc(source, images or source)
        elif form == "folders":
            yield from _folders(images or source)
        elif classes is not None:
            yield from _yolo_folder(source, images or source, dict(enumerate(classes)))
        else:
            yield from _yolo(source / "data.yaml" if source.is_dir() else source)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: cannot be read ({error})") from error


def _coco(source: Path, images: Path) -> Iterator[Foreign]:
    try:
        raw = json.loads(source.read_text(encoding="utf-8"))
        names = {int(c["id"]): str(c["name"]) for c in raw["categories"]}
        marks: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for mark in raw["annotations"]:
            if not mark.get("iscrowd"):  # a crowd's box is around many
                marks[int(mark["image_id"])].append(mark)
        for picture in raw["images"]:
            width, height = float(picture["width"]), float(picture["height"])
            boxes = []
            for mark in marks.get(int(picture["id"]), ()):
                x, y, w, h = (float(v) for v in mark["bbox"])
                box = x / width, y / height, (x + w) / width, (y + h) / height
                boxes.append((names[int(mark["category_id"])], box))
            yield Foreign(image=_within(images, str(picture["file_name"])), boxes=tuple(boxes))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DataError(f"{source}: is not a COCO detection file ({error!r})") from error


def _voc(source: Path, images: Path) -> Iterator[Foreign]:
    pictures: dict[str, list[Path]] = defaultdict(list)
    for path in _pictures(images):
        pictures[path.name].append(path)
    for file in sorted(source.rglob("*.xml")):
        text = file.read_text(encoding="utf-8")
        try:
            if "<!DOCTYPE" in text or "<!ENTITY" in text:
                raise ValueError("it declares entities")
            root = ElementTree.fromstring(text)
            width, height = (float(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
            if not (0 < width < float("inf") and 0 < height < float("inf")):
                raise ValueError("its size is not a size")
            boxes = []
            for thing in root.findall("object"):
                x1, y1, x2, y2 = (float(thing.findtext(f"bndbox/{k}", "")) for k in ("xmin", "ymin", "xmax", "ymax"))
                box = (x1 - 1) / width, (y1 - 1) / height, x2 / width, y2 / height  # VOC counts pixels from 1
                boxes.append((thing.findtext("name", ""), box))
            name = Path(root.findtext("filename", "")).name
        except (ElementTree.ParseError, ValueError) as error:
            raise DataError(f"{file}: is not a VOC file ({error})") from error
        if len(pictures.get(name, ())) != 1:
            many = "more than once" if name in pictures else "not"
            raise DataError(f"{file}: its picture {name!r} is {many} under {images}")
        yield Foreign(image=pictures[name][0], boxes=tuple(boxes))


def _folders(source: Path) -> Iterator[Foreign]:
    """Pictures of one thing each, named by the first two folders (``Fruit/Apple``); the box is nearly all of it."""
    for image in _pictures(source):
        yield Foreign(image=image, boxes=(("/".join(image.relative_to(source).parts[:-1][:DEEP]), WHOLE),))


def _yolo(file: Path) -> Iterator[Foreign]:
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        names = settings["names"]
        labels = {int(k): _word(v) for k, v in (names.items() if isinstance(names, dict) else enumerate(names))}
        parts = [settings[part] for part in ("train", "val", "test") if settings.get(part)]
        folders = [str(folder) for part in parts for folder in (part if isinstance(part, list) else [part])]
        root = file.parent / str(settings.get("path") or ".")
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"{file}: is not a data.yaml with 'names' and 'train' or 'val' ({error!r})") from error
    for folder in dict.fromkeys(folders):
        # exported sets often write ../train/images for what lies beside the file
        place = next((p for p in (root / folder, file.parent / folder.removeprefix("../")) if p.is_dir()), None)
        if place is None:
            raise DataError(f"{file}: no such folder of pictures: {folder}")
        for image in _pictures(place):
            label = _label_file(image)
            yield Foreign(image=image, boxes=tuple(_yolo_boxes(label, labels)) if label.exists() else ())


def _yolo_folder(folder: Path, images: Path, labels: dict[int, str]) -> Iterator[Foreign]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of label files")
    for image in _pictures(images):
        label = folder / image.relative_to(images).with_suffix(".txt")
        yield Foreign(image=image, boxes=tuple(_yolo_boxes(label, labels)) if label.exists() else ())


def _pictures(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(f"{folder}: holds no pictures ({', '.join(SUFFIXES)})")
    return found


def _word(value: object) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{type(value).__name__} as the name of a class")
    return str(value)


def _label_file(image: Path) -> Path:
    """``a/images/b/c.jpg`` has its boxes in ``a/labels/b/c.txt``."""
    parts = list(image.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(".txt")


def _yolo_boxes(file: Path, labels: dict[int, str]) -> Iterator[tuple[str, Box]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        try:
            number_of_class, values = int(fields[0]), [float(v) for v in fields[1:]]
            if (name := labels.get(number_of_class)) is None:
                known = ", ".join(f"{k} {label}" for k, label in sorted(labels.items()))
                raise DataError(f"{file} line {number}: its 'names' have no class {number_of_class} (only {known})")
            if len(values) == 4:
                x, y, w, h = values
                yield name, (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            elif len(values) >= 6 and len(values) % 2 == 0:  # an outline: the box around it
                yield name, (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
            else:
                raise ValueError(f"{len(values)} numbers")
        except ValueError as error:
            raise DataError(f"{file} line {number}: is not 'class x y width height' ({error!r})") from error


def _within(folder: Path, name: str) -> Path:
    """A file in a folder; a name that leads outside is refused."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise DataError(f"{name!r} leads outside {folder}")
    return path


def readable(image: Path) -> bool:
    """True if OpenCV can read a picture."""
    return cv2.imread(str(image)) is not None

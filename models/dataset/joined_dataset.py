"""Several data sets as one working copy that a trainer may write to: links to the photos, labels renumbered.

The given sets stay untouched: they are often read-only, while a trainer writes caches and repairs photos in place. Only
the ``train`` parts are joined; a photo that some set keeps for measuring is refused, under whatever name.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from smartcart.models.dataset.boxes import TrueBox
from smartcart.models.dataset.detection_dataset import DatasetError, DetectionDataset, LabelledPhoto
from smartcart.models.labels import LABELS

JPEG_END = b"\xff\xd9"


def training_photos(datasets: Sequence[DetectionDataset]) -> list[LabelledPhoto]:
    """The photos of all ``train`` parts, in order.

    A set that names one folder as both ``train`` and ``val`` (Ultralytics requires both keys) keeps nothing for
    measuring.

    Raises:
        DatasetError: there is none, a photo cannot be read as a picture, or it also belongs to a ``val`` part.
    """
    kept_out = {_content(photo): photo for dataset in datasets for photo in kept_for_measuring(dataset)}
    photos = [photo for dataset in datasets for part in dataset.train for photo in part.photos]
    if not photos:
        files = ", ".join(str(dataset.file) for dataset in datasets)
        raise DatasetError(f"{files}: no 'train' part to learn from")
    for photo in photos:
        if cv2.imread(str(photo.image)) is None:
            raise DatasetError(f"{photo.image}: cannot be read as a picture")
        if same := kept_out.get(_content(photo)):
            raise DatasetError(f"{photo.image}: is the same picture as {same.image}, which is kept for measuring")
    return photos


def write_work_copy(photos: Sequence[LabelledPhoto], folder: Path) -> Path:
    """Links (or copies) the photos into ``folder`` with labels numbered as in the project's list.

    Returns:
        The ``data.yaml`` of the copy. Its ``val`` is one training photo: the trainer requires a list, but no figure
        comes from it.
    """
    import yaml

    shutil.rmtree(folder, ignore_errors=True)
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    names = list(_names(photos))
    for name, photo in zip(names, photos, strict=True):
        _link(photo.image, images / name)
        lines = "".join(_line(box) + "\n" for box in photo.boxes)
        (labels / name).with_suffix(".txt").write_text(lines, encoding="ascii")
    (folder / "val.txt").write_text(f"./images/{names[0]}\n", encoding="utf-8")
    data = folder / "data.yaml"
    settings = {"path": str(folder.resolve()), "train": "images", "val": "val.txt", "names": dict(enumerate(LABELS))}
    data.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return data


def kept_for_measuring(dataset: DetectionDataset) -> Iterator[LabelledPhoto]:
    """The photos of its ``val`` parts that are not also for training."""
    trained_on = {part.name for part in dataset.train}
    for part in dataset.val:
        if part.name not in trained_on:
            yield from part.photos


def _content(photo: LabelledPhoto) -> str:
    try:
        return hashlib.sha256(photo.image.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"{photo.image}: cannot be read ({error.strerror})") from error


def _names(photos: Sequence[LabelledPhoto]) -> Iterator[str]:
    for number, photo in enumerate(photos):
        yield f"{number:06d}{photo.image.suffix.lower()}"


def _link(photo: Path, link: Path) -> None:
    """A link, or a copy: if the system has no links, and for a JPEG with a missing end, which would be repaired."""
    whole = photo.suffix.lower() not in {".jpg", ".jpeg"} or photo.read_bytes().endswith(JPEG_END)
    if whole:
        try:
            link.symlink_to(photo.resolve())
            return
        except OSError:
            pass
    shutil.copyfile(photo, link)


def _line(box: TrueBox) -> str:
    x1, y1, x2, y2 = box.corners
    fields = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return " ".join([str(LABELS.index(box.label)), *(f"{field:.6f}" for field in fields)])

"""Sparse training pictures as a YOLO data set: random moments, a few of each scene."""

import json
from pathlib import Path

from smartcart.datasets.output.yolo import yolo_line
from smartcart.datasets.pictures import write_jpeg
from smartcart.datasets.products.products import Split
from smartcart.datasets.scene.rendering import Painter
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.moment import MOMENTS, Labelled, random_moments

FOLDERS = ("images", "labels", "truth")


def write_scene(
    wanted: range, split: Split, folder: Path, scene: int, painter: Painter = "classic", props: Props = PLAIN
) -> int:
    """Writes the wanted pictures of a scene, each with its YOLO label file and its truth; returns the number of boxes.

    Nothing is rendered if all exist. A truth file is written last: if it exists, its picture is complete.

    Args:
        wanted: the numbers of the wanted pictures; a scene has those from ``MOMENTS * scene`` on.
        split: which products may appear.
        folder: contains ``FOLDERS``.
        scene: its number.
        painter: the renderer.
        props: the real parts of them.
    """
    numbers = range(scene * MOMENTS, (scene + 1) * MOMENTS)
    stems = {number: f"{split}_{number:06d}" for number in numbers if number in wanted}
    if not all((folder / "truth" / f"{stem}.json").exists() for stem in stems.values()):
        for number, frame in zip(numbers, random_moments(scene, split, painter, props), strict=True):
            if number in stems:
                _write(frame, stems[number], folder)
    return sum(len(_label_file(folder, stem).read_text(encoding="utf-8").splitlines()) for stem in stems.values())


def _write(frame: Labelled, stem: str, folder: Path) -> None:
    write_jpeg(folder / "images" / f"{stem}.jpg", frame.picture)
    lines = "".join(yolo_line(name, box) for name, box in frame.boxes)
    _label_file(folder, stem).write_text(lines, encoding="utf-8")
    (folder / "truth" / f"{stem}.json").write_text(json.dumps(frame.truth) + "\n", encoding="utf-8")


def _label_file(folder: Path, stem: str) -> Path:
    return folder / "labels" / f"{stem}.txt"

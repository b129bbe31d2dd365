"""The files of a YOLO data set with the project's class list."""

from pathlib import Path
from typing import Literal

import yaml

from smartcart.models.dataset.boxes import Corners
from smartcart.models.labels import LABELS


def yolo_line(label: str, box: Corners) -> str:
    """One line of a YOLO label file: class number, middle, width and height, normalised."""
    x1, y1, x2, y2 = box
    return f"{LABELS.index(label)} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n"


def write_data_yaml(folder: Path, split: Literal["train", "val", "test"]) -> None:
    """Writes ``data.yaml`` for a folder of pictures, with the class list that all data sets share."""
    sets = {"train": "images"} if split == "train" else {"val": "images"}
    document = {**sets, "names": dict(enumerate(LABELS)), "judges": list(LABELS)}
    (folder / "data.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

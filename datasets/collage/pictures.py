"""Collages as a YOLO data set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from smartcart.datasets.collage.gallery import CutoutGallery
from smartcart.datasets.collage.picture import collage
from smartcart.datasets.output.yolo import yolo_line
from smartcart.datasets.photos.backgrounds import BackgroundSource, Refuse, draw_background
from smartcart.datasets.photos.cutouts import SPLITS, Split
from smartcart.datasets.pictures import write_jpeg

SIZE: Final = (640, 480)
STREAM: Final = 15


def write_collage(
    number: int,
    split: Split,
    folder: Path,
    gallery: CutoutGallery,
    found: Sequence[Sequence[BackgroundSource]],
    refuse: Refuse,
    empty: Sequence[Sequence[BackgroundSource]] = (),
) -> int:
    """Writes one picture with its YOLO label file, unless both exist; returns its number of boxes.

    Args:
        number: the picture's; the same number, split, cut-outs and backgrounds give the same picture.
        split: of the cut-outs.
        folder: contains ``images`` and ``labels``.
        gallery: the cut-outs.
        found: the sources of backgrounds.
        refuse: whether an unlabelled background (BGR) shows a thing or a person.
        empty: photos without goods; scraps of them are mixed with the goods.

    Raises:
        DataError: a background or a cut-out cannot be read.
    """
    stem = f"collage_{split}_{number:06d}"
    labels = folder / "labels" / f"{stem}.txt"
    if not labels.exists():
        rng = np.random.default_rng([number, SPLITS.index(split), STREAM])
        picture, boxes = collage(rng, gallery, draw_background(rng, found, SIZE, refuse), empty)
        write_jpeg(folder / "images" / f"{stem}.jpg", picture)
        labels.write_text("".join(yolo_line(label, box) for label, box in boxes), encoding="utf-8")
    return len(labels.read_text(encoding="utf-8").splitlines())

"""The recipe of a training: everything that determines it besides the photos and the start weights."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smartcart.models.errors import ModelsError

LAST: Final = Path("weights") / "last.pt"
START: Final = Path("weights") / "start.pt"
"""The path of a training's weights, below its folder."""


class TrainingError(ModelsError):
    """A training cannot start or continue; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that determines a training besides the photos and the start weights.

    Attributes:
        network: the Ultralytics description of the network, used if the start is not a ``.pt``.
        epochs: passes over the photos.
        hours: a time budget that determines the number of epochs instead, from their measured speed.
        image_size: side of the square input, in pixels, a multiple of 32.
        freeze: the number of first layers that are not trained (10: the backbone of YOLO11).
        backbone_rate: the learning rate of the first ten layers, as a share of that of the others.
        batch: photos per step; every batch is one step of the optimiser.
        learning_rate: of AdamW, at the start; it falls along a cosine to a fiftieth.
        strong: varies pictures more; for a training that sees each picture tens of times.
        close_mosaic: the last epochs see no mosaics of four photos any more.
        bf16: 16-bit floats in the forward pass; faster where the processor has them.
        seed: of all random choices.
        threads: of PyTorch.
    """

    network: str = "yolo11n.yaml"
    epochs: int = 30
    hours: float | None = None
    image_size: int = 320
    freeze: int = 0
    backbone_rate: float = 0.3
    batch: int = 16
    learning_rate: float = 1e-3
    strong: bool = False
    close_mosaic: int = 5
    bf16: bool = False
    seed: int = 1
    threads: int = os.cpu_count() or 1

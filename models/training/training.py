"""Trains the detector: a YOLO fine-tuned with Ultralytics on the joined ``train`` parts of the given data sets.

The final weights are those of the last epoch (their running mean): no ``val`` photo influences the training, not even
the choice of an epoch, so that the ``val`` figures stay honest. ``record.json`` beside the weights contains the recipe,
the fingerprint of the photos, the versions and the duration.
"""

import hashlib
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from smartcart.models.dataset.detection_dataset import fingerprint, read_dataset
from smartcart.models.dataset.joined_dataset import training_photos, write_work_copy
from smartcart.models.dataset.shared_scenes import Rule, by_rule
from smartcart.models.training.device import best_device
from smartcart.models.training.recipe import LAST, Recipe, TrainingError

Record = Mapping[str, Any]

RECORD: Final = "record.json"
WORK_COPY: Final = "dataset"
VERSIONED: Final = ("torch", "ultralytics", "numpy", "opencv-python")


class MissingExtraError(TrainingError):
    """The libraries of an extra are not installed."""

    def __init__(self, error: ModuleNotFoundError) -> None:
        super().__init__(f'{error.name} is not installed; run: pip install "smartcart[train]"')


AUGMENTATION: Final[Mapping[str, float]] = {
    # mild: a few epochs on a processor see no difference between pictures that it was trained on and new ones
    "mosaic": 0.1,
    # a hand comes in from any edge of the picture, and the camera's orientation depends on the cart
    "degrees": 5.0,
    "flipud": 0.3,
    "fliplr": 0.5,
    # items cut off by the edge of the picture, near and far
    "translate": 0.12,
    "scale": 0.35,
    "perspective": 0.0003,
    # shop light; smear, noise and compression come from CameraFaults
    "hsv_h": 0.015,
    "hsv_s": 0.4,
    "hsv_v": 0.25,
}
STRONG: Final[Mapping[str, float]] = {
    # for tens of epochs, as a GPU gives them in minutes
    **AUGMENTATION,
    "mosaic": 0.4,
    "degrees": 15.0,
    "scale": 0.5,
    "hsv_h": 0.03,
    "hsv_s": 0.6,
    "hsv_v": 0.4,
}


def train(
    data: Sequence[Path], *, out: Path, recipe: Recipe, weights: Path | None = None, shared_scenes: Rule = "refuse"
) -> Record:
    """Trains from the start and leaves ``weights/last.pt`` and ``record.json`` in ``out``.

    Args:
        data: ``data.yaml`` files; their ``train`` parts are joined.
        out: a new folder, or one without a training.
        recipe: the settings.
        weights: the start, see ``open_model``; None trains from scratch.
        shared_scenes: how to handle photos that share a scene with one kept for measuring.

    Returns:
        The record.

    Raises:
        DatasetError: a data set is unusable.
        TrainingError: ``out`` is taken, the weights are unusable, or the extra is not installed.
    """
    if (out / RECORD).exists():
        raise TrainingError(f"{out}: already contains a training; continue it with --resume, or give another --out")
    if weights is not None and not weights.is_file():
        raise TrainingError(f"{weights}: no such file; nothing is downloaded here, so fetch the weights first")
    quiet_libraries()
    try:
        from smartcart.models.training.start_weights import open_model
        from smartcart.models.training.trainer import run_training

        datasets = by_rule([read_dataset(file) for file in data], shared_scenes)
        copy = write_work_copy(training_photos(datasets), out / WORK_COPY)
        model = open_model(recipe, weights)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    augmentation = STRONG if recipe.strong else AUGMENTATION
    record: dict[str, Any] = {
        "recipe": asdict(recipe),
        "device": best_device(),
        "augmentation": dict(augmentation),
        "start": {"file": weights.name, "sha256": sha256(weights)} if weights else None,
        "data": [
            {"set": dataset.file.parent.name, "part": part.name, "photos": len(part.photos)}
            for dataset in datasets
            for part in dataset.train
        ],
        "fingerprint": _copy_fingerprint(copy),
        "versions": {name: version(name) for name in VERSIONED} | {"python": platform.python_version()},
    }
    _write(out, record)
    started = time.monotonic()
    losses = run_training(model, recipe, augmentation, data=copy, out=out)
    return _finish(out, record, losses, time.monotonic() - started)


def resume(out: Path) -> Record:
    """Continues an interrupted training from its last complete epoch.

    Returns:
        The record; its ``seconds`` count from the resumption.

    Raises:
        TrainingError: ``out`` contains no training, no complete epoch, or a finished one, or its photos have changed.
    """
    try:
        record = json.loads((out / RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{out}: contains no training to resume ({RECORD} is missing)") from error
    if "seconds" in record:
        raise TrainingError(f"{out}: this training is finished; there is nothing to resume")
    if not (out / LAST).is_file():
        raise TrainingError(f"{out}: no epoch was finished; remove the folder and start again")
    quiet_libraries()
    try:
        from smartcart.models.training.trainer import resume_training

        copy = out / WORK_COPY / "data.yaml"
        if _copy_fingerprint(copy) != record["fingerprint"]:
            raise TrainingError(f"{out}: the photos have changed since this training began; start a new one")
        started = time.monotonic()
        losses = resume_training(Recipe(**record["recipe"]), data=copy, out=out)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    return _finish(out, record, losses, time.monotonic() - started)


def quiet_libraries() -> None:
    """Settings that the training libraries read once, when they are first imported.

    No installation, no network, no writing to the user's own Ultralytics settings, no log but our progress, and idle
    OpenMP threads that sleep: spinning ones slow down the loader (18 times slower, measured).
    """
    settings = Path(tempfile.gettempdir()) / "smartcart-ultralytics"
    settings.mkdir(exist_ok=True)
    for name, value in {
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(settings),
        "GOMP_SPINCOUNT": "0",
    }.items():
        os.environ.setdefault(name, value)


def sha256(path: Path) -> str:
    """The file's SHA-256, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_fingerprint(copy: Path) -> str:
    return fingerprint(photo for part in read_dataset(copy).train for photo in part.photos)


def _finish(out: Path, record: dict[str, Any], losses: Mapping[str, float], seconds: float) -> Record:
    record |= {"losses": dict(losses), "seconds": round(seconds, 1), "weights_sha256": sha256(out / LAST)}
    _write(out, record)
    return record


def _write(out: Path, record: Record) -> None:
    (out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

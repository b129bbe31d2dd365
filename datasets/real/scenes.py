"""Splits that share a scene, in sets that are inspected or converted; the rule is `models/dataset/shared_scenes.py`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from smartcart.datasets.errors import DataError
from smartcart.datasets.real.foreign import Foreign
from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset
from smartcart.models.dataset.shared_scenes import Rule, by_rule, refuse, shared, thumbs


def refuse_shared_scenes(paths: Sequence[Path], rule: Rule) -> None:
    """Refuses data sets whose parts share a scene, each set alone, unless it is allowed; clips have no parts.

    Raises:
        DataError: one does, or cannot be read.
    """
    if rule != "refuse":
        return
    files = [path / "data.yaml" if path.is_dir() else path for path in paths]
    try:
        for file in files:
            if file.suffix in (".yaml", ".yml") and file.is_file():
                by_rule([read_dataset(file)], rule)
    except DatasetError as error:
        raise DataError(str(error)) from error


def of_own_scenes(parts: Mapping[str, Sequence[Foreign]], rule: Rule) -> Mapping[str, Sequence[Foreign]]:
    """The parts to convert; with ``drop`` without the pictures of ``train`` that share a scene with one of ``val``.

    Raises:
        DataError: with ``refuse``, some do; or one cannot be read as a picture.
    """
    learned, kept = parts.get("train", ()), parts.get("val", ())
    if rule == "allow" or not learned or not kept:
        return parts
    try:
        pairs = shared(thumbs(p.image for p in learned), thumbs(p.image for p in kept))
        found = {learned[i].image: kept[k].image for i, k in pairs}
        if rule == "refuse":
            refuse(found)
    except DatasetError as error:
        raise DataError(str(error)) from error
    return {**parts, "train": [picture for picture in learned if picture.image not in found]}

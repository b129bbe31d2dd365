"""The state of a recogniser's training, in a file beside its output, so that it can continue after a kill."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from smartcart.models.training.recipe import TrainingError

SUFFIX: Final = ".resume.pt"
EVERY_SECONDS: Final = 60.0


def checkpoint_of(out: Path) -> Path:
    """The checkpoint's file, for the training's ONNX file."""
    return out.with_suffix(SUFFIX)


def write_checkpoint(out: Path, state: Mapping[str, Any]) -> None:
    """Writes it atomically.

    Args:
        out: the training's ONNX file.
        state: tensors and plain values.
    """
    import torch

    file = checkpoint_of(out)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    torch.save(dict(state), part)
    part.replace(file)


def read_checkpoint(out: Path) -> dict[str, Any]:
    """Reads the last checkpoint.

    Raises:
        TrainingError: there is none, or it cannot be read.
    """
    import torch

    file = checkpoint_of(out)
    if not file.is_file():
        why = "is finished" if out.is_file() else "has not started here, or less than a minute ago"
        raise TrainingError(f"{out}: this training {why}: there is nothing to resume ({file.name} is missing)")
    try:
        return dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # torch tells of a damaged file in many ways
        raise TrainingError(f"{file}: cannot be read ({type(error).__name__}); remove it and start again") from error

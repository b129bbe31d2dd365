"""Averages the weights of checkpoints of one training line: slightly better than the last of them, without training.

The networks must descend from each other, one fine-tuned from the other, so that they lie in one valley of the loss;
"model soups" (Wortsman et al., 2022, arXiv:2203.05482).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from smartcart.models.training.recipe import LAST, TrainingError
from smartcart.models.training.training import RECORD, MissingExtraError, quiet_libraries, sha256

Record = Mapping[str, Any]
FOLDERS_UP: Final = 2


def average(weights: Sequence[Path], shares: Sequence[float], *, out: Path) -> Record:
    """Writes ``weights/last.pt`` and ``record.json`` under ``out``, as a training does.

    Args:
        weights: two or more ``.pt`` checkpoints of one network; a ``record.json`` beside each, or one folder up, is
            included.
        shares: the share of each, positive; scaled to a sum of 1.
        out: a new folder, or one without a training.

    Returns:
        The record: checkpoints with their shares, and one fingerprint of their training photos; for an unrecorded
            training, its checkpoint is used instead.

    Raises:
        TrainingError: a checkpoint or a share is unusable, ``out`` is taken, or the extra is not installed.
    """
    if len(weights) < 2 or len(shares) != len(weights) or not (min(shares) > 0 and math.isfinite(sum(shares))):
        raise TrainingError("give two checkpoints or more, and as many shares, each above 0")
    if (out / RECORD).exists():
        raise TrainingError(f"{out}: already contains a training; give another --out")
    for file in weights:
        if file.suffix != ".pt" or not file.is_file():
            raise TrainingError(f"{file}: no such .pt checkpoint; only those of trainings can be averaged")
    quiet_libraries()
    scaled = [share / sum(shares) for share in shares]
    try:
        _write_average(weights, scaled, out / LAST)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    parts: list[dict[str, Any]] = [
        {"file": file.name, "sha256": sha256(file), "share": round(share, 4), "training": _record_of(file)}
        for file, share in zip(weights, scaled, strict=True)
    ]
    seen = [(part["training"] or {}).get("fingerprint", part["sha256"]) for part in parts]
    record = {
        "averaged": parts,
        "fingerprint": hashlib.sha256("".join(seen).encode()).hexdigest(),
        "weights_sha256": sha256(out / LAST),
    }
    (out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _write_average(weights: Sequence[Path], shares: Sequence[float], out: Path) -> None:
    import torch

    from smartcart.models.training.recipe import Recipe
    from smartcart.models.training.start_weights import open_model

    networks = [open_model(Recipe(), file) for file in weights]
    states = [network.model.float().state_dict() for network in networks]
    for file, state in zip(weights[1:], states[1:], strict=True):
        if {name: value.shape for name, value in state.items()} != {n: v.shape for n, v in states[0].items()}:
            raise TrainingError(f"{file}: not the same network as {weights[0]}")
    mean = {
        name: sum(share * state[name] for share, state in zip(shares, states, strict=True))
        if last.dtype.is_floating_point
        else last
        for name, last in states[-1].items()
    }
    networks[-1].model.load_state_dict(mean)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    torch.save({**networks[-1].ckpt, "model": networks[-1].model.half(), "ema": None, "optimizer": None}, part)
    part.replace(out)


def _record_of(file: Path) -> Record | None:
    """The record of the training that produced a checkpoint, if there is one."""
    for folder in file.absolute().parents[:FOLDERS_UP]:
        if (folder / RECORD).is_file():
            return dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    return None

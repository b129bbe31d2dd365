"""The recogniser's network: the backbone of a detector, the mean over its last map, and one layer to the names.

A training starts from a detector, whose backbone already knows such pictures, or continues a recogniser.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smartcart.models.labels import ITEMS
from smartcart.models.recogniser.cut import NAMES, Pixels
from smartcart.models.training.norms import unfold_norms
from smartcart.models.training.recipe import Recipe, TrainingError
from smartcart.models.training.start_weights import ExportedStart, fill, open_model, read_export

if TYPE_CHECKING:
    import torch

BACKBONE: Final = 10
DROPPED: Final = 0.2
UNKNOWN_BIAS: Final = -2.0


def start_network(weights: Path, crops: Pixels) -> "torch.nn.Sequential":
    """The network at the start of a training.

    Args:
        weights: a detector, as ``open_model`` takes it, or a recogniser in ONNX.
        crops: training crops; the batch norms get the statistics of some of them.

    Raises:
        TrainingError: the weights cannot be read, do not fit, or name other items.
    """
    export = read_export(weights) if weights.suffix == ".onnx" else None
    if export is not None and export.task == "classify":
        network = _built(open_model(Recipe(), None).model, crops.shape[2])
        _fill(network, export, weights)
    else:
        network = _built(open_model(Recipe(), weights).model, crops.shape[2])
    some = crops[:: max(1, len(crops) // 192)]
    unfold_norms(network[0], [(some[i : i + 32] / 255).astype(np.float32) for i in range(0, len(some), 32)])
    for weight in network.parameters():
        weight.requires_grad_(True)
    return network


def _built(detector: Any, side: int) -> "torch.nn.Sequential":
    import torch

    body = torch.nn.Sequential(*list(detector.model[:BACKBONE])).eval()
    with torch.no_grad():
        width = body(torch.zeros(1, 3, side, side)).shape[1]
    pool = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Dropout(DROPPED)]
    return torch.nn.Sequential(body, *pool, torch.nn.Linear(width, len(NAMES)))


def _fill(network: "torch.nn.Sequential", export: ExportedStart, weights: Path) -> None:
    from torch.nn.functional import pad

    names = dict(export.names)
    if names not in (dict(enumerate(NAMES)), dict(enumerate(ITEMS))):
        raise TrainingError(f"{weights}: names other items than {', '.join(ITEMS)}; start from a detector")
    outer = "0."  # the softmax is the outer network's second part
    layers = {name.removeprefix(outer): value for name, value in export.layers.items()}
    last = f"{len(network) - 1}."
    missing = len(NAMES) - len(names)
    layers |= {  # one that could not answer *unknown* starts with a low score for it
        last + "weight": pad(layers[last + "weight"], (0, 0, 0, missing)),
        last + "bias": pad(layers[last + "bias"], (0, missing), value=UNKNOWN_BIAS),
    }
    fill(network, layers, weights, f"a recogniser of {Recipe().network}")

"""Restores the statistics of folded batch norms, so that a network can be trained further with nothing frozen.

Published weights are often folded: each batch norm was merged into its convolution and left as the identity (mean 0,
variance 1). Such a network computes the same. But once it is trained, its norms divide by the statistics of each batch,
which are not 0 and 1 at all, and everything it had learned is gone within a step. Here every folded norm gets the true
mean and variance of its input, and a gain and an offset that undo them: the network still computes the same, and
continues to when it is trained.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]

FOLDED_WITHIN: Final = 1e-2
LEAST_VARIANCE: Final = 1e-4


def unfold_norms(network: "torch.nn.Module", pictures: Iterable[Floats]) -> int:
    """Measures the inputs of all folded norms on some pictures, and changes those norms in place.

    Args:
        network: any module with ``BatchNorm2d`` layers.
        pictures: some tens of tensors ``[1, 3, height, width]`` in [0, 1] of the kind used for training.

    Returns:
        The number of folded norms.
    """
    import torch

    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d) and _folded(module)]
    if not norms:
        return 0
    sums: dict[torch.nn.Module, list[Any]] = {}

    def measure(norm: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        values = inputs[0].double()
        now = [values.numel() / values.shape[1], values.sum((0, 2, 3)), values.square().sum((0, 2, 3))]
        sums[norm] = [old + new for old, new in zip(sums[norm], now, strict=True)] if norm in sums else now

    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    training = network.training
    try:
        network.eval()
        with torch.no_grad():
            for picture in pictures:
                network(torch.from_numpy(picture))
    finally:
        for hook in hooks:
            hook.remove()
        network.train(training)
    with torch.no_grad():
        for norm, (count, total, squares) in sums.items():
            _unfold(norm, total / count, squares / count - (total / count).square())
    return len(sums)


def _folded(norm: "torch.nn.BatchNorm2d") -> bool:
    mean, variance = norm.running_mean, norm.running_var
    return bool(
        mean is not None
        and variance is not None
        and float(mean.abs().max()) < FOLDED_WITHIN
        and float((variance - 1).abs().max()) < FOLDED_WITHIN
    )


def _unfold(norm: Any, mean: Any, variance: Any) -> None:
    """``gain * (x - m) / s + offset`` stays the same while ``m`` and ``s`` become those of the input."""
    variance = variance.clamp(min=LEAST_VARIANCE)
    old = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    new = (variance + norm.eps).sqrt()
    norm.bias.copy_(norm.bias.double() + old * (mean - norm.running_mean.double()))
    norm.weight.copy_(old * new)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)

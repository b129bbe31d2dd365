"""The learned layer of the embedding: from the backbone's features to ``WIDTH`` values, by a metric loss.

It begins as the principal axes of the features, and is then trained on products that are seen several times each.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.embedding.losses import LossName, loss_of

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

WIDTH: Final = 256
SHRUNK: Final = 0.05
OF_EACH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """``(features - centre) @ matrix``, brought to length 1."""

    centre: Floats
    matrix: Floats

    def of(self, features: Floats) -> Floats:
        """Embeddings ``[N, WIDTH]`` of length 1."""
        return unit(np.asarray((features - self.centre) @ self.matrix, np.float32))


def unit(rows: Floats) -> Floats:
    """Rows brought to length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def whitening(features: Floats, power: float = 0.0) -> Projection:
    """The first ``WIDTH`` principal axes through zero, each divided by a power of its spread (0: as they are)."""
    spread, axes = np.linalg.eigh(features.T @ features)
    kept = min(WIDTH, len(axes))
    size = np.sqrt(np.maximum(spread[::-1][:kept], 0))
    matrix = np.zeros((features.shape[1], WIDTH), np.float32)
    matrix[:, :kept] = axes[:, ::-1][:, :kept] * (size + SHRUNK * size[min(1, kept - 1)]) ** -power
    return Projection(centre=np.zeros(features.shape[1], np.float32), matrix=matrix)


def learned(
    start: Projection, features: Floats, products: Numbers, loss: LossName, *, steps: int, seed: int, rate: float = 1e-2
) -> Projection:
    """A projection trained from ``start``.

    Args:
        features: ``[N, width]``.
        products: of each the number of its product, from 0; what stands alone teaches nothing.
        steps: batches of 64 products.
        rate: the learning rate at the start, as a share of the matrix's mean size.
    """
    import torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(features - start.centre)
    size = float(np.abs(start.matrix).mean())
    matrix = torch.from_numpy(start.matrix.copy()).requires_grad_()
    criterion = loss_of(loss, int(products.max()) + 1, WIDTH)
    groups = [{"params": [matrix], "lr": rate * size}, {"params": criterion.parameters(), "lr": 1e-2}]
    optimiser = torch.optim.Adam([group for group in groups if group["params"]])
    members = [np.flatnonzero(products == k) for k in range(int(products.max()) + 1)]
    members = [one for one in members if len(one) > 1]
    for step in range(steps):
        for group, whole in zip(optimiser.param_groups, (rate * size, 1e-2), strict=False):
            group["lr"] = whole * (1 + np.cos(np.pi * step / steps)) / 2
        chosen = np.concatenate([
            rng.choice(members[k], min(OF_EACH, len(members[k])), replace=False)
            for k in rng.choice(len(members), min(64, len(members)), replace=False)
        ])  # fmt: skip
        rows = torch.nn.functional.normalize(x[chosen] @ matrix, dim=1)
        value = criterion(rows, torch.from_numpy(products[chosen]))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    return Projection(centre=start.centre, matrix=matrix.detach().numpy())

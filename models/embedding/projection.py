"""The learned layer of the embedding: from the backbone's features to ``WIDTH`` values, by a metric loss.

It removes differences between views of one product, and can then be trained on products seen several times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.embedding.losses import LossName, loss_of

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Square = NDArray[np.float64]

WIDTH: Final = 256
SHRUNK: Final = 0.3
OF_EACH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """``(features - centre) @ matrix``, normalised to length 1."""

    centre: Floats
    matrix: Floats

    def of(self, features: Floats) -> Floats:
        """Embeddings ``[N, WIDTH]`` of length 1."""
        return unit(np.asarray((features - self.centre) @ self.matrix, np.float32))


def unit(rows: Floats) -> Floats:
    """Rows normalised to length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def evened(parts: Sequence[tuple[Floats, Numbers]]) -> Projection:
    """Rotates and scales features so that differences between views of one product count little.

    Within-class covariance normalisation (Hatch et al., 2006), regularised by ``SHRUNK`` of its mean; then the first
    ``WIDTH`` principal axes.

    Args:
        parts: features ``[N, width]`` and the product number of each, for each kind of pictures; all kinds count alike.
    """
    centre = np.mean([features.mean(0) for features, _ in parts], 0).astype(np.float32)
    within = np.mean([_scaled(_spread_within(*part)) for part in parts], 0)
    size = float(np.trace(within)) / len(within)
    stretch = np.linalg.cholesky(np.linalg.inv(within + SHRUNK * size * np.eye(len(within))))
    whole = np.mean([_scaled(np.cov(((features - centre) @ stretch).T)) for features, _ in parts], 0)
    _, axes = np.linalg.eigh(whole)
    return Projection(centre=centre, matrix=np.asarray(stretch @ axes[:, ::-1][:, :WIDTH], np.float32))


def _spread_within(features: Floats, products: Numbers) -> Square:
    """The covariance of features around the mean of each product seen more than once."""
    around = [features[products == k] for k in np.unique(products)]
    apart = np.concatenate([rows - rows.mean(0) for rows in around if len(rows) > 1])
    return np.asarray(apart.T @ apart / len(apart), np.float64)


def _scaled(matrix: Square) -> Square:
    return np.asarray(matrix / np.trace(matrix), np.float64)


def learned(
    start: Projection, features: Floats, products: Numbers, loss: LossName, *, steps: int, seed: int, rate: float = 1e-2
) -> Projection:
    """A projection trained from ``start``.

    Args:
        features: ``[N, width]``.
        products: the product number of each, from 0; a product seen once teaches nothing.
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

"""How well products are told that were never trained on: the nearest, the nearest five, and who is a stranger.

Some pictures of each product enrol it, others ask. In each draw half of the products stay unknown: the threshold is
set so that 5 % of their pictures pass for something known, and what counts is how many of the others are accepted and
named right. Beside it, how similarities are to be read: at which one something is as likely a product as not.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

DRAWS: Final = 10
FALSE_ACCEPTS: Final = 0.05
MOST_SHARPNESS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldApart:
    """Shares in [0, 1]; ``threshold`` is a similarity, the mean over the draws."""

    shots: int
    products: int
    asked: int
    top1: float
    top5: float
    accepted_and_right: float
    threshold: float

    def to_json(self) -> Mapping[str, Any]:
        return asdict(self)


def told(
    enrolled: Floats, of: Numbers, asking: Floats, truth: Numbers, *, shots: int, draws: int = DRAWS, seed: int = 0
) -> ToldApart:
    """The figures with so many enrolled pictures a product.

    Args:
        enrolled: embeddings to draw from, ``of`` the number of each one's product.
        asking: embeddings that ask, ``truth`` the number of each one's product.
    """
    rng = np.random.default_rng(seed)
    products = np.unique(of)
    asked = np.isin(truth, products)
    asking, truth = asking[asked], truth[asked]
    rows = []
    for _ in range(draws):
        chosen = [rng.permutation(np.flatnonzero(of == product))[:shots] for product in products]
        alike = np.stack([(asking @ enrolled[one].T).max(1) for one in chosen], 1)
        rows.append(_draw(alike, products, truth, rng))
    top1, top5, right, threshold = np.mean(rows, axis=0).tolist()
    return ToldApart(
        shots=shots,
        products=len(products),
        asked=len(truth),
        top1=round(top1, 4),
        top5=round(top5, 4),
        accepted_and_right=round(right, 4),
        threshold=round(threshold, 4),
    )


def _draw(alike: Floats, products: Numbers, truth: Numbers, rng: np.random.Generator) -> tuple[float, ...]:
    place = np.searchsorted(products, truth)
    order = np.argsort(-alike, 1)
    top1 = (order[:, 0] == place).mean()
    top5 = (order[:, :5] == place[:, None]).any(1).mean()
    known = np.sort(rng.permutation(len(products))[: len(products) // 2])
    is_known = np.isin(place, known)
    best = alike[:, known].max(1)
    said = known[alike[:, known].argmax(1)]
    threshold = np.quantile(best[~is_known], 1 - FALSE_ACCEPTS)
    right = ((best > threshold) & (said == place))[is_known].mean()
    return float(top1), float(top5), float(right), float(threshold)


def reading(
    enrolled: Floats, of: Numbers, asking: Floats, truth: Numbers, *, shots: int, seed: int = 0
) -> tuple[float, float]:
    """``like`` and ``sharpness`` for a gallery: the similarity that strangers pass in 5 % of cases; log-odds a unit.

    The log-odds are those of a logistic curve through what strangers and products themselves reach.
    """
    rng = np.random.default_rng(seed)
    own, other = [], []
    for product in np.unique(of):
        chosen = rng.permutation(np.flatnonzero(of == product))[:shots]
        alike = (asking @ enrolled[chosen].T).max(1)
        own.append(alike[truth == product])
        other.append(alike[truth != product])
    mine, theirs = np.concatenate(own), np.concatenate(other)
    like = told(enrolled, of, asking, truth, shots=shots, seed=seed).threshold
    spread = float(np.sqrt((mine.var() + theirs.var()) / 2))
    sharpness = float(mine.mean() - theirs.mean()) / max(spread, 1e-3) ** 2
    return like, round(min(sharpness, MOST_SHARPNESS), 2)

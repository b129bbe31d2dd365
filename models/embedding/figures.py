"""How well unseen products are distinguished: the nearest, the nearest five, and detection of strangers.

Some pictures of each product enrol it, others ask. In each draw half of the products stay unknown: the threshold of the
probability is set so that 5 % of their pictures pass for something known, and what counts is how many of the others are
accepted and named right. Beside it, how similarities are to be read.
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
LIKES: Final = np.arange(0.0, 0.9, 0.05)
SHARPNESSES: Final = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityReading:
    """The interpretation of similarities.

    ``like`` is the similarity at which something is as likely a product as none of them, ``sharpness`` the log-odds per
    unit.
    """

    like: float
    sharpness: float

    def log_odds(self, alike: Floats) -> Floats:
        """Of each product against all others and *none of them* together; ``[N, products]``."""
        odds = self.sharpness * (alike.astype(np.float64) - self.like)
        raised = np.exp(odds)
        return np.asarray(odds - np.log(1 + raised.sum(1, keepdims=True) - raised), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldApart:
    """Shares in [0, 1]; ``threshold`` is a probability, the mean over the draws."""

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
    enrolled: Floats,
    of: Numbers,
    asking: Floats,
    truth: Numbers,
    *,
    shots: int,
    reading: SimilarityReading,
    draws: int = DRAWS,
    seed: int = 0,
) -> ToldApart:
    """The figures with so many enrolled pictures a product.

    Args:
        enrolled: the embeddings ``[N, width]`` to draw from, or ``[N, copies, width]`` if each picture was embedded
            several times; ``of`` is the product number of each picture.
        asking: the embeddings that ask, ``truth`` the product number of each.
        reading: the interpretation of similarities.
    """
    rng = np.random.default_rng(seed)
    products = np.unique(of)
    asked = np.isin(truth, products)
    asking, truth = asking[asked], truth[asked]
    rows = []
    for _ in range(draws):
        alike = alikeness(enrolled, of, asking, shots=shots, rng=rng)
        rows.append(_draw(alike, np.searchsorted(products, truth), reading, rng))
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


def alikeness(enrolled: Floats, of: Numbers, asking: Floats, *, shots: int, rng: np.random.Generator) -> Floats:
    """``[asking, products]``: as in the gallery, half the nearest picture, half the mean of all."""
    columns = []
    for product in np.unique(of):
        rows = enrolled[rng.permutation(np.flatnonzero(of == product))[:shots]].reshape(-1, enrolled.shape[-1])
        middle = rows.mean(0)
        middle = middle / max(float(np.linalg.norm(middle)), 1e-9)
        columns.append(((asking @ rows.T).max(1) + asking @ middle) / 2)
    return np.stack(columns, 1)


def _draw(alike: Floats, place: Numbers, reading: SimilarityReading, rng: np.random.Generator) -> tuple[float, ...]:
    order = np.argsort(-alike, 1)
    top1 = (order[:, 0] == place).mean()
    top5 = (order[:, :5] == place[:, None]).any(1).mean()
    known = _half(alike.shape[1], rng)
    is_known = np.isin(place, known)
    best = reading.log_odds(alike[:, known]).max(1)
    said = known[alike[:, known].argmax(1)]
    threshold = np.quantile(best[~is_known], 1 - FALSE_ACCEPTS)
    right = ((best > threshold) & (said == place))[is_known].mean()
    return float(top1), float(top5), float(right), float(1 / (1 + np.exp(-threshold)))


def _half(products: int, rng: np.random.Generator) -> Numbers:
    return np.sort(rng.permutation(products)[: products // 2])


def fitted(
    enrolled: Floats, of: Numbers, asking: Floats, truth: Numbers, *, shots: int, seed: int = 0
) -> SimilarityReading:
    """The interpretation of similarities that makes a gallery's probabilities honest.

    It has the least log loss over a grid, with half of the products known and all of them asked about.
    """
    rng = np.random.default_rng(seed)
    alike = alikeness(enrolled, of, asking, shots=shots, rng=rng)
    place = np.searchsorted(np.unique(of), truth)
    halves = [_half(alike.shape[1], rng) for _ in range(DRAWS)]
    grid = [SimilarityReading(like=float(like), sharpness=float(sharp)) for like in LIKES for sharp in SHARPNESSES]
    return min(grid, key=lambda reading: sum(_loss(alike, place, known, reading) for known in halves))


def _loss(alike: Floats, place: Numbers, known: Numbers, reading: SimilarityReading) -> float:
    """The mean log loss of the product, or of *none of them* if it is not among the known."""
    raised = np.exp(reading.sharpness * (alike[:, known] - reading.like))
    is_own = known[None] == place[:, None]
    own = np.where(is_own.any(1), (raised * is_own).sum(1), 1.0)
    return float(-np.log(own / (1 + raised.sum(1))).mean())

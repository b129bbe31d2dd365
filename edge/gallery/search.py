"""Finds the products that an item resembles: plain numpy over all prototypes, combined over a whole visit.

Each crop of a visit gives every product the log-odds ``sharpness * (similarity - like)``. Their mean over the crops
competes with *none of them*, whose log-odds are 0. So an item unlike everything enrolled is unknown, never the nearest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Floats, Gallery

MOST_LOG_ODDS: Final = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Candidate products by SKU, likeliest first, and the probability that it is none of them."""

    products: tuple[tuple[str, float], ...]
    unknown: float

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest product; ``("", 0.0)`` for an empty gallery."""
        return self.products[0] if self.products else ("", 0.0)


class Index:
    """A gallery prepared for search."""

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery
        self._products = [product for product in gallery.products if len(product.prototypes)]
        self._rows = np.concatenate([p.prototypes for p in self._products]) if self._products else np.zeros((0, 1))
        self._starts = np.cumsum([0, *(len(p.prototypes) for p in self._products)])[:-1]
        middles = np.array([p.prototypes.mean(0) for p in self._products] or np.zeros((0, 1)))
        self._middles = middles / np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-9)
        self.labels = frozenset(label for p in self._products if not p.tentative for label in p.labels)
        self._tentative = frozenset(product.sku for product in self._products if product.tentative)

    @property
    def skus(self) -> Sequence[str]:
        return [product.sku for product in self._products]

    def find(self, sku: str) -> Enrolled | None:
        """The product with this SKU."""
        return next((product for product in self._products if product.sku == sku), None)

    def may_decide(self, sku: str) -> bool:
        """Whether enough is known of a product for its looks to decide."""
        return sku not in self._tentative

    def similarities(self, embeddings: Floats) -> Floats:
        """``[N, products]``: for each embedding, half the nearest prototype of each product and half their mean."""
        if not self._products:
            return np.zeros((len(embeddings), 0), np.float32)
        nearest = np.maximum.reduceat(embeddings @ self._rows.T, self._starts, axis=1)
        return np.asarray((nearest + embeddings @ self._middles.T) / 2, np.float32)

    def opinion(self, embeddings: Floats, beforehand: Mapping[str, float] | None = None) -> Opinion:
        """The joint evidence of one item's crops.

        Args:
            embeddings: ``[N, width]``, at least one.
            beforehand: SKU to log-odds known from elsewhere.
        """
        odds = log_odds(self.similarities(embeddings), self.gallery.embedding).mean(0)
        if beforehand:
            odds = odds + np.array([beforehand.get(sku, 0.0) for sku in self.skus])
        raised = np.exp(odds)
        whole = 1.0 + float(raised.sum())
        order = np.argsort(-raised, kind="stable")
        skus = self.skus
        return Opinion(
            products=tuple((skus[i], round(float(raised[i]) / whole, 3)) for i in order.tolist()),
            unknown=round(1 / whole, 3),
        )

    def nearest(self, product: Enrolled, count: int = 3) -> Sequence[tuple[Enrolled, float]]:
        """The products most similar to this one, each with the similarity of its closest view."""
        others = [(i, p) for i, p in enumerate(self._products) if p.sku != product.sku]
        alike = self.similarities(product.prototypes).max(0, initial=-1.0)
        return sorted(((p, round(float(alike[i]), 3)) for i, p in others), key=lambda pair: -pair[1])[:count]


def log_odds(similarities: Floats, embedding: Embedding) -> Floats:
    """The evidence of a similarity for a product, between ``-MOST_LOG_ODDS`` and ``MOST_LOG_ODDS``."""
    raw = embedding.sharpness * (similarities - embedding.like)
    return np.asarray(np.clip(raw, -MOST_LOG_ODDS, MOST_LOG_ODDS), np.float32)

"""The learned layer: what differs between views of one product is overlooked."""

import numpy as np

from smartcart.models.embedding.figures import SimilarityReading, told
from smartcart.models.embedding.projection import Projection, evened, unit

READING = SimilarityReading(like=0.5, sharpness=10.0)


def shown(first: int, products: int = 30, each: int = 8, width: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Products that differ in eight numbers, and views that differ far more in the others."""
    rng = np.random.default_rng(first)
    middles = np.zeros((products, width))
    middles[:, :8] = rng.normal(size=(products, 8))
    noise = rng.normal(size=(products * each, width)) * np.r_[np.full(8, 0.1), np.full(width - 8, 2.0)]
    return (np.repeat(middles, each, 0) + noise).astype(np.float32), np.repeat(np.arange(products), each)


def top1(rows: np.ndarray, of: np.ndarray) -> float:
    return told(rows[::2], of[::2], rows[1::2], of[1::2], shots=4, reading=READING).top1


def test_unseen_products_are_told_by_what_does_not_differ_between_views_of_one() -> None:
    layer = evened([shown(1)])
    rows, of = shown(2)
    assert top1(unit(rows), of) < 0.3
    assert top1(layer.of(rows), of) > 0.7


def test_each_kind_of_pictures_counts_alike_however_many_there_are() -> None:
    few, many = shown(3, products=10), shown(4, products=60)
    once = evened([few, many])
    more = evened([few, (np.tile(many[0], (3, 1)), np.tile(many[1], 3))])
    assert np.allclose(cosines(once), cosines(more), atol=1e-2)


def cosines(layer: Projection) -> np.ndarray:
    """How alike a layer finds twenty things."""
    rows = layer.of(shown(5, products=20, each=1)[0])
    return np.asarray(rows @ rows.T)

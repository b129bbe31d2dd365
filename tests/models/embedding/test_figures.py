"""How well products are told that were never trained on: the figures of an embedding."""

import numpy as np

from smartcart.models.embedding.figures import SimilarityReading, fitted, told
from smartcart.models.embedding.projection import unit


def clouds(noise: float, products: int = 20, each: int = 8, width: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Products as points with noise around them, and the number of each one's product."""
    rng = np.random.default_rng(3)
    middles = rng.normal(size=(products, width))
    rows = np.repeat(middles, each, 0) + noise * rng.normal(size=(products * each, width))
    return rows.astype(np.float32), np.repeat(np.arange(products), each)


def test_products_that_lie_apart_are_all_told_and_strangers_turned_away() -> None:
    rows, of = clouds(0.05)
    rows = unit(rows)
    reading = fitted(rows[::2], of[::2], rows[1::2], of[1::2], shots=4)
    figures = told(rows[::2], of[::2], rows[1::2], of[1::2], shots=4, reading=reading)
    assert (figures.top1, figures.top5, figures.accepted_and_right) == (1.0, 1.0, 1.0)
    assert 0.2 < reading.like < 0.95
    assert reading.sharpness > 5


def test_products_that_are_all_alike_are_told_by_chance() -> None:
    rows, of = unit(clouds(1.0)[0]), np.random.default_rng(5).permutation(clouds(1.0)[1])
    figures = told(
        rows[::2], of[::2], rows[1::2], of[1::2], shots=2, reading=SimilarityReading(like=0.5, sharpness=10.0)
    )
    assert figures.top1 < 0.25


def test_a_probability_that_is_read_is_as_honest_as_the_clouds_are_wide() -> None:
    """Where products lie close, the same similarity speaks less for one."""
    near, far = (unit(clouds(noise)[0]) for noise in (0.6, 0.05))
    of = clouds(0.05)[1]
    readings = [fitted(rows[::2], of[::2], rows[1::2], of[1::2], shots=4) for rows in (near, far)]
    assert readings[0].like < readings[1].like


def test_a_picture_embedded_twice_the_same_way_tells_no_more_than_once() -> None:
    rows, of = unit(clouds(1.5)[0]), clouds(1.5)[1]
    reading = SimilarityReading(like=0.5, sharpness=10.0)
    once = told(rows[::2], of[::2], rows[1::2], of[1::2], shots=2, reading=reading)
    twice = told(np.stack([rows[::2]] * 2, 1), of[::2], rows[1::2], of[1::2], shots=2, reading=reading)
    assert once == twice
    assert once.top1 < 1.0

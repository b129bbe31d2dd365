"""Adds views to a product of the gallery, or to a new one. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from smartcart.edge.gallery.gallery_file import MAX_PROTOTYPES, Enrolled, Floats
from smartcart.edge.gallery.sights import Sights

NEW: Final = 0.93
"""The similarity above which a view adds nothing."""
MOST_OF_EVENT: Final = 2
ENOUGH: Final = 4
"""The number of prototypes from which a product's looks may decide."""


def with_more_views(product: Enrolled, sights: Sequence[Sights]) -> Enrolled:
    """The product with the new views, at most ``MOST_OF_EVENT`` of each event; unchanged if there are none."""
    rows = list(product.prototypes)
    for seen in sights:
        rows += _news(rows, seen.rows)
    if len(rows) == len(product.prototypes):
        return product
    while len(rows) > MAX_PROTOTYPES:
        rows = _closest_joined(rows)
    labels = tuple(sorted({*product.labels, *(label for seen in sights for label in seen.labels)}))
    tentative = product.tentative and len(rows) < ENOUGH
    return replace(product, labels=labels, prototypes=np.array(rows, np.float32), tentative=tentative)


def _news(known: Sequence[Floats], rows: Floats) -> list[Floats]:
    """The best of these rows that resemble none of the known ones."""
    found: list[Floats] = []
    for row in rows / np.linalg.norm(rows, axis=1, keepdims=True):
        if len(found) < MOST_OF_EVENT and all(float(row @ one) <= NEW for one in (*known, *found)):
            found.append(row)
    return found


def _closest_joined(rows: Sequence[Floats]) -> list[Floats]:
    """Replaces the two most similar rows by their mean."""
    every = np.array(rows)
    alike = every @ every.T - 2 * np.eye(len(rows))
    first, second = np.unravel_index(int(alike.argmax()), alike.shape)
    middle = every[first] + every[second]
    rest = [row for at, row in enumerate(rows) if at not in (first, second)]
    return [*rest, np.asarray(middle / np.linalg.norm(middle), np.float32)]

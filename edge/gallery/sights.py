"""What a cart saw of an event's thing: the embeddings of its best views, without any picture.

A store that learns from what its people settle gets them beside its pictures, under the event's id. On the wire they
are a gallery that holds the event in the place of a product.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Floats, Gallery, GalleryError

MOST_BYTES: Final = 64 * 1024
MOST_ROWS: Final = 16
OFF_LENGTH: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sights:
    """``rows`` ``[N, width]`` of length 1, the best view first; ``labels`` are what the detector called it.

    ``store`` is that of the gallery which the cart uses.
    """

    store: str
    embedding: Embedding
    labels: tuple[str, ...]
    rows: Floats

    def to_bytes(self, event: str) -> bytes:
        """The message of an event."""
        seen = Enrolled(sku=event, name="", labels=self.labels, prototypes=self.rows)
        return Gallery(store=self.store, version=0, embedding=self.embedding, products=(seen,)).to_bytes()

    @classmethod
    def from_bytes(cls, payload: bytes) -> tuple[str, Self]:
        """Reads a message: the event's id, and what was seen.

        Raises:
            GalleryError: it is none, or too large.
        """
        if len(payload) > MOST_BYTES:
            raise GalleryError(f"a message of {len(payload)} bytes is over the limit of {MOST_BYTES}")
        held = Gallery.from_bytes(payload)
        if len(held.products) != 1 or not 1 <= len(held.products[0].prototypes) <= MOST_ROWS:
            raise GalleryError(f"is not what was seen of one event, in 1 to {MOST_ROWS} views")
        seen = held.products[0]
        if not np.all(np.abs(np.linalg.norm(seen.prototypes, axis=1) - 1) < OFF_LENGTH):
            raise GalleryError("its views are no vectors of length 1")
        return seen.sku, cls(store=held.store, embedding=held.embedding, labels=seen.labels, rows=seen.prototypes)

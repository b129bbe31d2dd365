"""The embeddings of the best views of an event's item, without any picture.

A cart sends them under the event's id to a store whose gallery learns from settled events. The message is a gallery
with the event in the place of a product.
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
    """``rows`` ``[N, width]`` of length 1, the best view first; ``labels`` are the detector's names for the item.

    ``store`` is the store of the gallery that the cart uses.
    """

    store: str
    embedding: Embedding
    labels: tuple[str, ...]
    rows: Floats

    def to_bytes(self, event: str) -> bytes:
        """Encodes the message for an event."""
        seen = Enrolled(sku=event, name="", labels=self.labels, prototypes=self.rows)
        return Gallery(store=self.store, version=0, embedding=self.embedding, products=(seen,)).to_bytes()

    @classmethod
    def from_bytes(cls, payload: bytes) -> tuple[str, Self]:
        """Decodes a message into the event's id and the sights.

        Raises:
            GalleryError: it is not a ``sights`` message, or too large.
        """
        if len(payload) > MOST_BYTES:
            raise GalleryError(f"a message of {len(payload)} bytes is over the limit of {MOST_BYTES}")
        held = Gallery.from_bytes(payload)
        if len(held.products) != 1 or not 1 <= len(held.products[0].prototypes) <= MOST_ROWS:
            raise GalleryError(f"does not hold 1 to {MOST_ROWS} views of one event")
        seen = held.products[0]
        if not np.all(np.abs(np.linalg.norm(seen.prototypes, axis=1) - 1) < OFF_LENGTH):
            raise GalleryError("its views are not vectors of length 1")
        return seen.sku, cls(store=held.store, embedding=held.embedding, labels=seen.labels, rows=seen.prototypes)

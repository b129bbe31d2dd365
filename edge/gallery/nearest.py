"""How distinguishable a product is by its looks: the nearest products, in words."""

from dataclasses import dataclass
from typing import Final, Literal

from smartcart.edge.gallery.gallery_file import Enrolled
from smartcart.edge.gallery.search import Index

COUNT: Final = 3
ALIKE: Final = -3.0
"""Log-odds from which two products count as look-alikes: at 0, one is as likely the other as not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An enrolled product that another one is like; ``similarity`` is that of ``Index``."""

    sku: str
    name: str
    similarity: float
    looks: Literal["the same", "alike", "different"]

    @property
    def too_close(self) -> bool:
        """True if it is often mistaken for the other."""
        return self.looks == "the same"

    @property
    def advice(self) -> str:
        """The advice as a sentence."""
        if not self.too_close:
            return f"{self.name} ({self.sku}) can be told apart (similarity {self.similarity:.2f})."
        return (
            f"{self.name} ({self.sku}) is too close (similarity {self.similarity:.2f}): is it the same product? "
            "If not, add the barcode to both in the catalogue, so that a code settles it."
        )


def nearest(index: Index, product: Enrolled) -> tuple[Near, ...]:
    """The products of the gallery most similar to this one, the nearest first; without itself."""
    embedding, found = index.gallery.embedding, []
    for other, similarity in index.nearest(product, COUNT):
        odds = embedding.sharpness * (similarity - embedding.like)
        looks: Literal["the same", "alike", "different"]
        looks = "the same" if odds >= 0 else "alike" if odds >= ALIKE else "different"
        found.append(Near(sku=other.sku, name=other.name, similarity=similarity, looks=looks))
    return tuple(found)

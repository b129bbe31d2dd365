"""The gallery: what each product of a store looks like, as one file that server and carts share.

No picture is in it: a product has a few prototypes, each an embedding of length 1. The file is a line of JSON and then
the prototypes as 16-bit floats; the line holds their SHA-256, so damage is noticed wherever the file comes from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from smartcart.edge.errors import EdgeError

Floats = NDArray[np.float32]

SCHEMA: Final = "smartcart.gallery/1"
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_PROTOTYPES: Final = 16
STORED: Final = np.dtype("<f2")


class GalleryError(EdgeError):
    """A gallery cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Which model made the prototypes, and how its similarities are to be read.

    Attributes:
        id: the first digits of the model file's SHA-256.
        like: the similarity (cosine) at which something is as likely the product as not.
        sharpness: log-odds a unit of similarity.
    """

    id: str
    like: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled:
    """One product: ``prototypes`` ``[N, width]`` of length 1, and the labels that a detector gives it."""

    sku: str
    name: str
    labels: tuple[str, ...]
    prototypes: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """All products of a store at one version, which counts up from 1."""

    store: str
    version: int
    embedding: Embedding
    products: tuple[Enrolled, ...]

    def with_product(self, product: Enrolled) -> Self:
        """The next version with this product, in place of what was enrolled under its SKU."""
        return self._next((*self._others(product.sku), product))

    def without(self, sku: str) -> Self:
        """The next version without a product, of which nothing is left in it.

        Raises:
            GalleryError: it is not enrolled.
        """
        others = self._others(sku)
        if len(others) == len(self.products):
            raise GalleryError(f"{sku} is not enrolled; enrolled are {_listed(self)}")
        return self._next(others)

    def _others(self, sku: str) -> tuple[Enrolled, ...]:
        return tuple(product for product in self.products if product.sku != sku)

    def _next(self, products: tuple[Enrolled, ...]) -> Self:
        ordered = tuple(sorted(products, key=lambda product: product.sku))
        return type(self)(store=self.store, version=self.version + 1, embedding=self.embedding, products=ordered)

    def to_bytes(self) -> bytes:
        """As a file."""
        rows = [product.prototypes for product in self.products]
        body = np.concatenate(rows).astype(STORED).tobytes() if rows else b""
        head = {
            "schema": SCHEMA,
            "store": self.store,
            "version": self.version,
            "embedding": asdict(self.embedding),
            "width": int(rows[0].shape[1]) if rows else 0,
            "sha256": hashlib.sha256(body).hexdigest(),
            "products": [[p.sku, p.name, list(p.labels), len(p.prototypes)] for p in self.products],
        }
        return json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + body

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a file.

        Raises:
            GalleryError: it is none, is of a newer form, or is damaged.
        """
        if len(payload) > MAX_BYTES:
            raise GalleryError(f"a gallery of {len(payload)} bytes is over the limit of {MAX_BYTES}")
        line, _, body = payload.partition(b"\n")
        try:
            head: Mapping[str, Any] = json.loads(line)
            schema = head["schema"]
            if schema != SCHEMA:
                raise GalleryError(f"is a gallery of the form {str(schema)[:40]!r}, not {SCHEMA}: update the reader")
            if hashlib.sha256(body).hexdigest() != head["sha256"]:
                raise GalleryError("the gallery is damaged (its SHA-256 differs): fetch or copy it again")
            return cls._of(head, np.frombuffer(body, STORED).astype(np.float32))
        except GalleryError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GalleryError(f"is no gallery: {type(error).__name__}: {error}") from None

    @classmethod
    def _of(cls, head: Mapping[str, Any], values: Floats) -> Self:
        counts = [int(count) for *_, count in head["products"]]
        rows = values.reshape(sum(counts), int(head["width"])) if counts else values.reshape(0, 1)
        ends = np.cumsum([0, *counts]).tolist()
        told = head["embedding"]
        return cls(
            store=str(head["store"]),
            version=int(head["version"]),
            embedding=Embedding(id=str(told["id"]), like=float(told["like"]), sharpness=float(told["sharpness"])),
            products=tuple(
                Enrolled(sku=str(sku), name=str(name), labels=tuple(map(str, labels)), prototypes=rows[a:b])
                for (sku, name, labels, _), a, b in zip(head["products"], ends[:-1], ends[1:], strict=True)
            ),
        )

    def checked(self, *, embedding: str | None = None, store: str | None = None) -> Self:
        """This gallery, if it may be used here.

        Raises:
            GalleryError: it was made with another model, or for another store.
        """
        if embedding is not None and self.embedding.id != embedding:
            raise GalleryError(
                f"the gallery was made with the embedding {self.embedding.id}, this cart has {embedding}: "
                "enrol the products again, or give the cart that model"
            )
        if store is not None and self.store != store:
            raise GalleryError(f"the gallery is of store {self.store}, not of {store}")
        return self


def empty(store: str, embedding: Embedding) -> Gallery:
    """A gallery before anything is enrolled."""
    return Gallery(store=store, version=0, embedding=embedding, products=())


def _listed(gallery: Gallery) -> str:
    skus = [product.sku for product in gallery.products]
    return ", ".join(skus[:8]) + (f" and {len(skus) - 8} more" if len(skus) > 8 else "") if skus else "no products"

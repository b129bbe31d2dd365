"""The gallery: the looks of each product of a store, as one file that server and carts share.

It contains no picture: a product has a few prototypes, each an embedding of length 1. The file is a line of JSON
followed by the prototypes as 16-bit floats. The line contains their SHA-256, so damage is noticed wherever the file
comes from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from smartcart.edge.contract.events import ContractError, Json, check, check_writable, parse_object
from smartcart.edge.errors import EdgeError

Floats = NDArray[np.float32]

SCHEMA: Final = "smartcart.gallery/1"
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_PROTOTYPES: Final = 16
STORED: Final = np.dtype("<f2")
_WORD: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 64}
_PRODUCT: Final[Json] = {
    "type": "array",
    "minItems": 4,
    "maxItems": 4,
    "prefixItems": [
        _WORD,
        {"type": "string", "maxLength": 200},
        {"type": "array", "maxItems": 64, "items": _WORD},
        {"type": "integer", "minimum": 0, "maximum": 100_000},
    ],
}
HEAD: Final[Json] = {
    "type": "object",
    "required": ["schema", "store", "version", "embedding", "width", "sha256", "products"],
    "properties": {
        "store": _WORD,
        "version": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
        "embedding": {
            "type": "object",
            "required": ["id", "like", "sharpness"],
            "properties": {
                "id": _WORD,
                "like": {"type": "number", "minimum": -1, "maximum": 1},
                "sharpness": {"type": "number", "minimum": 0, "maximum": 1000},
            },
        },
        "width": {"type": "integer", "minimum": 0, "maximum": 4096},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "products": {"type": "array", "maxItems": 100_000, "items": _PRODUCT},
        "tentative": {"type": "array", "maxItems": 100_000, "items": _WORD},
    },
}
"""What the line of JSON must be; each product is its SKU, name, labels and how many prototypes it has. ``tentative``
lists the SKUs of those that are known from little."""


class GalleryError(EdgeError):
    """A gallery cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """The model that made the prototypes, and how to interpret its similarities.

    Attributes:
        id: the first digits of the model file's SHA-256.
        like: the similarity (cosine) at which something is as likely the product as not.
        sharpness: log-odds per unit of similarity.
    """

    id: str
    like: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled:
    """One product: ``prototypes`` ``[N, width]`` of length 1, and the labels that a detector gives it.

    A ``tentative`` one is known from little, such as its catalogue's picture: its looks suggest and never decide.
    """

    sku: str
    name: str
    labels: tuple[str, ...]
    prototypes: Floats
    tentative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """All products of a store at one version, which counts up from 1."""

    store: str
    version: int
    embedding: Embedding
    products: tuple[Enrolled, ...]

    def with_product(self, product: Enrolled) -> Self:
        """The next version with this product, replacing any enrolled under its SKU."""
        return self._next((*self._others(product.sku), product))

    def without(self, sku: str) -> Self:
        """The next version without a product; nothing of it remains.

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
        """Encodes the gallery as a file."""
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
        if tentative := [p.sku for p in self.products if p.tentative]:
            head["tentative"] = tentative
        return json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + body

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a file.

        Raises:
            GalleryError: it is not a gallery, has a newer form, or is damaged.
        """
        if len(payload) > MAX_BYTES:
            raise GalleryError(f"a gallery of {len(payload)} bytes is over the limit of {MAX_BYTES}")
        line, _, body = payload.partition(b"\n")
        try:
            head = parse_object(line, MAX_BYTES)
            schema = head.get("schema", SCHEMA)
            if schema != SCHEMA:
                raise GalleryError(f"the gallery has the form {str(schema)[:40]!r}, not {SCHEMA}: update the reader")
            check_writable(head)
            check(head, HEAD, "gallery")
        except ContractError as error:
            raise GalleryError(f"not a gallery: {error.reason}") from None
        if hashlib.sha256(body).hexdigest() != head["sha256"]:
            raise GalleryError("the gallery is damaged (its SHA-256 differs): fetch or copy it again")
        if len(body) != STORED.itemsize * head["width"] * sum(count for *_, count in head["products"]):
            raise GalleryError("not a gallery: its number of prototypes differs from what its first line says")
        return cls._of(head, np.frombuffer(body, STORED).astype(np.float32))

    @classmethod
    def _of(cls, head: Mapping[str, Any], values: Floats) -> Self:
        """Builds the products from a checked line and all prototypes in sequence."""
        rows = values.reshape(-1, head["width"] or 1)
        ends = np.cumsum([0, *(count for *_, count in head["products"])]).tolist()
        embedding, tentative = head["embedding"], frozenset(head.get("tentative", ()))
        return cls(
            store=head["store"],
            version=head["version"],
            embedding=Embedding(
                id=embedding["id"], like=float(embedding["like"]), sharpness=float(embedding["sharpness"])
            ),
            products=tuple(
                Enrolled(sku=sku, name=name, labels=tuple(labels), prototypes=rows[a:b], tentative=sku in tentative)
                for (sku, name, labels, _), a, b in zip(head["products"], ends[:-1], ends[1:], strict=True)
            ),
        )

    def checked(self, *, embedding: str | None = None, store: str | None = None) -> Self:
        """Returns this gallery if it can be used here.

        Raises:
            GalleryError: it was made with another model, or for another store.
        """
        if embedding is not None and self.embedding.id != embedding:
            raise GalleryError(
                f"the gallery was made with the embedding {self.embedding.id}, this cart has {embedding}: "
                "enrol the products again, or give the cart that model"
            )
        if store is not None and self.store != store:
            raise GalleryError(f"the gallery belongs to store {self.store}, not to {store}")
        return self


def empty(store: str, embedding: Embedding) -> Gallery:
    """A gallery before anything is enrolled."""
    return Gallery(store=store, version=0, embedding=embedding, products=())


def _listed(gallery: Gallery) -> str:
    skus = [product.sku for product in gallery.products]
    return ", ".join(skus[:8]) + (f" and {len(skus) - 8} more" if len(skus) > 8 else "") if skus else "no products"

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
        if tentative := [p.sku for p in self.products if p.tentative]:
            head["tentative"] = tentative
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
            head = parse_object(line, MAX_BYTES)
            schema = head.get("schema", SCHEMA)
            if schema != SCHEMA:
                raise GalleryError(f"is a gallery of the form {str(schema)[:40]!r}, not {SCHEMA}: update the reader")
            check_writable(head)
            check(head, HEAD, "gallery")
        except ContractError as error:
            raise GalleryError(f"is no gallery: {error.reason}") from None
        if hashlib.sha256(body).hexdigest() != head["sha256"]:
            raise GalleryError("the gallery is damaged (its SHA-256 differs): fetch or copy it again")
        if len(body) != STORED.itemsize * head["width"] * sum(count for *_, count in head["products"]):
            raise GalleryError("is no gallery: it holds more or fewer prototypes than it says")
        return cls._of(head, np.frombuffer(body, STORED).astype(np.float32))

    @classmethod
    def _of(cls, head: Mapping[str, Any], values: Floats) -> Self:
        """Of a line that was checked, and all prototypes one after the other."""
        rows = values.reshape(-1, head["width"] or 1)
        ends = np.cumsum([0, *(count for *_, count in head["products"])]).tolist()
        told, tentative = head["embedding"], frozenset(head.get("tentative", ()))
        return cls(
            store=head["store"],
            version=head["version"],
            embedding=Embedding(id=told["id"], like=float(told["like"]), sharpness=float(told["sharpness"])),
            products=tuple(
                Enrolled(sku=sku, name=name, labels=tuple(labels), prototypes=rows[a:b], tentative=sku in tentative)
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

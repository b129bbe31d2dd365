"""The store's gallery, kept beside the catalogue: only the version in force, so that removed products are gone."""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from smartcart.edge.gallery.gallery_file import MAX_PROTOTYPES, Enrolled, Gallery, GalleryError
from smartcart.edge.gallery.search import Index
from smartcart.edge.gallery.sights import Sights
from smartcart.edge.gallery.wire import Pointer
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.database.database import Database
from smartcart.server.database.shop_tables import GALLERIES
from smartcart.server.gallery.more_views import with_more_views

ENROLLED: Final = "product enrolled"
REMOVED: Final = "product unenrolled"
SEEN_AGAIN: Final = "product seen again"
OFF_LENGTH: Final = 0.05
LAST_VERSION: Final = 2**53 - 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtProduct:
    """What the gallery knows of a product: from how many views, when and by whom, as far as that was noted.

    A ``tentative`` one is known from little: its looks suggest and never decide.
    """

    prototypes: int
    views: int | None
    at: datetime | None
    by: str | None
    tentative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A gallery in the form that carts get."""

    pointer: Pointer
    payload: bytes

    @property
    def gallery(self) -> Gallery:
        return Gallery.from_bytes(self.payload)


class Galleries:
    """Reads and changes the gallery. ``on_change`` is called after every change, whoever made it."""

    def __init__(self, office: Database, audit: AuditLog, on_change: Callable[[], None] = lambda: None) -> None:
        """Raises:
        DatabaseError: the tables cannot be read.
        """
        self._office = office
        self._audit = audit
        self.on_change = on_change
        self._lock = threading.Lock()
        self._kept: Kept | None = None
        self._looked_at: object = None
        self._index: Index | None = None
        self.look()

    @property
    def now(self) -> Kept | None:
        """The gallery in force; None before the first product."""
        return self._kept

    def look(self) -> None:
        """Reads it again if another server has changed it.

        Raises:
            DatabaseError: the tables cannot be read; the gallery in force stays.
        """
        with self._lock, self._office.reading() as connection:
            version = connection.execute(select(GALLERIES.c.version)).scalar()
            if version == self._looked_at:
                return
            self._looked_at, self._kept = version, _read(connection)
        self.on_change()

    @property
    def index(self) -> Index | None:
        """The gallery in force, prepared for search; None before the first product."""
        kept, known = self._kept, self._index
        if kept is None:
            return None
        if known is None or known.gallery.version != kept.pointer.version:
            known = self._index = Index(kept.gallery)
        return known

    def product(self, sku: str) -> TaughtProduct | None:
        """The record of a product's looks; None if nothing was learnt.

        Raises:
            DatabaseError: the tables cannot be read.
        """
        enrolled = self.index.find(sku) if self.index else None
        if enrolled is None:
            return None
        entry = self._audit.newest(ENROLLED, sku)
        return TaughtProduct(
            prototypes=len(enrolled.prototypes),
            views=entry.detail.get("views") if entry else None,
            at=entry.at if entry else None,
            by=entry.actor if entry else None,
            tentative=enrolled.tentative,
        )

    def enrol(self, sku: str, alone: Gallery, by: Actor, views: int | None = None) -> int:
        """Adds the one product of a gallery to the store's; returns its new version.

        Args:
            views: from how many views it was learnt, if known.

        Raises:
            GalleryError: it holds no such product, was made with another embedding while others are enrolled, or is
                tentative where more is known.
            DatabaseError: the tables cannot be written.
        """
        product = next((product for product in alone.products if product.sku == sku), None)
        if product is None or len(product.prototypes) == 0:
            raise GalleryError(f"the gallery contains no views of {sku[:64]!r}")
        product = _fit(product)

        def change(before: Gallery | None) -> Gallery:
            known = _find(before, sku)
            if product.tentative and known is not None and not known.tentative:
                raise GalleryError(f"{sku[:64]} was taught by more than this: remove what was learnt first")
            return _joined(before, alone, product)

        return self._change(change, by, ENROLLED, sku, **({} if views is None else {"views": views}))

    def learn(self, sku: str, name: str, sights: Sequence[Sights], by: Actor) -> int | None:
        """Adds what is new in these views to a product, which may be new itself; gives the new version, if any.

        Raises:
            GalleryError: they were made with another embedding than the gallery.
            DatabaseError: the tables cannot be written.
        """
        kept = self.now
        if not sights or self._learnt(kept.gallery if kept else None, sku, name, sights) is None:
            return None

        def change(before: Gallery | None) -> Gallery:
            return self._learnt(before, sku, name, sights) or before or _empty(sights[0])

        return self._change(change, by, SEEN_AGAIN, sku, events=len(sights))

    @staticmethod
    def _learnt(before: Gallery | None, sku: str, name: str, sights: Sequence[Sights]) -> Gallery | None:
        """The next gallery; None where nothing is new."""
        nothing = np.zeros((0, sights[0].rows.shape[1]), np.float32)
        new = Enrolled(sku=sku, name=name, labels=(), prototypes=nothing, tentative=True)
        known = _find(before, sku) or new
        like = before.embedding.id if before and before.products else sights[0].embedding.id
        fitting = [one for one in sights if one.embedding.id == like]
        if not fitting:
            raise GalleryError(f"the cart's views are of another embedding than the gallery's {like}")
        product = with_more_views(known, fitting)
        return None if product is known else _joined(before, _empty(fitting[0]), _fit(product))

    def removed_at(self, sku: str) -> datetime | None:
        """When a product was removed last.

        Raises:
            DatabaseError: the tables cannot be read.
        """
        entry = self._audit.newest(REMOVED, sku)
        return entry.at if entry else None

    def remove(self, sku: str, by: Actor) -> int:
        """Removes a product; returns the new version.

        Raises:
            GalleryError: it is not enrolled.
            DatabaseError: the tables cannot be written.
        """

        def change(before: Gallery | None) -> Gallery:
            if before is None:
                raise GalleryError(f"{sku[:64]} is not enrolled; nothing is")
            return before.without(sku)

        return self._change(change, by, REMOVED, sku)

    def _change(self, change: Callable[[Gallery | None], Gallery], by: Actor, what: str, sku: str, **more: int) -> int:
        try:
            with self._office.writing() as connection:
                before = _read(connection)
                after = change(before.gallery if before else None)
                after = replace(after, version=max(after.version, _version(connection) + 1))
                payload = after.to_bytes()
                connection.execute(delete(GALLERIES))
                row = {"id": 1, "version": after.version, "sha256": hashlib.sha256(payload).hexdigest()}
                who = {"set_at": self._office.now(), "set_by": by.name}
                connection.execute(insert(GALLERIES), row | who | {"data": payload})
                self._audit.write(connection, by, what, sku, version=after.version, **more)
        except IntegrityError:
            raise GalleryError("somebody else is enrolling: try again") from None
        self.look()
        return after.version


def _find(gallery: Gallery | None, sku: str) -> Enrolled | None:
    return next((product for product in gallery.products if product.sku == sku), None) if gallery else None


def _empty(sights: Sights) -> Gallery:
    return Gallery(store=sights.store, version=0, embedding=sights.embedding, products=())


def _joined(before: Gallery | None, alone: Gallery, product: Enrolled) -> Gallery:
    """The store's gallery with a product that was made with the embedding of ``alone``.

    Raises:
        GalleryError: the gallery was made with another one.
    """
    if before is None or not before.products:
        version = before.version if before else 0
        return replace(alone, version=version, products=()).with_product(product)
    if before.products[0].prototypes.shape[1] != product.prototypes.shape[1]:
        raise GalleryError(f"the views of {product.sku[:64]!r} have another width than those of the gallery")
    return before.checked(embedding=alone.embedding.id).with_product(product)


def _fit(product: Enrolled) -> Enrolled:
    """A product from an untrusted sender, if its views can be compared with others.

    Raises:
        GalleryError: they cannot.
    """
    lengths = np.linalg.norm(product.prototypes, axis=1)
    if len(lengths) > MAX_PROTOTYPES or not np.all(np.abs(lengths - 1) < OFF_LENGTH):
        raise GalleryError(
            f"the views of {product.sku[:64]!r} are not vectors of length 1, or more than {MAX_PROTOTYPES}"
        )
    return product


def _version(connection: Connection) -> int:
    """The row's version, so that carts treat whatever follows even a damaged one as new; 0 without a row."""
    version = connection.execute(select(GALLERIES.c.version)).scalar()
    return version if isinstance(version, int) and 0 <= version < LAST_VERSION else 0


def _read(connection: Connection) -> Kept | None:
    """The stored gallery; a damaged one is logged and counts as none, so that it stops neither start nor pages."""
    row = connection.execute(select(GALLERIES)).first()
    if row is None:
        return None
    try:
        if not isinstance(row.data, bytes | memoryview):
            raise GalleryError("it is not bytes")
        payload = bytes(row.data)
        gallery = Gallery.from_bytes(payload)
        if gallery.version != row.version or gallery.version < 1:
            raise GalleryError(f"it claims to be version {gallery.version}")
    except GalleryError as error:
        log.error("the gallery is damaged, and counts as empty until products are taught again: %s", error)
        return None
    pointer = Pointer(version=gallery.version, size=len(payload), sha256=hashlib.sha256(payload).hexdigest())
    return Kept(pointer=pointer, payload=payload)

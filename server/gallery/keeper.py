"""The store's gallery, kept beside the catalogue: the version in force alone, so that what was removed is gone."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from smartcart.edge.gallery.gallery_file import Gallery, GalleryError
from smartcart.edge.gallery.wire import Pointer
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.database.database import Database
from smartcart.server.database.shop_tables import GALLERIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A gallery as it goes to carts."""

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
        self.look()

    @property
    def now(self) -> Kept | None:
        """The gallery in force; None before the first product."""
        return self._kept

    def look(self) -> None:
        """Reads it again if another server has changed it.

        Raises:
            DatabaseError: the tables cannot be read; what was in force stays.
        """
        with self._lock, self._office.reading() as connection:
            version = connection.execute(select(GALLERIES.c.version)).scalar()
            if version == (self._kept.pointer.version if self._kept else None):
                return
            self._kept = _read(connection)
        self.on_change()

    def enrol(self, sku: str, alone: Gallery, by: Actor) -> int:
        """Puts the one product of a gallery into the store's; gives its new version.

        Raises:
            GalleryError: it holds no such product, or was made with another embedding while others are enrolled.
            DatabaseError: the tables cannot be written.
        """
        product = next((product for product in alone.products if product.sku == sku), None)
        if product is None or len(product.prototypes) == 0:
            raise GalleryError(f"what was sent holds no views of {sku[:64]!r}")

        def change(before: Gallery | None) -> Gallery:
            if before is None or not before.products:
                version = before.version if before else 0
                return replace(alone, version=version, products=()).with_product(product)
            return before.checked(embedding=alone.embedding.id).with_product(product)

        return self._change(change, by, "product enrolled", sku)

    def remove(self, sku: str, by: Actor) -> int:
        """Removes a product; gives the new version.

        Raises:
            GalleryError: it is not enrolled.
            DatabaseError: the tables cannot be written.
        """

        def change(before: Gallery | None) -> Gallery:
            if before is None:
                raise GalleryError(f"{sku[:64]} is not enrolled; nothing is")
            return before.without(sku)

        return self._change(change, by, "product unenrolled", sku)

    def _change(self, change: Callable[[Gallery | None], Gallery], by: Actor, what: str, sku: str) -> int:
        try:
            with self._office.writing() as connection:
                before = _read(connection)
                after = change(before.gallery if before else None)
                payload = after.to_bytes()
                connection.execute(delete(GALLERIES))
                row = {"id": 1, "version": after.version, "sha256": hashlib.sha256(payload).hexdigest()}
                who = {"set_at": self._office.now(), "set_by": by.name}
                connection.execute(insert(GALLERIES), row | who | {"data": payload})
                self._audit.write(connection, by, what, sku, version=after.version)
        except IntegrityError:
            raise GalleryError("somebody else enrols at this moment: try again") from None
        self.look()
        return after.version


def _read(connection: Connection) -> Kept | None:
    row = connection.execute(select(GALLERIES)).first()
    if row is None:
        return None
    payload = bytes(row.data)
    return Kept(pointer=Pointer(version=row.version, size=len(payload), sha256=row.sha256), payload=payload)

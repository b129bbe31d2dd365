"""The gallery that a cart uses: read from its file, kept in memory, and swapped between visits."""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

from smartcart.edge.gallery.gallery_file import Gallery, GalleryError
from smartcart.edge.gallery.search import Index


def read_gallery(path: Path) -> Gallery:
    """Reads the gallery of a file.

    Raises:
        GalleryError: the file cannot be read, or is not a gallery.
    """
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise GalleryError(
            f"{path}: cannot be read: {error.strerror}; enrol with `smartcart products enroll`"
        ) from None
    try:
        return Gallery.from_bytes(payload)
    except GalleryError as error:
        raise GalleryError(f"{path}: {error}") from None


def write_gallery(path: Path, payload: bytes) -> None:
    """Writes a gallery atomically.

    Raises:
        GalleryError: the disk is full or the folder cannot be written; the previous file stays.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(payload)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise GalleryError(f"{path}: cannot be written ({error.strerror}); the previous gallery stays") from None


class GalleryInUse:
    """The gallery that a cart compares with; another one may be offered from any thread.

    Args:
        file: where it is stored, so that a cart that starts without a server has one.
        embedding: the cart's own; a gallery made with another one is refused.
        store: the store it must belong to; None accepts any.
        on_refused: called with the reason why a gallery was refused.
    """

    def __init__(
        self, file: Path, *, embedding: str, store: str | None = None, on_refused: Callable[[str], None]
    ) -> None:
        self._file = file
        self._embedding, self._store = embedding, store
        self._on_refused = on_refused
        self._lock = threading.Lock()
        self._next: Index | None = None
        self.index: Index | None = None
        if file.exists():
            try:
                self.index = self._checked(read_gallery(file))
            except GalleryError as error:
                on_refused(str(error))

    @property
    def version(self) -> int | None:
        return self.index.gallery.version if self.index else None

    def offer(self, payload: bytes, sha256: str) -> bool:
        """Offers a fetched gallery; a damaged or foreign one is refused, and the one in use stays."""
        try:
            if hashlib.sha256(payload).hexdigest() != sha256:
                raise GalleryError("the gallery was damaged in transit (its SHA-256 differs): the previous one stays")
            index = self._checked(Gallery.from_bytes(payload))
            write_gallery(self._file, payload)
        except GalleryError as error:
            self._on_refused(str(error))
            return False
        with self._lock:
            self._next = index
        return True

    def between_visits(self) -> Index | None:
        """The gallery to use from now on; call it while no visit is under way."""
        with self._lock:
            if self._next is not None:
                self.index, self._next = self._next, None
        return self.index

    def _checked(self, gallery: Gallery) -> Index:
        return Index(gallery.checked(embedding=self._embedding, store=self._store))

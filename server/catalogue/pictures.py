"""Pictures of products: every upload is decoded, scaled down and re-encoded, so that only pixels are kept.

A picture of one colour is tiny as a file and huge once decoded. So its pixels are limited before decoding, a JPEG is
decoded at an eighth of its size or whatever is needed, and only one picture is decoded at a time.
"""

import hashlib
import io
import threading
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from smartcart.server.database.database import Database
from smartcart.server.database.shop_tables import PICTURES, PRODUCTS
from smartcart.server.errors import ServerError

MEDIA_TYPE: Final = "image/webp"
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS: Final = 40_000_000
_MOST_DECODED: Final = 12_000_000
"""After the reduction by a JPEG's decoder; PNG and WebP can only be decoded whole."""
_SIDE: Final = 320
_decoding: Final = threading.Lock()


class PictureError(ServerError):
    """An upload is not a usable picture; the message says why."""


class ProductPictures:
    """Keeps pictures under the hash of their bytes, so that a picture never changes under its address."""

    def __init__(self, office: Database) -> None:
        self._office = office

    def keep(self, upload: bytes) -> str:
        """Stores a picture, and deletes those without a product; returns its id.

        Raises:
            PictureError: it is not JPEG, PNG or WebP, or too large.
        """
        data = small(upload)
        name = hashlib.sha256(data).hexdigest()[:32]
        used = select(PRODUCTS.c.picture).where(PRODUCTS.c.picture.is_not(None))
        with self._office.writing() as connection:
            connection.execute(delete(PICTURES).where(PICTURES.c.id.not_in(used), PICTURES.c.id != name))
        try:
            with self._office.writing() as connection:
                connection.execute(insert(PICTURES), {"id": name, "data": data})
        except IntegrityError:
            pass  # it exists already
        return name

    def find(self, name: str) -> bytes | None:
        """A picture as WebP; None if there is none with this id."""
        with self._office.reading() as connection:
            data = connection.execute(select(PICTURES.c.data).where(PICTURES.c.id == name)).scalar()
        return None if data is None else bytes(data)


def small(upload: bytes) -> bytes:
    """A picture of at most 320 pixels a side as WebP, upright and without metadata.

    Raises:
        PictureError: see ``Pictures.keep``.
    """
    try:
        with _decoding, warnings.catch_warnings():
            warnings.simplefilter("error")  # a picture that Pillow warns about is refused
            with Image.open(io.BytesIO(upload), formats=_FORMATS) as image:
                _check_pixels(image, _MOST_PIXELS)
                image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
                _check_pixels(image, _MOST_DECODED)
                ImageOps.exif_transpose(image, in_place=True)
                coloured = image.convert("RGBA" if image.has_transparency_data else "RGB")
                coloured.thumbnail((_SIDE, _SIDE))
                out = io.BytesIO()
                coloured.save(out, "WEBP", quality=82)
    except PictureError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        raise PictureError("this is not a readable picture: use JPEG, PNG or WebP") from None
    return out.getvalue()


def _check_pixels(image: Image.Image, most: int) -> None:
    if image.width * image.height > most:
        kind = "picture" if most == _MOST_PIXELS else f"{image.format} picture"
        raise PictureError(f"this {kind} has more than {most // 10**6} million pixels: make it smaller")

"""The gallery and the catalogue of a store's server, as ``smartcart products`` reaches them."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Final

from smartcart.edge.gallery.gallery_file import GalleryError

GALLERY: Final = "/api/v1/gallery"
WAIT_SECONDS: Final = 30.0
NOT_THERE: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedProduct:
    """A product that is sold and has a picture, which ``picture`` is the name of."""

    sku: str
    name: str
    picture: str


class GalleryServer:
    """A client of one server.

    Args:
        url: the address of its pages.
        token: an API token; None if the server is open, as in a demo.
    """

    def __init__(self, url: str, token: str | None) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise GalleryError(f"--server {url}: give an address such as http://127.0.0.1:8000")
        self._url = url.rstrip("/")
        self._token = token

    def fetch(self) -> bytes | None:
        """The gallery in force; None before the first product.

        Raises:
            GalleryError: the server cannot be reached, or refuses.
        """
        try:
            return self._ask("GET", GALLERY)
        except GalleryError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code == NOT_THERE:
                return None
            raise

    def put(self, sku: str, alone: bytes) -> int:
        """Enrols a product from a gallery with that product alone; returns the new version.

        Raises:
            GalleryError: as for ``fetch``, or there is no such product in the catalogue.
        """
        return int(json.loads(self._ask("PUT", _place(sku), alone))["version"])

    def remove(self, sku: str) -> int:
        """Removes a product; returns the new version.

        Raises:
            GalleryError: as for ``fetch``.
        """
        return int(json.loads(self._ask("DELETE", _place(sku)))["version"])

    def pictured(self) -> list[PicturedProduct]:
        """The catalogue's products that are sold and have a picture; raises as ``fetch`` does."""
        told = json.loads(self._ask("GET", "/api/v1/catalogue?sold_only=true"))["products"]
        return [
            PicturedProduct(sku=one["sku"], name=one["name"], picture=one["picture"]) for one in told if one["picture"]
        ]

    def picture(self, name: str) -> bytes:
        """A picture of the catalogue, as WebP; raises as ``fetch`` does."""
        return self._ask("GET", f"/pictures/{urllib.parse.quote(name)}")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self._url + path, data=body, method=method)
        request.add_header("Content-Type", "application/octet-stream")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                payload: bytes = answer.read()
                return payload
        except urllib.error.HTTPError as error:
            raise GalleryError(f"the server refuses: {_reason(error)}") from error
        except OSError as error:
            raise GalleryError(f"{self._url}: cannot be reached ({error}); is the server up?") from error


def _place(sku: str) -> str:
    return f"{GALLERY}/product?{urllib.parse.urlencode({'sku': sku})}"


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return str(error)

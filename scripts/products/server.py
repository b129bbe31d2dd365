"""The gallery of a store's server, for ``smartcart products``."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Final

from smartcart.edge.gallery.gallery_file import GalleryError

WAIT_SECONDS: Final = 30.0
NOT_THERE: Final = 404


class GalleryServer:
    """A client of one server.

    Args:
        url: the address of its pages.
        token: an API token; None if the server is open, as in a demo.
    """

    def __init__(self, url: str, token: str | None) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise GalleryError(f"--server {url}: give an address such as http://127.0.0.1:8000")
        self._url = url.rstrip("/") + "/api/v1/gallery"
        self._token = token

    def fetch(self) -> bytes | None:
        """The gallery in force; None before the first product.

        Raises:
            GalleryError: the server cannot be reached, or refuses.
        """
        try:
            return self._ask("GET", "")
        except GalleryError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code == NOT_THERE:
                return None
            raise

    def put(self, sku: str, alone: bytes) -> int:
        """Enrols a product from a gallery with that product alone; returns the new version.

        Raises:
            GalleryError: as for ``fetch``, or there is no such product in the catalogue.
        """
        return int(json.loads(self._ask("PUT", "/product?" + urllib.parse.urlencode({"sku": sku}), alone))["version"])

    def remove(self, sku: str) -> int:
        """Removes a product; returns the new version.

        Raises:
            GalleryError: as for ``fetch``.
        """
        return int(json.loads(self._ask("DELETE", "/product?" + urllib.parse.urlencode({"sku": sku})))["version"])

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


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return str(error)

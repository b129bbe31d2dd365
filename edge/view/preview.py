"""The annotated live picture, for the person at the machine: MJPEG over HTTP on loopback only.

Nothing goes through broker or server. The address contains a random token. Host and Origin are checked, so that neither
another page in the browser nor a rebound name can fetch the picture. A frame is encoded only while someone watches.
"""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

import cv2

from smartcart.edge.capture.frames import Image

BOUNDARY: Final = "frame"
QUALITY: Final = 80
LONGEST_WAIT: Final = 1.0


class Preview:
    """Serves the newest picture; a context manager. ``url`` is the address to open."""

    def __init__(self, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(24)
        self._news = threading.Condition()
        self._image: Image | None = None
        self._number = 0
        self._watchers = 0
        self._stopping = False
        self._allowed_origins: frozenset[str] = frozenset()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="preview", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{self._token}/live.mjpg"

    def allow_origin(self, origin: str) -> None:
        """Allows a page of this origin (``http://127.0.0.1:8000``) to show the picture."""
        self._allowed_origins |= {origin}

    @property
    def watched(self) -> bool:
        """True if anybody watches; drawing can be skipped while nobody does."""
        return self._watchers > 0

    def show(self, image: Image) -> None:
        """Makes this the newest picture."""
        with self._news:
            self._image, self._number = image, self._number + 1
            self._news.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._news:
            self._stopping = True
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def refusal(self, path: str, host: str | None, origin: str | None) -> int | None:
        """The HTTP status to refuse a request with, or None to serve it."""
        port = self._server.server_port
        if host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return 403
        if origin is not None and origin not in self._allowed_origins:
            return 403
        if not secrets.compare_digest(path.encode(), f"/{self._token}/live.mjpg".encode()):
            return 404
        return None

    def wait_newer(self, number: int) -> tuple[int, bytes] | None:
        """The next picture after ``number`` as JPEG with its own number; None when there is none for a second."""
        with self._news:
            self._news.wait_for(lambda: self._number > number or self._stopping, timeout=LONGEST_WAIT)
            image, now = self._image, self._number
        if image is None or now <= number:
            return None
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return (now, jpeg.tobytes()) if encoded else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        preview = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                refused = preview.refusal(self.path, self.headers.get("Host"), self.headers.get("Origin"))
                if refused is not None:
                    self.send_error(refused)
                    return
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Cross-Origin-Resource-Policy", "cross-origin")  # the page is on another port
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                preview._watchers += 1
                try:
                    self._stream()
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the viewer left
                finally:
                    preview._watchers -= 1

            def _stream(self) -> None:
                number = 0
                while not preview._stopping:
                    newer = preview.wait_newer(number)
                    if newer is None:
                        continue
                    number, jpeg = newer
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")

            def log_message(self, format: str, *args: object) -> None:
                """Silent: the address contains the token."""

        return Handler

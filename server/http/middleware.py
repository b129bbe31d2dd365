"""Applied to every request: checks of Host, origin and size, and the headers of responses."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartcart.server.http.address import split_address

MOST_BYTES: Final = 2 * 1024 * 1024
"""Maximum size of a request's body."""


class RequestGuard:
    """ASGI middleware.

    An unknown name in ``Host`` is refused, since a foreign site can point its own name here (DNS rebinding); an address
    needs no name. A change requested by a page of another origin is refused.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Iterable[str], picture_url: str | None = None) -> None:
        self._app = app
        self._hosts = {"localhost", socket.gethostname().lower(), *(host.lower() for host in allowed_hosts)}
        self._headers = {
            "Content-Security-Policy": _policy(picture_url),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",  # without a referrer our own form would come with a null Origin
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._knows(headers.get("host", "")):
            await PlainTextResponse("unknown Host: add it with --allow-host", 421)(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not _is_own(headers):
            await PlainTextResponse("a change must come from the server's own pages", 403)(scope, receive, send)
            return
        if _told_size(headers) > MOST_BYTES:
            await PlainTextResponse(f"at most {MOST_BYTES} bytes", 413)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
                if scope["scheme"] == "https":
                    answer["Strict-Transport-Security"] = "max-age=31536000"
                if not scope["path"].startswith("/static/"):
                    answer.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, _bounded(receive), with_headers)

    def _knows(self, host: str) -> bool:
        parts = split_address(f"//{host}")
        name = (parts.hostname or "") if parts else ""
        return name in self._hosts or _is_address(name)


def _told_size(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isdecimal() and len(told) < 20 else 0


def _bounded(receive: Receive) -> Receive:
    """Stops a body of unknown size before it fills the memory."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return bounded


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_own(headers: Headers) -> bool:
    """True if a browser says that the request comes from our own page; other programs send neither header."""
    origin = headers.get("origin")
    if origin is not None:
        parts = split_address(origin)
        if parts is None or parts.netloc.lower() != headers.get("host", "").lower():
            return False
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def _policy(picture_url: str | None) -> str:
    """Only our own files, and pictures of the one other origin."""
    images = "'self'"
    if picture_url:
        parts = split_address(picture_url)
        images += f" {parts.scheme}://{parts.netloc}" if parts else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

"""The token in each of our forms, without which another site's page could send it (CSRF).

It is derived from a cookie that only this browser has, by a one-way hash. A form has it as the field ``csrf``; a script
and htmx send it as the header ``X-CSRF-Token``.
"""

import hashlib
import hmac
from typing import Final

from fastapi import Depends, HTTPException, Request

from smartcart.server.http import cookies

FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def form_token(cookie: str) -> str:
    """The token that belongs to a login's or a visit's cookie."""
    return hmac.new(cookie.encode(), b"smartcart form", hashlib.sha256).hexdigest()


def bearer_token(request: Request) -> str | None:
    """The API token that a machine presents, valid or not; None if there is none."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else None


async def _is_our_own_form(request: Request) -> None:
    """Refuses a change without the token.

    A browser never sends a machine's token in ``Authorization`` by itself, nor does a visit's cookie give access to the
    API, so such a request needs none.
    """
    if request.method in _SAFE or bearer_token(request) is not None:
        return
    login = cookies.read(request, "login")
    if login is None and request.url.path.startswith("/api/"):
        return
    cookie = login or cookies.read(request, "visit")
    given = request.headers.get(HEADER) or await _field(request)
    if cookie is None or given is None or not hmac.compare_digest(given.encode(), form_token(cookie).encode()):
        raise HTTPException(403, "this form is too old: load the page again and send it once more")


async def _field(request: Request) -> str | None:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in _FORMS:
        return None
    value = (await request.form()).get(FIELD)
    return value if isinstance(value, str) else None


OurOwnForm = Depends(_is_our_own_form)
"""A dependency of every route."""

"""How a refusal looks: JSON from the API, a page to a person, or a redirect to the login."""

import json
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from smartcart.server.database.database import DatabaseError
from smartcart.server.http.address import split_address
from smartcart.server.ledger.port import LedgerError
from smartcart.server.site.permissions import SignInNeededError
from smartcart.server.site.site import Site

_MACHINES: Final = ("/api/", "/metrics", "/readyz", "/healthz", "/openapi.json")


def add_refusals(app: FastAPI) -> None:
    """Routes every refusal of the app to the right one of these."""

    @app.exception_handler(AnyHTTPException)
    async def refused(request: Request, error: AnyHTTPException) -> Response:
        if request.url.path.startswith(_MACHINES):
            return await http_exception_handler(request, error)
        if isinstance(error, SignInNeededError):
            return _to_the_login(request)
        return _page(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> Response:
        if request.url.path.startswith(_MACHINES):
            return _what_is_wrong(error)
        return _page(request, 422, "something in this request cannot be")

    @app.exception_handler(LedgerError)
    @app.exception_handler(DatabaseError)
    async def unable(request: Request, error: Exception) -> Response:
        """The error's own words name files and addresses: they are for the log, not for the client."""
        return await refused(request, HTTPException(503, "the server cannot reach its database at the moment"))


def _what_is_wrong(error: RequestValidationError) -> Response:
    """Without the input, which may be invalid text or a number unknown to JSON; in ASCII for the same reason."""
    told = [{name: wrong[name] for name in ("loc", "msg", "type")} for wrong in error.errors()]
    return Response(json.dumps({"detail": told}, default=str), 422, media_type="application/json")


def _to_the_login(request: Request) -> Response:
    if "hx-request" in request.headers:
        current = split_address(request.headers.get("hx-current-url", "/"))
        path = current.path if current else ""
        return Response(status_code=401, headers={"HX-Redirect": f"/login?next={quote(path or '/')}"})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/login", 303)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(asked)}", 303)


def _page(request: Request, status: int, why: str) -> Response:
    if "hx-request" in request.headers:
        return PlainTextResponse(why, status)
    site: Site = request.app.state.site
    return site.templates.page(request, "refusal.html", status=status, why=f"{why[:1].upper()}{why[1:]}.")

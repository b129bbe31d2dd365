"""The cookies: of a login, of a visit before the login, and of a cart's screen. No script can read them."""

from typing import Final, Literal

from fastapi import Request, Response

Name = Literal["login", "visit", "screen"]

_PREFIX: Final = "smartcart_"


def is_secure(request: Request) -> bool:
    """True if the browser came over TLS, to us or to a proxy that we trust to say so."""
    return request.url.scheme == "https"


def read(request: Request, name: Name) -> str | None:
    return request.cookies.get(_full_name(request, name)) or None


def write(request: Request, response: Response, name: Name, value: str, *, path: str = "/", seconds: int) -> None:
    """Over TLS the name has the prefix with which a browser refuses the cookie from anywhere else."""
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=seconds,
        path=path,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def clear(request: Request, response: Response, name: Name, *, path: str = "/") -> None:
    write(request, response, name, "", path=path, seconds=0)


def _full_name(request: Request, name: Name) -> str:
    if not is_secure(request):
        return _PREFIX + name
    # a screen's cookie has its cart's path, which __Host- does not allow
    return ("__Secure-" if name == "screen" else "__Host-") + _PREFIX + name

"""``/login``, ``/logout`` and ``/password``: logging in and out, and changing one's own password."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from smartcart.server.access.authenticator import TooManyTriesError
from smartcart.server.access.passwords import WeakPasswordError
from smartcart.server.http import cookies
from smartcart.server.http.address import split_address
from smartcart.server.site.permissions import MaybeVisitor, Staff, address_of
from smartcart.server.site.site import Site, TheSite

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=1024)]


@router.get("/login")
def form(request: Request, site: TheSite, visitor: MaybeVisitor, next: str = "/") -> Response:
    if visitor is not None:
        return RedirectResponse(own_path(next), 303)
    return _form(request, site, next=next)


@router.post("/login")
async def log_in(request: Request, site: TheSite, name: Text = "", password: Text = "", next: Text = "/") -> Response:
    try:
        secret = await site.desk.log_in(name, password, address_of(request))
    except TooManyTriesError as error:
        response = _form(request, site, next=next, name=name, trouble=f"{error}.".capitalize(), status=429)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    if secret is None:
        return _form(request, site, next=next, name=name, trouble="Name or password is wrong.", status=401)
    response = RedirectResponse(own_path(next), 303)
    cookies.write(request, response, "login", secret, seconds=int(site.doors.logins.times.longest.total_seconds()))
    cookies.clear(request, response, "visit")
    return response


@router.post("/logout")
def log_out(request: Request, site: TheSite, visitor: MaybeVisitor) -> Response:
    if visitor is not None and visitor.via == "login" and visitor.secret is not None:
        site.doors.logins.close(visitor.secret, visitor.actor)
    response = RedirectResponse("/login", 303)
    cookies.clear(request, response, "login")
    return response


@router.get("/password")
def password_form(request: Request, site: TheSite, visitor: Staff) -> Response:
    return site.templates.page(request, "password.html", visitor=visitor, trouble=None)


@router.post("/password")
async def change_password(
    request: Request, site: TheSite, visitor: Staff, password: Text = "", fresh: Text = "", again: Text = ""
) -> Response:
    """Asks for the current password once more, since a screen may have been left alone."""

    def refused(why: str, status: int = 422) -> Response:
        return site.templates.page(request, "password.html", visitor=visitor, trouble=why, status=status)

    if visitor.via != "login":
        return refused("There is no account here, so there is no password.")
    if fresh != again:
        return refused("The new password is not twice the same.")
    try:
        secret = await site.desk.change_password(visitor.name, password, fresh, visitor.actor)
    except TooManyTriesError as error:
        return refused(f"{error}.".capitalize(), 429)
    except WeakPasswordError as error:
        return refused(f"{error}.".capitalize())
    if secret is None:
        return refused("The password in force is another one.", 401)
    response = RedirectResponse("/", 303)
    cookies.write(request, response, "login", secret, seconds=int(site.doors.logins.times.longest.total_seconds()))
    return response


def own_path(asked: str) -> str:
    """Where to go after the login: a path of this server, never another site.

    >>> own_path("/cart/s/c?x=1"), own_path("//evil.example"), own_path("https://evil.example/"), own_path("/\\\\evil")
    ('/cart/s/c?x=1', '/', '/', '/')
    """
    parts = split_address(asked)
    if parts is None:
        return "/"
    plain = asked.isascii() and asked.isprintable() and "\\" not in asked and " " not in asked
    is_own = plain and asked.startswith("/") and not asked.startswith("//") and not parts.scheme and not parts.netloc
    return asked if is_own else "/"


_NO_ACCOUNT: Final = "Nobody has an account yet: run “smartcart admin user create NAME” on the server."


def _form(
    request: Request, site: Site, *, next: str, name: str = "", trouble: str | None = None, status: int = 200
) -> Response:
    if trouble is None and not site.doors.accounts.has_admin():
        trouble = _NO_ACCOUNT
    context = {"next": own_path(next), "name": name[:64], "trouble": trouble}
    return site.templates.page(request, "login.html", status=status, **context)

"""The visitor and their permissions: the dependencies that guard a route.

A route states its permission by the type of a parameter: ``Staff`` (people of the store; machines by a token, whose
scope must be ``write`` for a change) or ``Admin`` (people only). ``MaybeVisitor`` is for the few routes that are open
to everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from smartcart.server.access.accounts import Role
from smartcart.server.access.audit import Actor, Via
from smartcart.server.access.tokens import Scope
from smartcart.server.http import cookies
from smartcart.server.http.form_token import bearer_token
from smartcart.server.site.site import Site, TheSite

_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class SignInNeededError(HTTPException):
    """Nobody is logged in: a page leads to the login, the API returns 401."""

    def __init__(self) -> None:
        super().__init__(401, "sign in, or give an API token", {"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A logged-in visitor; ``secret`` is that of the login or the token, if there is one."""

    name: str
    role: Role
    via: Via
    writes: bool
    address: str | None
    secret: str | None = field(default=None, repr=False)

    @property
    def actor(self) -> Actor:
        """How the audit log names this visitor."""
        return Actor(name=self.name, via=self.via, address=self.address)


def address_of(request: Request) -> str | None:
    """The client's network address; behind a trusted proxy, the one that the proxy reports."""
    return request.client.host if request.client else None


def _visitor(request: Request, site: TheSite) -> Visitor | None:
    address, shown = address_of(request), bearer_token(request)
    if shown is not None:
        token = site.doors.tokens.find(shown)
        if token is None:
            return None
        name, writes = f"token {token.name}", token.scope is Scope.WRITE
        return Visitor(name=name, role=Role.STAFF, via="token", writes=writes, address=address, secret=shown)
    secret = cookies.read(request, "login")
    found = site.doors.logins.find(secret) if secret else None
    if found is not None:
        name, role = found
        return Visitor(name=name, role=role, via="login", writes=True, address=address, secret=secret)
    if site.is_open:
        return Visitor(name="anybody here", role=Role.ADMIN, via="open", writes=True, address=address)
    return None


def still_in(site: Site, visitor: Visitor) -> Callable[[], bool]:
    """Asked by an open page from time to time: whether its visitor's login or token is still valid.

    Keeping such a page open is use, so its login does not expire as idle; its longest time ends it.
    """
    secret = visitor.secret
    if secret is None:
        return lambda: True
    if visitor.via == "token":
        return lambda: site.doors.tokens.find(secret) is not None
    return lambda: site.doors.logins.find(secret) is not None


MaybeVisitor = Annotated[Visitor | None, Depends(_visitor)]


def _staff(request: Request, visitor: MaybeVisitor) -> Visitor:
    if visitor is None:
        raise SignInNeededError()
    if not visitor.writes and request.method not in _SAFE:
        raise HTTPException(403, "this token may only read")
    return visitor


Staff = Annotated[Visitor, Depends(_staff)]


def _admin(visitor: Staff) -> Visitor:
    if visitor.role is not Role.ADMIN or visitor.via == "token":
        raise HTTPException(403, "this is for admins")
    return visitor


Admin = Annotated[Visitor, Depends(_admin)]

FOR_STAFF: Final = Depends(_staff)
"""For a whole router whose routes need not know the visitor."""
FOR_ADMINS: Final = Depends(_admin)

"""``/accounts`` and ``/tokens``: an admin manages people and machines."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from smartcart.server.access.accounts import AccountError, Role
from smartcart.server.access.passwords import WeakPasswordError
from smartcart.server.access.tokens import Scope, TokenError
from smartcart.server.site.permissions import Admin, Visitor
from smartcart.server.site.site import Site, TheSite

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=1024)]


@router.get("/accounts")
def accounts(request: Request, site: TheSite, visitor: Admin) -> Response:
    return _accounts(request, site, visitor)


@router.post("/accounts")
def create(
    request: Request,
    site: TheSite,
    visitor: Admin,
    role: Annotated[Role, Form()],
    name: Text = "",
    password: Text = "",
) -> Response:
    try:
        site.doors.accounts.create(name, role, password, visitor.actor)
    except (AccountError, WeakPasswordError) as error:
        return _accounts(request, site, visitor, str(error), name)
    return RedirectResponse("/accounts", 303)


@router.post("/accounts/{name}/disable")
def disable(request: Request, site: TheSite, visitor: Admin, name: str) -> Response:
    try:
        site.doors.accounts.disable(name, visitor.actor)
    except AccountError as error:
        return _accounts(request, site, visitor, str(error))
    return RedirectResponse("/accounts", 303)


@router.post("/accounts/{name}/enable")
def enable(request: Request, site: TheSite, visitor: Admin, name: str) -> Response:
    try:
        site.doors.accounts.enable(name, visitor.actor)
    except AccountError as error:
        return _accounts(request, site, visitor, str(error))
    return RedirectResponse("/accounts", 303)


@router.post("/accounts/{name}/role")
def change_role(request: Request, site: TheSite, visitor: Admin, name: str, role: Annotated[Role, Form()]) -> Response:
    try:
        site.doors.accounts.set_role(name, role, visitor.actor)
    except AccountError as error:
        return _accounts(request, site, visitor, str(error))
    return RedirectResponse("/accounts", 303)


@router.post("/accounts/{name}/password")
def set_password(request: Request, site: TheSite, visitor: Admin, name: str, password: Text = "") -> Response:
    try:
        site.doors.accounts.set_password(name, password, visitor.actor)
    except (AccountError, WeakPasswordError) as error:
        return _accounts(request, site, visitor, str(error))
    return RedirectResponse("/accounts", 303)


@router.get("/tokens")
def tokens(request: Request, site: TheSite, visitor: Admin) -> Response:
    return _tokens(request, site, visitor)


@router.post("/tokens")
def create_token(
    request: Request,
    site: TheSite,
    visitor: Admin,
    scope: Annotated[Scope, Form()],
    name: Text = "",
    days: Annotated[int | None, Form()] = None,
) -> Response:
    """Shows the secret on the page that answers, and never again."""
    try:
        _, secret = site.doors.tokens.create(name, scope, days, visitor.actor)
    except TokenError as error:
        return _tokens(request, site, visitor, trouble=str(error), name=name)
    return _tokens(request, site, visitor, secret=secret)


@router.post("/tokens/{key}/revoke")
def revoke_token(request: Request, site: TheSite, visitor: Admin, key: str) -> Response:
    try:
        site.doors.tokens.revoke(key, visitor.actor)
    except TokenError as error:
        return _tokens(request, site, visitor, trouble=str(error))
    return RedirectResponse("/tokens", 303)


def _accounts(request: Request, site: Site, visitor: Visitor, trouble: str | None = None, typed: str = "") -> Response:
    everybody = site.doors.accounts.everybody()
    context = {"visitor": visitor, "accounts": everybody, "roles": list(Role), "trouble": trouble, "typed": typed[:64]}
    return site.templates.page(request, "accounts.html", status=422 if trouble else 200, **context)


def _tokens(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    secret: str | None = None,
    trouble: str | None = None,
    name: str = "",
) -> Response:
    now, everything = site.doors.office.now(), site.doors.tokens.everything()
    context = {"visitor": visitor, "tokens": everything, "now": now, "secret": secret, "typed": name[:80]}
    status = 422 if trouble else 200
    return site.templates.page(request, "tokens.html", status=status, trouble=trouble, scopes=list(Scope), **context)

"""``/accounts`` and ``/tokens``: people and machines. For admins who are logged in; tokens have no access."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from smartcart.server.access.accounts import AccountError, Role
from smartcart.server.access.passwords import WeakPasswordError
from smartcart.server.access.tokens import LONGEST_DAYS, Scope, TokenError
from smartcart.server.api.answers import Answer
from smartcart.server.api.errors import refused
from smartcart.server.site.permissions import FOR_ADMINS, Admin
from smartcart.server.site.site import TheSite

router = APIRouter(tags=["accounts"], dependencies=[FOR_ADMINS])

_NOT_TAKEN: Final = refused(409, "The name is taken or invalid, the password is weak, or this is the last admin.")
Password = Annotated[str, Field(max_length=1024)]


class AccountAnswer(Answer):
    """One person's account."""

    name: str
    role: Role
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None


class NewAccount(BaseModel):
    """An account to create."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "anna", "role": "staff", "password": "four words only anna joins"}]}
    )

    name: Annotated[str, Field(max_length=64)]
    role: Role
    password: Password


class AccountChange(BaseModel):
    """Changes to an account; omitted fields stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disabled": True}]})

    role: Role | None = None
    password: Password | None = None
    disabled: bool | None = None


class TokenAnswer(Answer):
    """One API token, without its secret."""

    id: str
    name: str
    scope: Scope
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class NewToken(BaseModel):
    """A token to create; without ``days`` it does not expire."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "till 3", "scope": "read", "days": 365}]})

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scope: Scope
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None


class TokenSecret(BaseModel):
    """A new token with its secret, which is shown only this once."""

    token: TokenAnswer
    secret: str


@router.get("/accounts")
def list_accounts(site: TheSite) -> list[AccountAnswer]:
    """All accounts."""
    return [AccountAnswer.model_validate(account) for account in site.doors.accounts.everybody()]


@router.post("/accounts", status_code=201, responses=_NOT_TAKEN)
def create_account(site: TheSite, visitor: Admin, new: NewAccount) -> AccountAnswer:
    """Creates an account; 409 if the name is taken or the password too weak."""
    try:
        account = site.doors.accounts.create(new.name, new.role, new.password, visitor.actor)
    except (AccountError, WeakPasswordError) as error:
        raise HTTPException(409, str(error)) from None
    return AccountAnswer.model_validate(account)


@router.patch("/accounts/{name}", responses=_NOT_TAKEN | refused(404, "There is no account of this name."))
def change_account(site: TheSite, visitor: Admin, name: str, change: AccountChange) -> AccountAnswer:
    """Changes role, password or whether it is enabled; ends the account's logins."""
    accounts, by = site.doors.accounts, visitor.actor
    try:
        accounts.find(name)
    except AccountError as error:
        raise HTTPException(404, str(error)) from None
    try:
        if change.password is not None:
            accounts.set_password(name, change.password, by)
        if change.role is not None:
            accounts.set_role(name, change.role, by)
        if change.disabled is not None:
            (accounts.disable if change.disabled else accounts.enable)(name, by)
    except (AccountError, WeakPasswordError) as error:
        raise HTTPException(409, str(error)) from None
    return AccountAnswer.model_validate(accounts.find(name))


@router.get("/tokens")
def list_tokens(site: TheSite) -> list[TokenAnswer]:
    """Every token ever created, the newest first."""
    return [TokenAnswer.model_validate(token) for token in site.doors.tokens.everything()]


@router.post("/tokens", status_code=201, responses=_NOT_TAKEN)
def create_token(site: TheSite, visitor: Admin, new: NewToken) -> TokenSecret:
    """Creates a token; its secret is in this answer and nowhere else."""
    try:
        token, secret = site.doors.tokens.create(new.name, new.scope, new.days, visitor.actor)
    except TokenError as error:
        raise HTTPException(409, str(error)) from None
    return TokenSecret(token=TokenAnswer.model_validate(token), secret=secret)


@router.delete("/tokens/{key}", status_code=204, responses=refused(404, "There is no such token."))
def revoke_token(site: TheSite, visitor: Admin, key: str) -> Response:
    """Revokes a token."""
    try:
        site.doors.tokens.revoke(key, visitor.actor)
    except TokenError as error:
        raise HTTPException(404, str(error)) from None
    return Response(status_code=204)

"""API tokens: how a machine signs in. Shown once, kept as a hash, for reading only or for writing too."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import insert, select, update

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.access.secrets import fingerprint, new_id, new_secret
from smartcart.server.database.database import Database
from smartcart.server.database.tables import TOKENS
from smartcart.server.errors import ServerError

PREFIX: Final = "smartcart"
LONGEST_DAYS: Final = 3650
_NOTED_EVERY: Final = timedelta(minutes=5)
_SHOWN: Final = [column for column in TOKENS.c if column.name != "secret_hash"]


class Scope(StrEnum):
    """A token's scope; writing includes reading. No token gives access to accounts, tokens or the audit log."""

    READ = "read"
    WRITE = "write"


class TokenError(ServerError):
    """A token cannot be made or revoked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The record of a token, without its secret."""

    id: str
    name: str
    scope: Scope
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class ApiTokens:
    """Creates, finds and revokes tokens."""

    def __init__(self, office: Database, audit: AuditLog) -> None:
        self._office = office
        self._audit = audit

    def create(self, name: str, scope: Scope, days: int | None, by: Actor) -> tuple[Token, str]:
        """A new token and its secret, which cannot be read again; with ``days`` None it never expires.

        Raises:
            TokenError: it has no name, or an invalid lifetime.
        """
        name = name.strip()
        if not 1 <= len(name) <= 80 or not name.isprintable():
            raise TokenError("a token has a name of 1 to 80 characters, which says what it is for")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise TokenError(f"a token lasts 1 to {LONGEST_DAYS} days, or never expires")
        key, secret, now = new_id(), new_secret(), self._office.now()
        token = Token(
            id=key,
            name=name,
            scope=scope,
            created_by=by.name,
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
            revoked_at=None,
            used_at=None,
        )
        values = {column.name: getattr(token, column.name) for column in _SHOWN}
        with self._office.writing() as connection:
            connection.execute(insert(TOKENS), values | {"secret_hash": fingerprint(secret)})
            self._audit.write(connection, by, "token created", key, name=name, scope=scope, days=days)
        return token, f"{PREFIX}_{key}_{secret}"

    def everything(self) -> list[Token]:
        """All tokens ever created, the newest first."""
        with self._office.reading() as connection:
            rows = connection.execute(select(*_SHOWN).order_by(TOKENS.c.created_at.desc(), TOKENS.c.id)).mappings()
            return [_token(row) for row in rows]

    def find(self, shown: str) -> Token | None:
        """The token with this secret; None if it is wrong, expired or revoked."""
        prefix, _, rest = shown.partition("_")
        key, _, secret = rest.partition("_")
        if prefix != PREFIX or not key or not secret:
            return None
        with self._office.reading() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.id == key)).mappings().one_or_none()
        if row is None or not hmac.compare_digest(row["secret_hash"], fingerprint(secret)):
            return None
        token, now = _token(row), self._office.now()
        if token.revoked_at or (token.expires_at and token.expires_at <= now):
            return None
        if token.used_at is None or now - token.used_at > _NOTED_EVERY:
            with self._office.writing() as connection:
                connection.execute(update(TOKENS).where(TOKENS.c.id == key).values(used_at=now))
        return token

    def revoke(self, key: str, by: Actor) -> None:
        """Revokes a token.

        Raises:
            TokenError: there is no valid token of this id.
        """
        with self._office.writing() as connection:
            query = update(TOKENS).where(TOKENS.c.id == key, TOKENS.c.revoked_at.is_(None))
            if not connection.execute(query.values(revoked_at=self._office.now())).rowcount:
                raise TokenError(f"there is no valid token {key[:20]!r}")
            self._audit.write(connection, by, "token revoked", key)


def _token(row: Any) -> Token:
    values = {column.name: row[column.name] for column in _SHOWN}
    return Token(**(values | {"scope": Scope(values["scope"])}))

"""Logins: kept on the server, so that they can be ended there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update

from smartcart.server.access.accounts import Account, Role
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.access.secrets import fingerprint, new_secret
from smartcart.server.database.database import Database
from smartcart.server.database.tables import ACCOUNTS, LOGINS

_NOTED_EVERY: Final = 0.05  # of the idle time: use is not recorded at every request


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTimes:
    """How long a login lasts: since its last use, and since its start in any case."""

    idle: timedelta = timedelta(hours=1)
    longest: timedelta = timedelta(hours=12)


class Logins:
    """Opens, finds and ends logins. The secret is handed out; only its hash is kept."""

    def __init__(self, office: Database, audit: AuditLog, times: LoginTimes | None = None) -> None:
        self._office = office
        self._audit = audit
        self.times = times or LoginTimes()

    def open(self, account: Account, by: Actor) -> str:
        """Opens a login, always with a new secret; deletes expired ones."""
        secret, now = new_secret(), self._office.now()
        over = (LOGINS.c.seen_at < now - self.times.idle) | (LOGINS.c.created_at < now - self.times.longest)
        with self._office.writing() as connection:
            connection.execute(delete(LOGINS).where(over))
            connection.execute(
                insert(LOGINS),
                {"secret_hash": fingerprint(secret), "account": account.name, "created_at": now, "seen_at": now},
            )
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == account.name).values(last_login_at=now))
            self._audit.write(connection, by, "logged in", account.name)
        return secret

    def find(self, secret: str) -> tuple[str, Role] | None:
        """The name and role that a secret gives access to; None if it has expired, was ended or never existed."""
        key, now = fingerprint(secret), self._office.now()
        query = (
            select(ACCOUNTS.c.name, ACCOUNTS.c.role, LOGINS.c.seen_at)
            .join(ACCOUNTS, LOGINS.c.account == ACCOUNTS.c.name)
            .where(
                LOGINS.c.secret_hash == key,
                LOGINS.c.seen_at >= now - self.times.idle,
                LOGINS.c.created_at >= now - self.times.longest,
                ACCOUNTS.c.disabled_at.is_(None),
            )
        )
        with self._office.reading() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            return None
        if now - found.seen_at > self.times.idle * _NOTED_EVERY:
            with self._office.writing() as connection:
                connection.execute(update(LOGINS).where(LOGINS.c.secret_hash == key).values(seen_at=now))
        return found.name, Role(found.role)

    def close(self, secret: str, by: Actor) -> None:
        """Ends a login at its owner's request."""
        with self._office.writing() as connection:
            ended = connection.execute(delete(LOGINS).where(LOGINS.c.secret_hash == fingerprint(secret)))
            if ended.rowcount:
                self._audit.write(connection, by, "logged out", by.name)

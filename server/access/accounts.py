"""Accounts of the people who work with the server."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.access.passwords import hash_password, matches
from smartcart.server.database.database import Database
from smartcart.server.database.tables import ACCOUNTS, LOGINS
from smartcart.server.errors import ServerError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_SHOWN: Final = [column for column in ACCOUNTS.c if column.name != "password_hash"]


class Role(StrEnum):
    """A person's role: staff work with carts; admins also with accounts, tokens and the audit log."""

    STAFF = "staff"
    ADMIN = "admin"


class AccountError(ServerError):
    """An account cannot be made or changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's account."""

    name: str
    role: Role
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None


class Accounts:
    """Creates, changes and checks accounts; every change ends the account's logins and is written to the audit log."""

    def __init__(self, office: Database, audit: AuditLog) -> None:
        self._office = office
        self._audit = audit

    def create(self, name: str, role: Role, password: str, by: Actor) -> Account:
        """New account.

        Raises:
            AccountError: the name is taken or invalid.
            WeakPasswordError: see ``hash_password``.
        """
        name = account_name(name)
        if not _can_be(name):
            raise AccountError("an account's name has 1 to 64 letters, digits, '.', '_', '-' or '@'")
        hashed, now = hash_password(password, name), self._office.now()
        values = {"name": name, "role": role, "password_hash": hashed, "created_at": now, "changed_at": now}
        try:
            with self._office.writing() as connection:
                connection.execute(insert(ACCOUNTS), values)
                self._audit.write(connection, by, "account created", name, role=role)
        except IntegrityError:
            raise AccountError(f"account {name} already exists") from None
        return self.find(name)

    def everybody(self) -> list[Account]:
        """All accounts, in the order of their names."""
        with self._office.reading() as connection:
            return [_account(row) for row in connection.execute(select(*_SHOWN).order_by(ACCOUNTS.c.name)).mappings()]

    def find(self, name: str) -> Account:
        """Returns one account.

        Raises:
            AccountError: there is no account of this name.
        """
        with self._office.reading() as connection:
            return self._find(connection, account_name(name))

    def has_admin(self) -> bool:
        """True if there is an admin who is not disabled."""
        with self._office.reading() as connection:
            return _working_admins(connection) > 0

    def check(self, name: str, password: str) -> Account | None:
        """The account that name and password open. A wrong one of either gives None, after the same time."""
        name = account_name(name)
        with self._office.reading() as connection:
            query = select(ACCOUNTS).where(ACCOUNTS.c.name == (name if _can_be(name) else ""))
            row = connection.execute(query).mappings().one_or_none()
        good = matches(password, row["password_hash"] if row else None)
        return _account(row) if row and good and row["disabled_at"] is None else None

    def set_password(self, name: str, password: str, by: Actor) -> None:
        """Changes an account's password and ends its logins.

        Raises:
            AccountError: there is no such account.
            WeakPasswordError: see ``hash_password``.
        """
        name = account_name(name)
        self._change(name, by, "password changed", password_hash=hash_password(password, name))

    def set_role(self, name: str, role: Role, by: Actor) -> None:
        """Gives an account a role, and ends its logins.

        Raises:
            AccountError: there is no such account, or no admin would remain.
        """
        self._change(account_name(name), by, "role changed", {"role": role}, role=role)

    def disable(self, name: str, by: Actor) -> None:
        """Disables an account; it is kept, since the audit log names it.

        Raises:
            AccountError: there is no such account, or no admin would remain.
        """
        self._change(account_name(name), by, "account disabled", disabled_at=self._office.now())

    def enable(self, name: str, by: Actor) -> None:
        """Enables a disabled account again.

        Raises:
            AccountError: there is no such account.
        """
        self._change(account_name(name), by, "account enabled", disabled_at=None)

    def _change(self, name: str, by: Actor, action: str, detail: dict[str, Any] | None = None, **values: Any) -> None:
        with self._office.writing() as connection:
            self._find(connection, name)
            had_admin = _working_admins(connection) > 0
            values["changed_at"] = self._office.now()
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(values))
            connection.execute(delete(LOGINS).where(LOGINS.c.account == name))
            if had_admin and not _working_admins(connection):
                raise AccountError(f"{name} is the last admin: create another one first")
            self._audit.write(connection, by, action, name, **(detail or {}))

    def _find(self, connection: Connection, name: str) -> Account:
        query = select(*_SHOWN).where(ACCOUNTS.c.name == (name if _can_be(name) else ""))
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise AccountError(f"there is no account {name[:64]!r}")
        return _account(row)


def account_name(typed: str) -> str:
    """A name in its stored form: however it is typed, it means the same account."""
    return typed.strip().lower()


def _can_be(name: str) -> bool:
    """True if it is valid as an account's name; otherwise the database need not be asked."""
    return _NAME.fullmatch(name) is not None


def _working_admins(connection: Connection) -> int:
    # locked, so that two admins cannot disable each other at the same time
    query = select(ACCOUNTS.c.name).where(ACCOUNTS.c.role == Role.ADMIN, ACCOUNTS.c.disabled_at.is_(None))
    return len(connection.execute(query.with_for_update()).all())


def _account(row: Any) -> Account:
    values = {column.name: row[column.name] for column in _SHOWN}
    return Account(**(values | {"role": Role(values["role"])}))

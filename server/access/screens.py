"""Cart screens: a tablet on a cart is paired once by a code, and then shows that cart alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, select

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.access.secrets import fingerprint, new_code, new_id, new_secret
from smartcart.server.database.database import Database
from smartcart.server.database.tables import PAIRING_CODES, SCREENS
from smartcart.server.errors import ServerError

CODE_LIFE: Final = timedelta(minutes=10)
SCREEN_LIFE: Final = timedelta(days=365)
_SHOWN: Final = [column for column in SCREENS.c if column.name != "secret_hash"]


class ScreenError(ServerError):
    """There is no such screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A paired screen."""

    id: str
    store: str
    cart: str
    paired_by: str
    paired_at: datetime
    expires_at: datetime


class Screens:
    """Issues codes, pairs, finds and removes screens."""

    def __init__(self, office: Database, audit: AuditLog) -> None:
        self._office = office
        self._audit = audit

    def code(self, store: str, cart: str, by: Actor) -> str:
        """Returns a code that pairs one screen with this cart within ten minutes; expired codes are deleted."""
        code, now = new_code(), self._office.now()
        with self._office.writing() as connection:
            connection.execute(delete(PAIRING_CODES).where(PAIRING_CODES.c.expires_at <= now))
            connection.execute(
                insert(PAIRING_CODES),
                {
                    "code_hash": _code_hash(store, cart, code),
                    "store": store,
                    "cart": cart,
                    "created_by": by.name,
                    "expires_at": now + CODE_LIFE,
                },
            )
            self._audit.write(connection, by, "pairing code given", f"{store}/{cart}")
        return code

    def pair(self, store: str, cart: str, typed: str, by: Actor) -> str | None:
        """Uses up a code and returns the screen's secret; None if it is wrong, used, expired or another cart's."""
        code = "".join(letter for letter in typed.upper() if letter.isalnum())
        key, now, secret = _code_hash(store, cart, code), self._office.now(), new_secret()
        with self._office.writing() as connection:
            query = delete(PAIRING_CODES).where(PAIRING_CODES.c.code_hash == key, PAIRING_CODES.c.expires_at > now)
            used = connection.execute(query.returning(PAIRING_CODES.c.created_by)).one_or_none()
            if used is None:
                return None
            screen = Screen(
                id=new_id(),
                store=store,
                cart=cart,
                paired_by=used.created_by,
                paired_at=now,
                expires_at=now + SCREEN_LIFE,
            )
            values = {column.name: getattr(screen, column.name) for column in _SHOWN}
            connection.execute(delete(SCREENS).where(SCREENS.c.expires_at <= now))
            connection.execute(insert(SCREENS), values | {"secret_hash": fingerprint(secret)})
            self._audit.write(connection, by, "screen paired", f"{store}/{cart}", screen=screen.id)
        return secret

    def find(self, secret: str, store: str, cart: str) -> Screen | None:
        """The screen of this secret, if it is paired with this cart."""
        query = select(*_SHOWN).where(
            SCREENS.c.secret_hash == fingerprint(secret),
            SCREENS.c.store == store,
            SCREENS.c.cart == cart,
            SCREENS.c.expires_at > self._office.now(),
        )
        with self._office.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _screen(row) if row else None

    def unpaired(self, store: str, cart: str) -> Screen:
        """An unrecorded screen: that of a demo, which needs no pairing."""
        now = self._office.now()
        return Screen(id="", store=store, cart=cart, paired_by="", paired_at=now, expires_at=now + SCREEN_LIFE)

    def everything(self) -> list[Screen]:
        """All paired screens, in the order of their carts."""
        query = select(*_SHOWN).where(SCREENS.c.expires_at > self._office.now())
        with self._office.reading() as connection:
            rows = connection.execute(query.order_by(SCREENS.c.store, SCREENS.c.cart, SCREENS.c.paired_at)).mappings()
            return [_screen(row) for row in rows]

    def remove(self, key: str, by: Actor) -> None:
        """Ends a pairing; the screen asks for a code again.

        Raises:
            ScreenError: there is no screen of this id.
        """
        with self._office.writing() as connection:
            query = delete(SCREENS).where(SCREENS.c.id == key).returning(SCREENS.c.store, SCREENS.c.cart)
            removed = connection.execute(query).one_or_none()
            if removed is None:
                raise ScreenError(f"there is no screen {key[:20]!r}")
            self._audit.write(connection, by, "screen removed", f"{removed.store}/{removed.cart}", screen=key)


def _code_hash(store: str, cart: str, code: str) -> str:
    return fingerprint(f"{store}/{cart}/{code}")


def _screen(row: Any) -> Screen:
    return Screen(**dict(row))

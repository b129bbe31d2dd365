"""Shoppers who ask for help: kept beside the ledger, so that a restart or another server knows of them.

A call waits until somebody goes there, and is over when that person says so, or with its session.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.commands import CartKey
from smartcart.server.database.database import Database
from smartcart.server.database.tables import CALLS

REASONS: Final = {
    "find": "looking for something",
    "basket": "the basket is wrong",
    "pay": "paying",
    "other": "something else",
}
"""What help may be called for, as staff read it."""
_LEAST: Final = timedelta(seconds=10)
"""How old a call is before another server's word that its session is over ends it: that server may lag behind."""
_SERVER: Final = Actor(name="smartcart", via="command")

IsOver = Callable[[CartKey, str | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpCall:
    """One call; ``session`` is the cart's session then, ``reason`` a key of ``REASONS``, ``taken_by`` who goes there.

    ``session`` is None where none was open, ``reason`` where none was given, ``taken_by`` while nobody has said so.
    """

    since: datetime
    session: str | None = None
    reason: str | None = None
    taken_by: str | None = None


class HelpRequests:
    """The carts whose help button was pressed. Safe to use from several threads.

    Requests made at this server are known here at once, those made at another with the next ``refresh``.

    Args:
        on_change: called with a cart whose call is another.
        is_over: whether the trip of a call is over, by its cart and session.
    """

    def __init__(
        self,
        office: Database,
        audit: AuditLog,
        on_change: Callable[[CartKey], None] = lambda _: None,
        is_over: IsOver = lambda _, __: False,
    ) -> None:
        """Reads the open requests.

        Raises:
            DatabaseError: the tables cannot be read.
        """
        self._office = office
        self._audit = audit
        self._on_change = on_change
        self._is_over = is_over
        self._lock = threading.Lock()
        self._open = self._read()

    def of(self, cart: CartKey) -> HelpCall | None:
        """A cart's call; None where nobody called, or the trip on which somebody did is over."""
        call = self._open.get(cart)
        return None if call is None or self._is_over(cart, call.session) else call

    def waiting(self) -> int:
        """How many shoppers wait to whom nobody is on the way."""
        calls = [self.of(cart) for cart in list(self._open)]
        return sum(call is not None and call.taken_by is None for call in calls)

    def call(self, cart: CartKey, by: Actor, session: str | None = None, reason: str | None = None) -> bool:
        """Takes a call in; False where there is one already, which gets the reason that it lacked.

        The call of a trip that is over makes room.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        store, name = cart
        if cart in self._open and self.of(cart) is None:
            self._remove(cart, _SERVER, "help ended")
        row = {"store": store, "cart": name, "since": self._office.now(), "session": session, "reason": reason}
        try:
            with self._office.writing() as connection:
                connection.execute(insert(CALLS), row)
                detail = {"reason": reason} if reason else {}
                self._audit.write(connection, by, "help called", f"{store}/{name}", **detail)
        except IntegrityError:
            self._give_reason(cart, reason)
            return False
        self.refresh()
        return True

    def _give_reason(self, cart: CartKey, reason: str | None) -> None:
        """A call may come first, and what it is about after it."""
        here = (CALLS.c.store == cart[0], CALLS.c.cart == cart[1], CALLS.c.reason.is_(None))
        if reason is not None:
            with self._office.writing() as connection:
                connection.execute(update(CALLS).where(*here).values(reason=reason))
            self.refresh()

    def take(self, cart: CartKey, by: Actor) -> bool:
        """Somebody goes there; False where nobody called, or somebody is on the way.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        store, name = cart
        here = (CALLS.c.store == store, CALLS.c.cart == name, CALLS.c.taken_by.is_(None))
        with self._office.writing() as connection:
            found = connection.execute(update(CALLS).where(*here).values(taken_by=_named(by))).rowcount
            if found:
                self._audit.write(connection, by, "help answered", f"{store}/{name}")
        self.refresh()
        return bool(found)

    def finish(self, cart: CartKey, by: Actor) -> bool:
        """The shopper was helped; False where there is no call.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        found = self._remove(cart, by, "help given")
        self.refresh()
        return found

    def refresh(self) -> None:
        """Reads the open calls again, whoever has called or answered; those of trips that are over are ended.

        Raises:
            DatabaseError: the tables cannot be read; the known requests stay.
        """
        with self._lock:
            before, self._open = self._open, self._read()
            changed = before.items() ^ self._open.items()
        for cart in {cart for cart, _ in changed}:
            self._on_change(cart)
        old = self._office.now() - _LEAST
        for cart, call in list(self._open.items()):
            if call.since <= old and self._is_over(cart, call.session):
                self._remove(cart, _SERVER, "help ended")

    def _remove(self, cart: CartKey, by: Actor, word: str) -> bool:
        store, name = cart
        with self._office.writing() as connection:
            found = connection.execute(delete(CALLS).where(CALLS.c.store == store, CALLS.c.cart == name)).rowcount
            if found:
                self._audit.write(connection, by, word, f"{store}/{name}")
        return bool(found)

    def _read(self) -> dict[CartKey, HelpCall]:
        with self._office.reading() as connection:
            return {
                (row.store, row.cart): HelpCall(
                    since=row.since, session=row.session, reason=row.reason, taken_by=row.taken_by
                )
                for row in connection.execute(select(CALLS))
            }


def _named(by: Actor) -> str:
    """Who comes, as the shopper reads it; nobody knows the name where all may press."""
    return by.name if by.via == "login" else "Somebody"

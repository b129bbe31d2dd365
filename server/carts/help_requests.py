"""Shoppers' requests for help: kept beside the ledger, so that a restart or another server knows them."""

import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.commands import CartKey
from smartcart.server.database.database import Database
from smartcart.server.database.tables import CALLS


class HelpRequests:
    """The carts whose help button was pressed and not yet answered. Safe to use from several threads.

    Requests made at this server are known here at once, those made at another with the next ``refresh``.

    Args:
        on_change: called with a cart that asked for help or was answered.
    """

    def __init__(
        self, office: Database, audit: AuditLog, on_change: Callable[[CartKey], None] = lambda _: None
    ) -> None:
        """Reads the open requests.

        Raises:
            DatabaseError: the tables cannot be read.
        """
        self._office = office
        self._audit = audit
        self._on_change = on_change
        self._lock = threading.Lock()
        self._open = self._read()

    def since(self, cart: CartKey) -> datetime | None:
        """When help was requested; None if it was not."""
        return self._open.get(cart)

    def call(self, cart: CartKey, by: Actor) -> bool:
        """Records a request; False if there is one already.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        store, name = cart
        try:
            with self._office.writing() as connection:
                connection.execute(insert(CALLS), {"store": store, "cart": name, "since": self._office.now()})
                self._audit.write(connection, by, "help called", f"{store}/{name}")
        except IntegrityError:
            return False
        self.refresh()
        return True

    def answer(self, cart: CartKey, by: Actor) -> bool:
        """Answers a request; False if there is none.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        store, name = cart
        with self._office.writing() as connection:
            found = connection.execute(delete(CALLS).where(CALLS.c.store == store, CALLS.c.cart == name)).rowcount
            if found:
                self._audit.write(connection, by, "help answered", f"{store}/{name}")
        self.refresh()
        return bool(found)

    def refresh(self) -> None:
        """Reads the open requests again, to see changes by other servers.

        Raises:
            DatabaseError: the tables cannot be read; the known requests stay.
        """
        with self._lock:
            before, self._open = self._open, self._read()
            changed = before.items() ^ self._open.items()
        for cart in {cart for cart, _ in changed}:
            self._on_change(cart)

    def _read(self) -> dict[CartKey, datetime]:
        with self._office.reading() as connection:
            return {(row.store, row.cart): row.since for row in connection.execute(select(CALLS))}

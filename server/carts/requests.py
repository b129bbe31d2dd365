"""Staff's requests to carts to start or end a session: kept beside the ledger until a cart has done it.

After a restart, or at another server, requests are therefore repeated. Whether a cart has done it is read from its
newest session, not from the event that reports it, which may have come unobserved.
"""

import threading

from sqlalchemy import delete, select

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import Action, CartKey, Commands, Request
from smartcart.server.database.database import Database, inserting
from smartcart.server.database.tables import REQUESTS


class CartRequests:
    """Each cart's last request. Safe to use from several threads; open ones go to ``commands``."""

    def __init__(self, office: Database, audit: AuditLog, carts: Carts, commands: Commands) -> None:
        """Reads the open requests.

        Raises:
            DatabaseError: the tables cannot be read or written.
        """
        self._office = office
        self._audit = audit
        self._carts = carts
        self._commands = commands
        self._lock = threading.Lock()
        self.refresh()

    def ask(self, cart: CartKey, action: Action, newest: str | None, by: Actor) -> None:
        """Asks a cart, whose newest session is ``newest``, to end that or to start one; the last request counts.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        store, name = cart
        asked = {"action": action, "session": newest, "asked_at": self._office.now()}
        with self._office.writing() as connection:
            query = inserting(connection, REQUESTS).values(store=store, cart=name, **asked)
            connection.execute(query.on_conflict_do_update(index_elements=[*REQUESTS.primary_key], set_=asked))
            self._audit.write(connection, by, f"session {action} asked", f"{store}/{name}")
        self.refresh()

    def refresh(self) -> None:
        """Reads the requests again, to see changes by other servers, and drops those that are done.

        Raises:
            DatabaseError: the tables cannot be read or written; the known requests stay.
        """
        with self._lock:
            found = self._read()
            views = {cart: self._carts.view(cart) for cart in found}
            done = {cart: request for cart, request in found.items() if _is_done(request, views[cart])}
            if done:
                self._drop(done)
            changed = self._commands.follow({cart: found[cart] for cart in found.keys() - done.keys()})
        if changed:
            self._carts.touch(*changed)

    def _read(self) -> dict[CartKey, Request]:
        with self._office.reading() as connection:
            rows = connection.execute(select(REQUESTS))
            return {(row.store, row.cart): Request(action=row.action, newest=row.session) for row in rows}

    def _drop(self, done: dict[CartKey, Request]) -> None:
        """Drops these requests only, and none that somebody has made for the same cart meanwhile."""
        with self._office.writing() as connection:
            for (store, name), request in done.items():
                same = REQUESTS.c.session.is_not_distinct_from(request.newest) & (REQUESTS.c.action == request.action)
                connection.execute(delete(REQUESTS).where(REQUESTS.c.store == store, REQUESTS.c.cart == name, same))


def _is_done(request: Request, view: CartView | None) -> bool:
    """A cart not known here, for example after a restart, has done nothing yet."""
    if view is None:
        return False
    newest = view.basket.session if view.basket else None
    ended = view.basket is not None and view.basket.state == "ended"
    return newest != request.newest or (request.action == "end" and ended)

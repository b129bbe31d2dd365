"""Limits on what one cart may leave in an SQL ledger: no cart, however broken or hostile, can fill it.

Every function is called inside a writer's transaction; queries have ``?`` for values. Two servers that write at the
same moment may each grant the rest once, so a limit holds up to one batch.
"""

from collections.abc import Iterable

from smartcart.server.basket.records import SessionKey
from smartcart.server.ledger.port import CART_FAULTS, CART_LETTERS, SESSIONS_A_DAY
from smartcart.server.ledger.rows import OF_SESSION, columns_of, key_of
from smartcart.server.ledger.sql_records import Ask
from smartcart.server.runtime.clock import day_before


def may_begin(ask: Ask, key: SessionKey, now: str, beside: int = 0) -> bool:
    """True if a cart may begin a session ``now`` (RFC 3339, UTC); ``beside`` are others that it is about to begin."""
    if beside >= SESSIONS_A_DAY:
        return False
    nth = ask(
        "SELECT store, cart, session FROM sessions WHERE store = ? AND cart = ? "
        "ORDER BY position DESC LIMIT 1 OFFSET ?",
        (key.store, key.cart, SESSIONS_A_DAY - 1 - beside),
    )
    if not nth:
        return True
    began = _began(ask, key_of(nth[0]))
    return began is None or began <= day_before(now)


def room(ask: Ask, key: SessionKey) -> int:
    """How many more refused events of a session's cart are kept in their places."""
    query = "SELECT count(*) FROM dead_letters WHERE store = ? AND cart = ? AND session IS NOT NULL"
    return CART_FAULTS - int(ask(query, (key.store, key.cart))[0][0])


def trim(ask: Ask, carts: Iterable[tuple[str | None, str | None]]) -> None:
    """Deletes the oldest letters of no session of these carts, as far as there are too many."""
    for store, cart in carts:
        of_cart = "session IS NULL AND store = ? AND cart = ?"
        ask(
            f"DELETE FROM dead_letters WHERE {of_cart} AND position NOT IN "
            f"(SELECT position FROM dead_letters WHERE {of_cart} ORDER BY received_at DESC, position DESC LIMIT ?)",
            (store, cart, store, cart, CART_LETTERS),
        )


def _began(ask: Ask, key: SessionKey) -> str | None:
    """When the first of a session came; None if nothing is kept of it, because it was erased."""
    rows = ask(
        f"SELECT min(time) FROM (SELECT stored_at AS time FROM events WHERE {OF_SESSION} "
        f"UNION ALL SELECT received_at FROM dead_letters WHERE {OF_SESSION}) AS times",
        columns_of(key) * 2,
    )
    began: str | None = rows[0][0]
    return began

"""What the server has asked of carts, repeated until the matching event arrives."""

import threading
from dataclasses import dataclass, field
from typing import Final, Literal

from smartcart.edge.events import Command, Event, EventType

REPEAT_SECONDS: Final = 2.0

Action = Literal["start", "end"]
CartKey = tuple[str, str]


@dataclass(slots=True)
class _Asked:
    command: Command
    due: float = 0.0


@dataclass(slots=True)
class Commands:
    """The open requests, one a cart; the last one asked counts."""

    _asked: dict[CartKey, _Asked] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, cart: CartKey, action: Action, session: str | None) -> None:
        """Asks a cart to end ``session``, or to start one; a started session gets its id from the cart."""
        command = Command(action="start_session" if action == "start" else "end_session", session=session)
        with self._lock:
            self._asked[cart] = _Asked(command)

    def asked(self, cart: CartKey) -> Action | None:
        """What this cart has been asked and has not done yet."""
        with self._lock:
            asked = self._asked.get(cart)
        if asked is None:
            return None
        return "start" if asked.command.action == "start_session" else "end"

    def due(self, now: float) -> list[tuple[CartKey, Command]]:
        """What is to be sent at this time (in seconds of any steady clock), for the first time or again."""
        with self._lock:
            due = [(cart, asked) for cart, asked in self._asked.items() if asked.due <= now]
            for _, asked in due:
                asked.due = now + REPEAT_SECONDS
        return [(cart, asked.command) for cart, asked in due]

    def settle(self, event: Event) -> None:
        """Drops the request that a newly stored event answers."""
        cart = (event.store, event.cart)
        with self._lock:
            asked = self._asked.get(cart)
            if asked is not None and _answers(event, asked.command):
                del self._asked[cart]


def _answers(event: Event, command: Command) -> bool:
    """A session that began answers both: one ends before the next begins."""
    if event.type is EventType.SESSION_STARTED:
        return command.action == "start_session" or event.session != command.session
    return (
        event.type is EventType.SESSION_ENDED
        and command.action == "end_session"
        and command.session in (None, event.session)
    )

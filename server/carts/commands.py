"""Requests to carts, repeated until the matching event arrives, and corrections shown to them once."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from smartcart.edge.contract.events import MAX_CORRECTIONS, Command, Correction, Event, EventType

REPEAT_SECONDS: Final = 2.0

Action = Literal["start", "end"]
CartKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to a cart whose newest session is ``newest``: to end that, or to start another."""

    action: Action
    newest: str | None

    def command(self) -> Command:
        """The command for the cart; a session that it starts gets its id from the cart."""
        if self.action == "start":
            return Command(action="start_session")
        return Command(action="end_session", session=self.newest)


@dataclass(slots=True)
class _Asked:
    command: Command
    due: float = 0.0


@dataclass(slots=True)
class Commands:
    """Each cart's open requests: the last by a person, and the end of a session that is closed."""

    _asked: dict[CartKey, _Asked] = field(default_factory=dict)
    _closed: dict[CartKey, _Asked] = field(default_factory=dict)
    _shown: dict[CartKey, Command] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, requests: Mapping[CartKey, Request]) -> set[CartKey]:
        """Sets all current requests by people; returns the carts whose request changed."""
        commands = {cart: request.command() for cart, request in requests.items()}
        with self._lock:
            gone = self._asked.keys() - commands.keys()
            for cart in gone:
                del self._asked[cart]
            known = {cart: asked.command for cart, asked in self._asked.items()}
            new = {cart: command for cart, command in commands.items() if known.get(cart) != command}
            self._asked |= {cart: _Asked(command) for cart, command in new.items()}
        return gone | new.keys()

    def ask_end_of_closed(self, cart: CartKey, session: str) -> None:
        """Asks a cart to end a session that the server has already closed, regardless of other requests."""
        command = Command(action="end_session", session=session)
        with self._lock:
            asked = self._closed.get(cart)
            if asked is None or asked.command != command:
                self._closed[cart] = _Asked(command)

    def show(self, cart: CartKey, session: str, corrections: Sequence[Correction]) -> None:
        """Shows a session's newest corrections on the cart, once; their authors are not sent."""
        shown = tuple(replace(correction, by=None) for correction in corrections[-MAX_CORRECTIONS:])
        with self._lock:
            self._shown[cart] = Command(action="show_corrections", session=session, corrections=shown)

    def asked(self, cart: CartKey) -> Action | None:
        """A cart's open request."""
        with self._lock:
            asked = self._asked.get(cart) or self._closed.get(cart)
        if asked is None:
            return None
        return "start" if asked.command.action == "start_session" else "end"

    def due(self, now: float) -> list[tuple[CartKey, Command]]:
        """The commands to send at this time (in seconds of any monotonic clock), first or repeated ones."""
        with self._lock:
            requests = [*self._closed.items(), *self._asked.items()]
            due = [(cart, asked) for cart, asked in requests if asked.due <= now]
            for _, asked in due:
                asked.due = now + REPEAT_SECONDS
            shown, self._shown = self._shown, {}
        return [*((cart, asked.command) for cart, asked in due), *shown.items()]

    def settle(self, event: Event) -> None:
        """Drops the requests that a newly stored event answers."""
        cart = (event.store, event.cart)
        with self._lock:
            for requests in (self._asked, self._closed):
                asked = requests.get(cart)
                if asked is not None and _answers(event, asked.command):
                    del requests[cart]

    def forget(self, cart: CartKey) -> None:
        """Drops everything of a cart."""
        with self._lock:
            for requests in (self._asked, self._closed, self._shown):
                requests.pop(cart, None)


def _answers(event: Event, command: Command) -> bool:
    """A new session answers both: one ends before the next begins."""
    if event.type is EventType.SESSION_STARTED:
        return command.action == "start_session" or event.session != command.session
    return (
        event.type is EventType.SESSION_ENDED
        and command.action == "end_session"
        and command.session in (None, event.session)
    )

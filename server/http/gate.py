"""The gate: how many connections may be open, from one address and in all, and how long one may say nothing.

uvicorn bounds requests and keep-alive, not what has not sent a request yet. So connections are counted where they are
accepted, before any handshake. Where there are too many, the one that has waited longest without a whole request makes
room: who sends one at once always gets in. All of it happens in the event loop's thread (not with Windows' own loop,
which accepts by itself).
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Collection
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 60.0
MOST_OF_ONE: Final = 256
MOST: Final = 768
"""In all; paho's ``select`` knows no file above 1023, and the broker's connection may come after all of these."""
_SPARE: Final = 0.75
"""Which part of the files that the process may open connections may take; the rest is for the ledger and the broker."""

Peer = tuple[str, int]

log = logging.getLogger(__name__)


class Gate:
    """Who is in, and who has not said yet what for.

    Args:
        unbounded: addresses that may have as many connections as there are in all, as of a proxy.
    """

    def __init__(self, *, most: int, most_of_one: int, unbounded: Collection[str] = ()) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._unbounded = frozenset(unbounded)
        self._open: dict[Peer, socket.socket] = {}
        self._of: Counter[str] = Counter()
        self._silent: dict[Peer, asyncio.TimerHandle] = {}

    def is_full(self) -> bool:
        """Whether nobody can be taken now; then one that has not said anything yet is put out, if there is one."""
        if len(self._open) < self._most:
            return False
        return self._make_room("all addresses together", next(iter(self._silent), None))

    def enter(self, peer: Peer, connection: socket.socket) -> bool:
        """Whether it may come in; if so, it has ``HEAD_SECONDS`` for its request's head."""
        host = peer[0]
        if len(self._open) >= self._most:
            return False
        if host not in self._unbounded and self._of[host] >= self._most_of_one:
            longest = next((silent for silent in self._silent if silent[0] == host), None)
            if not self._make_room(host, longest):
                return False
        self._open[peer] = connection
        self._of[host] += 1
        self.waits(peer, HEAD_SECONDS)
        return True

    def waits(self, peer: Peer, seconds: float) -> None:
        """It has so long to send the rest of its request."""
        self.spoke(peer)
        if peer in self._open:
            self._silent[peer] = asyncio.get_running_loop().call_later(seconds, self._put_out, peer)

    def is_silent(self, peer: Peer) -> bool:
        """Whether its time is running."""
        return peer in self._silent

    def spoke(self, peer: Peer) -> None:
        """It has said all that is needed."""
        timer = self._silent.pop(peer, None)
        if timer:
            timer.cancel()

    def leave(self, peer: Peer) -> None:
        """It is closed; told twice is once."""
        self.spoke(peer)
        if self._open.pop(peer, None) is not None:
            self._of[peer[0]] -= 1
            if not self._of[peer[0]]:
                del self._of[peer[0]]

    def _make_room(self, whose: str, longest: Peer | None) -> bool:
        """Puts the one out that has been silent for longest; whether there is any."""
        if longest is None:
            log.warning("too many connections of %s, all at work: one is refused", whose)
            return False
        log.warning("too many connections of %s: the one that has been silent for longest is closed", whose)
        self._put_out(longest)
        return True

    def _put_out(self, peer: Peer) -> None:
        """Its transport then sees the end, and closes it; until then it counts as open."""
        self.spoke(peer)
        with contextlib.suppress(OSError):
            self._open[peer].shutdown(socket.SHUT_RDWR)


class GatedSocket(socket.socket):
    """A listening socket whose connections pass the gate. Takes the place of ``listening``, which is closed by it."""

    def __init__(self, listening: socket.socket, gate: Gate) -> None:
        super().__init__(fileno=listening.detach())
        self.setblocking(False)
        self._gate = gate

    def accept(self) -> tuple[socket.socket, Any]:
        """As ``socket.accept``; BlockingIOError where nobody can be taken now, so that the loop looks again."""
        if self._gate.is_full():
            raise BlockingIOError
        taken, address = super().accept()
        peer = (address[0], address[1])
        connection = _Guest(taken, self._gate, peer)
        if not self._gate.enter(peer, connection):
            connection.close()
            raise BlockingIOError
        return connection, address


class _Guest(socket.socket):
    """One connection; the gate knows when it is closed."""

    def __init__(self, taken: socket.socket, gate: Gate, peer: Peer) -> None:
        super().__init__(fileno=taken.detach())
        self._gate, self._peer = gate, peer

    def close(self) -> None:
        self._gate.leave(self._peer)
        super().close()


def gated_protocol(gate: Gate) -> type[asyncio.Protocol]:
    """uvicorn's HTTP, which tells the gate how far each request has come."""

    class GatedProtocol(H11Protocol):
        def data_received(self, data: bytes) -> None:
            before = self.conn.their_state
            super().data_received(data)
            now = self.conn.their_state
            if self.client is None:
                return
            if now is h11.IDLE:
                if not gate.is_silent(self.client):  # the next request of a connection that is kept alive
                    gate.waits(self.client, HEAD_SECONDS)
            elif now is not h11.SEND_BODY:
                gate.spoke(self.client)
            elif before is not h11.SEND_BODY:
                gate.waits(self.client, BODY_SECONDS)

    return GatedProtocol


def most_connections() -> int:
    """How many this process can keep open, of the files that it may open."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else min(MOST, int(files * _SPARE))

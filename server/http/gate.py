"""The gate: limits connections, from one address and in total, and the time a connection may stay silent.

uvicorn limits requests and keep-alive, but not connections that have not sent a request yet. So connections are counted
where they are accepted, before any handshake. If there are too many, the one that has waited longest without a whole
request is closed: a client that sends one at once always gets in. All of it happens in the event loop's thread (not
with Windows' own loop, which accepts by itself).
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
"""In total; paho's ``select`` supports no file above 1023, and the broker's connection may be opened last."""
_SPARE: Final = 0.75
"""The share of the process's open files for connections; the rest is for the ledger and the broker."""

Peer = tuple[str, int]

log = logging.getLogger(__name__)


class Gate:
    """The open connections, and those without a request yet.

    Args:
        unbounded: addresses limited only by the total, such as a proxy's.
    """

    def __init__(self, *, most: int, most_of_one: int, unbounded: Collection[str] = ()) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._unbounded = frozenset(unbounded)
        self._open: dict[Peer, socket.socket] = {}
        self._of: Counter[str] = Counter()
        self._silent: dict[Peer, asyncio.TimerHandle] = {}

    def is_full(self) -> bool:
        """True if no connection can be accepted now; then a silent one is closed, if there is one."""
        if len(self._open) < self._most:
            return False
        return self._make_room("all addresses together", next(iter(self._silent), None))

    def enter(self, peer: Peer, connection: socket.socket) -> bool:
        """True if it is accepted; it then has ``HEAD_SECONDS`` to send its request's head."""
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
        """It has this long to send the rest of its request."""
        self.spoke(peer)
        if peer in self._open:
            self._silent[peer] = asyncio.get_running_loop().call_later(seconds, self._put_out, peer)

    def is_silent(self, peer: Peer) -> bool:
        """True while its time is running."""
        return peer in self._silent

    def spoke(self, peer: Peer) -> None:
        """It has sent its whole request."""
        timer = self._silent.pop(peer, None)
        if timer:
            timer.cancel()

    def leave(self, peer: Peer) -> None:
        """It is closed; may be called twice."""
        self.spoke(peer)
        if self._open.pop(peer, None) is not None:
            self._of[peer[0]] -= 1
            if not self._of[peer[0]]:
                del self._of[peer[0]]

    def _make_room(self, whose: str, longest: Peer | None) -> bool:
        """Closes the connection that has been silent for longest; returns whether there was one."""
        if longest is None:
            log.warning("too many connections of %s, all busy: one is refused", whose)
            return False
        log.warning("too many connections of %s: the one that has been silent for longest is closed", whose)
        self._put_out(longest)
        return True

    def _put_out(self, peer: Peer) -> None:
        """Its transport then sees the end and closes it; until then it counts as open."""
        self.spoke(peer)
        with contextlib.suppress(OSError):
            self._open[peer].shutdown(socket.SHUT_RDWR)


class GatedSocket(socket.socket):
    """A listening socket whose connections pass the gate. It replaces ``listening``, and closes it."""

    def __init__(self, listening: socket.socket, gate: Gate) -> None:
        super().__init__(fileno=listening.detach())
        self.setblocking(False)
        self._gate = gate

    def accept(self) -> tuple[socket.socket, Any]:
        """As ``socket.accept``; BlockingIOError if none can be accepted now, so that the loop tries again."""
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
    """One connection; reports to the gate when it is closed."""

    def __init__(self, taken: socket.socket, gate: Gate, peer: Peer) -> None:
        super().__init__(fileno=taken.detach())
        self._gate, self._peer = gate, peer

    def close(self) -> None:
        self._gate.leave(self._peer)
        super().close()


def gated_protocol(gate: Gate) -> type[asyncio.Protocol]:
    """uvicorn's HTTP, which reports the progress of each request to the gate."""

    class GatedProtocol(H11Protocol):
        def data_received(self, data: bytes) -> None:
            before = self.conn.their_state
            super().data_received(data)
            now = self.conn.their_state
            if self.client is None:
                return
            if now is h11.IDLE:
                if not gate.is_silent(self.client):  # the next request of a keep-alive connection
                    gate.waits(self.client, HEAD_SECONDS)
            elif now is not h11.SEND_BODY:
                gate.spoke(self.client)
            elif before is not h11.SEND_BODY:
                gate.waits(self.client, BODY_SECONDS)

    return GatedProtocol


def most_connections() -> int:
    """How many connections this process can keep open, by its limit of open files."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else min(MOST, int(files * _SPARE))

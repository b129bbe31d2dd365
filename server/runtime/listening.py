"""Opens a TCP port; an error says which one and what to do."""

import errno
import socket

from smartcart.server.errors import ServerError


class ListenError(ServerError):
    """A port could not be opened; the message says why in one sentence."""


def listen(host: str, port: int, what: str) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ListenError: the port is in use or not allowed, or the host is not this machine's.
    """
    if not 0 <= port <= 65535:
        raise ListenError(f"port {port} does not exist: give {what} one from 0 to 65535 with --port")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ListenError(f"{what} cannot listen on {host}:{port}: {error}") from None
    sock = socket.socket(family, kind, proto)
    try:
        # with Windows' SO_REUSEADDR a second server could take the port over
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ListenError(_why(error, host, port, what)) from None
    sock.setblocking(False)
    return sock


def _why(error: OSError, host: str, port: int, what: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: stop what listens there, or give {what} another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights: give {what} a port from 1024 up with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine: give {what} another with --host"
    return f"{what} cannot listen on {host}:{port}: {error}"

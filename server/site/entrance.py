"""Access rules of one server: who needs no login, and whether it may be reached from the network."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from smartcart.server.access.access import Access
from smartcart.server.access.logins import LoginTimes
from smartcart.server.errors import ServerError
from smartcart.server.http.tls import Tls


class EntranceError(ServerError):
    """The rules do not allow this; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """``is_open`` skips the login, for a demo on loopback only.

    Args:
        allowed_hosts: further names under which a browser may address the pages.
        trusted_proxies: addresses of proxies that may name the client.
    """

    is_open: bool = False
    tls: Tls | None = None
    allowed_hosts: Sequence[str] = ()
    trusted_proxies: Sequence[str] = ("127.0.0.1", "::1")
    times: LoginTimes = field(default_factory=LoginTimes)

    def check(self, host: str, doors: Access) -> None:
        """Checks that the server may listen on ``host``.

        Raises:
            EntranceError: without a login or an admin only loopback is allowed.
            TlsError: see ``Tls.check``.
        """
        if self.tls:
            self.tls.check()
        if is_loopback(host):
            return
        if self.is_open:
            raise EntranceError(f"without a login the server listens on loopback only, not on {host}")
        if not doors.accounts.has_admin():
            raise EntranceError(
                f"a server on {host} needs an admin: create an account first, with “smartcart admin user create "
                "NAME --role admin” and the same --ledger"
            )


def is_loopback(host: str) -> bool:
    """True if a listening address can be reached from this machine only.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "store.example")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

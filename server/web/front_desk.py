"""Checking passwords and pairing codes: a few tries for each address and account, and few at a time.

A password takes 19 MiB and a good part of a second of a busy small machine to check, so a crowd at the door must not
have it all at once.
"""

import asyncio
import ipaddress
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from smartcart.server.office.accounts import Account, AccountError, account_name
from smartcart.server.office.audit import Actor
from smartcart.server.office.doors import Doors
from smartcart.server.web.throttle import Throttle

_CHECKED_AT_ONCE: Final = 2
_LONGEST_QUEUE: Final = 20


class TooManyTriesError(Exception):
    """Somebody must wait; ``seconds`` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many tries: wait {math.ceil(seconds)} seconds")
        self.seconds = math.ceil(seconds)


class FrontDesk:
    """One a server. ``on_failure`` is called for each wrong password or code."""

    def __init__(self, doors: Doors, on_failure: Callable[[], None]) -> None:
        self._doors = doors
        self._on_failure = on_failure
        self._by_address = Throttle(tries=10, seconds=300)
        self._by_account = Throttle(tries=20, seconds=600)
        self._by_cart = Throttle(tries=20, seconds=600)
        self._threads = ThreadPoolExecutor(_CHECKED_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def log_in(self, name: str, password: str, address: str | None) -> str | None:
        """The secret of a new login; None if name or password is wrong.

        Raises:
            TooManyTriesError: this address or account has tried too often, or too many are at the door.
        """
        self._take_a_try(name, address)

        def check() -> str | None:
            account = self._check(name, password, address)
            return self._let_in(account, address) if account else None

        return await self._in_turn(check)

    async def change_password(self, name: str, password: str, fresh: str, by: Actor) -> str | None:
        """The secret of a new login after the change; None if ``password`` is not the one in force.

        Raises:
            TooManyTriesError: as for ``log_in``.
            WeakPasswordError: ``fresh`` is too easy to guess.
        """
        self._take_a_try(name, by.address)

        def change() -> str | None:
            account = self._check(name, password, by.address)
            if account is None:
                return None
            self._doors.accounts.set_password(name, fresh, by)
            return self._let_in(account, by.address)

        return await self._in_turn(change)

    def _take_a_try(self, name: str, address: str | None) -> None:
        self._take((self._by_address, network_of(address)), (self._by_account, account_name(name)[:64]))

    async def _in_turn(self, work: Callable[[], str | None]) -> str | None:
        if self._waiting >= _LONGEST_QUEUE:
            raise TooManyTriesError(5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _check(self, name: str, password: str, address: str | None) -> Account | None:
        account = self._doors.accounts.check(name, password)
        if account is None:
            self._on_failure()
            # a name that nobody has may be a password typed in the wrong place: it is written down nowhere
            self._doors.audit.note(Actor(name="", via="door", address=address), "login refused", self._known(name))
            return None
        self._by_address.give_back(network_of(address))
        self._by_account.give_back(account.name)
        return account

    def _let_in(self, account: Account, address: str | None) -> str:
        return self._doors.logins.open(account, Actor(name=account.name, via="login", address=address))

    def _known(self, name: str) -> str:
        try:
            account: Account = self._doors.accounts.find(name)
        except AccountError:
            return "an unknown name"
        return account.name

    def pair(self, store: str, cart: str, code: str, address: str | None) -> str | None:
        """The secret of a newly paired screen; None if the code is wrong.

        Raises:
            TooManyTriesError: this address has tried too often, or this cart was tried too often.
        """
        place, name = network_of(address), f"{store}/{cart}"
        self._take((self._by_address, place), (self._by_cart, name))
        secret = self._doors.screens.pair(store, cart, code, Actor(name=name, via="screen", address=address))
        if secret is None:
            self._on_failure()
            return None
        self._by_address.give_back(place)
        self._by_cart.give_back(name)
        return secret

    def close(self) -> None:
        """Lets those who are being checked finish."""
        self._threads.shutdown()

    @staticmethod
    def _take(*tries: tuple[Throttle, str]) -> None:
        for throttle, key in tries:
            if wait := throttle.take(key):
                raise TooManyTriesError(wait)


def network_of(address: str | None) -> str:
    """What counts as one address: of IPv6 the network, since each household has all of one.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1:2:3:4")
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        at = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    return str(at) if at.version == 4 else str(ipaddress.ip_network((at, 64), strict=False))

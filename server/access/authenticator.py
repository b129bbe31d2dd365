"""Checks passwords and pairing codes, with a rate limit for each address, account and cart, and few at a time.

Checking a password takes 19 MiB and a good part of a second of a busy small machine, so many requests at once must not
all get it. The cookie of a login or screen and an API token are 256 random bits: guessing them is hopeless.
"""

import asyncio
import ipaddress
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool

from smartcart.server.access.access import Access
from smartcart.server.access.accounts import Account, AccountError, account_name
from smartcart.server.access.audit import Actor
from smartcart.server.access.rate_limit import Bucket, RateLimit
from smartcart.server.access.secrets import fingerprint
from smartcart.server.errors import ServerError

_CHECKED_AT_ONCE: Final = 2
_LONGEST_QUEUE: Final = 20


class TooManyTriesError(ServerError):
    """The caller must wait; ``seconds`` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many attempts: wait {math.ceil(seconds)} seconds")
        self.seconds = math.ceil(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """An attempt under a name, which is that of the account ``known``, or of none."""

    name: str
    known: str | None
    address: str | None
    buckets: tuple[Bucket, ...]


class Authenticator:
    """One per server. ``on_failure`` is called for each wrong password or code."""

    def __init__(self, doors: Access, on_failure: Callable[[], None]) -> None:
        self._doors = doors
        self._on_failure = on_failure
        self._tries = RateLimit(doors.office)
        self._threads = ThreadPoolExecutor(_CHECKED_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def log_in(self, name: str, password: str, address: str | None) -> str | None:
        """Returns the secret of a new login; None if name or password is wrong.

        Raises:
            TooManyTriesError: too many attempts from this address or for this account, or too many at once.
        """
        attempt = await run_in_threadpool(self._attempt, name, address)

        def check() -> str | None:
            account = self._check(attempt, password)
            return self._let_in(account, address) if account else None

        return await self._in_turn(check)

    async def change_password(self, name: str, password: str, fresh: str, by: Actor) -> str | None:
        """Returns the secret of a new login after the change; None if ``password`` is not the current one.

        Raises:
            TooManyTriesError: as for ``log_in``.
            WeakPasswordError: ``fresh`` is too easy to guess.
        """
        attempt = await run_in_threadpool(self._attempt, name, by.address)

        def change() -> str | None:
            account = self._check(attempt, password)
            if account is None:
                return None
            self._doors.accounts.set_password(name, fresh, by)
            return self._let_in(account, by.address)

        return await self._in_turn(change)

    async def _in_turn(self, work: Callable[[], str | None]) -> str | None:
        if self._waiting >= _LONGEST_QUEUE:
            raise TooManyTriesError(5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _attempt(self, name: str, address: str | None) -> _Attempt:
        """Checked before queueing, so that a caller over the limit does not hold up others."""
        known = self._known(name)
        buckets = _of_address(address), _of_account(known, name)
        self._take(*buckets)
        return _Attempt(name=name, known=known, address=address, buckets=buckets)

    def _check(self, attempt: _Attempt, password: str) -> Account | None:
        account = self._doors.accounts.check(attempt.name, password)
        if account is None:
            self._on_failure()
            who = Actor(name="", via="door", address=attempt.address)
            self._doors.audit.note(who, "login refused", attempt.known or "an unknown name")
            return None
        self._tries.give_back(*attempt.buckets)
        return account

    def _let_in(self, account: Account, address: str | None) -> str:
        return self._doors.logins.open(account, Actor(name=account.name, via="login", address=address))

    def _known(self, name: str) -> str | None:
        """The account of this name; a name that nobody has may be a password typed into the wrong field."""
        try:
            return self._doors.accounts.find(name).name
        except AccountError:
            return None

    def pair(self, store: str, cart: str, code: str, address: str | None) -> str | None:
        """Returns the secret of a newly paired screen; None if the code is wrong.

        Raises:
            TooManyTriesError: too many attempts from this address or for this cart.
        """
        name = f"{store}/{cart}"
        buckets = _of_address(address), Bucket(whose=f"cart {name}", tries=20, seconds=600)
        self._take(*buckets)
        secret = self._doors.screens.pair(store, cart, code, Actor(name=name, via="screen", address=address))
        if secret is None:
            self._on_failure()
            return None
        self._tries.give_back(*buckets)
        return secret

    def close(self) -> None:
        """Waits for the checks under way."""
        self._threads.shutdown()

    def _take(self, *buckets: Bucket) -> None:
        if wait := self._tries.take(*buckets):
            raise TooManyTriesError(wait)


def _of_address(address: str | None) -> Bucket:
    return Bucket(whose=f"address {network_of(address)}", tries=10, seconds=300)


def _of_account(known: str | None, typed: str) -> Bucket:
    """For a name without an account, a short hash is counted, from which the name cannot be found."""
    some = fingerprint(account_name(typed))[:3]
    return Bucket(whose=f"account {known}" if known else f"unknown {some}", tries=20, seconds=600)


def network_of(address: str | None) -> str:
    """The network that counts as one address: an IPv6 household has a whole /64.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1:2:3:4")
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        at = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    return str(at) if at.version == 4 else str(ipaddress.ip_network((at, 64), strict=False))

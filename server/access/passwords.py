"""Passwords: hashes them (Argon2id with the setting that OWASP recommends), checks them, and refuses weak ones."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from smartcart.server.errors import ServerError

SHORTEST: Final = 10
LONGEST: Final = 256
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_TOO_COMMON: Final = ("password", "passwort", "smartcart", "1234567890", "qwertyuiop", "letmein")


class WeakPasswordError(ServerError):
    """A password that is too easy to guess; the message says what would be better."""


def hash_password(password: str, account: str) -> str:
    """Returns what is stored of a new password.

    Raises:
        WeakPasswordError: it is shorter than 10 characters, longer than 256, or among the most common ones.
    """
    plain = password.casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPasswordError(f"a password has {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < 4 or plain.strip("0123456789!.-_ ") in ("", account.casefold(), *_TOO_COMMON):
        raise WeakPasswordError("this password is one of the most common: take some words that only you would combine")
    return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """True if a password is the stored one; without a stored one it takes as long and returns False."""
    try:
        good = _HASHER.verify(stored if stored is not None else _nobodys(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return good and stored is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("of nobody")

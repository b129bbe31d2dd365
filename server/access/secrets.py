"""Secrets that are handed out once and kept as a hash: those of logins, API tokens, cart screens, pairing codes.

They are long and random (a pairing code is short, but lasts ten minutes), so a plain SHA-256 is enough.
"""

import hashlib
import secrets
from typing import Final

CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without easily confused ones
CODE_LENGTH: Final = 6


def new_secret() -> str:
    """256 random bits as text that fits into a cookie, a header and a URL."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """A short public name for an object that has a secret."""
    return secrets.token_hex(5)


def new_code() -> str:
    """A code that a person reads from one screen and types into another."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def fingerprint(secret: str) -> str:
    """The stored form of a secret, by which it is found."""
    return hashlib.sha256(secret.encode("utf-8", errors="surrogatepass")).hexdigest()

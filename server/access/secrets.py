"""Secrets that are handed out once and kept as a hash: of a login, an API token, a cart screen, a pairing code.

They are random and long (a pairing code is short, and lives ten minutes), so a plain SHA-256 is enough.
"""

import hashlib
import secrets
from typing import Final

CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without those that look alike
CODE_LENGTH: Final = 6


def new_secret() -> str:
    """256 random bits as text that fits into a cookie, a header and a URL."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """A short public name for something that has a secret."""
    return secrets.token_hex(5)


def new_code() -> str:
    """What a person reads from one screen and types into another."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def fingerprint(secret: str) -> str:
    """What is stored of a secret, and found by it."""
    return hashlib.sha256(secret.encode("utf-8", errors="surrogatepass")).hexdigest()

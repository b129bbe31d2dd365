"""The server's own tables, as queries name them. ``migrations`` creates them; a test compares the two."""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, String, Table

from smartcart.server.database.utc_datetime import UtcDateTime

METADATA: Final = MetaData()


def key(name: str, kind: Any = String, *more: Any) -> Column[Any]:
    """A column of the primary key."""
    return Column(name, kind, *more, primary_key=True)


def needed(name: str, kind: Any = String, *more: Any, unique: bool = False) -> Column[Any]:
    """A column that is never empty."""
    return Column(name, kind, *more, nullable=False, unique=unique)


def maybe(name: str, kind: Any = String, *, unique: bool = False) -> Column[Any]:
    """A column that may be empty."""
    return Column(name, kind, unique=unique)


ACCOUNTS: Final = Table(
    "office_accounts",
    METADATA,
    key("name"),
    needed("role"),
    needed("password_hash"),
    needed("created_at", UtcDateTime),
    needed("changed_at", UtcDateTime),
    maybe("disabled_at", UtcDateTime),
    maybe("last_login_at", UtcDateTime),
)

LOGINS: Final = Table(
    "office_logins",
    METADATA,
    key("secret_hash"),
    needed("account", String, ForeignKey(ACCOUNTS.c.name)),
    needed("created_at", UtcDateTime),
    needed("seen_at", UtcDateTime),
    Index("office_logins_of_account", "account"),
)

TOKENS: Final = Table(
    "office_tokens",
    METADATA,
    key("id"),
    needed("name"),
    needed("secret_hash"),
    needed("scope"),
    needed("created_by"),
    needed("created_at", UtcDateTime),
    maybe("expires_at", UtcDateTime),
    maybe("revoked_at", UtcDateTime),
    maybe("used_at", UtcDateTime),
)

PAIRING_CODES: Final = Table(
    "office_pairing_codes",
    METADATA,
    key("code_hash"),
    needed("store"),
    needed("cart"),
    needed("created_by"),
    needed("expires_at", UtcDateTime),
)

SCREENS: Final = Table(
    "office_screens",
    METADATA,
    key("id"),
    needed("secret_hash", unique=True),
    needed("store"),
    needed("cart"),
    needed("paired_by"),
    needed("paired_at", UtcDateTime),
    needed("expires_at", UtcDateTime),
    Index("office_screens_of_cart", "store", "cart"),
)

CALLS: Final = Table(
    "office_calls",
    METADATA,
    key("store"),
    key("cart"),
    needed("since", UtcDateTime),
    maybe("session"),
    maybe("reason"),
    maybe("taken_by"),
)

REQUESTS: Final = Table(
    "office_requests",
    METADATA,
    key("store"),
    key("cart"),
    needed("action"),
    maybe("session"),
    needed("asked_at", UtcDateTime),
)

TRIES: Final = Table(
    "office_tries",
    METADATA,
    key("key"),
    needed("empty_at", BigInteger),
    Index("office_tries_in_time", "empty_at"),
)

AUDIT: Final = Table(
    "office_audit",
    METADATA,
    key("position", BigInteger),
    needed("at", UtcDateTime),
    needed("actor"),
    needed("via"),
    needed("action"),
    needed("subject"),
    needed("detail"),
)

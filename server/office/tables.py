"""The office's tables, as queries name them. ``migrations`` makes them; a test holds the two to each other."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, String, Table, Text

from smartcart.server.office.moments import Moment

METADATA: Final = MetaData()

ACCOUNTS: Final = Table(
    "office_accounts",
    METADATA,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("last_login_at", Moment),
)

LOGINS: Final = Table(
    "office_logins",
    METADATA,
    Column("secret_hash", String, primary_key=True),
    Column("account", String, ForeignKey(ACCOUNTS.c.name), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("office_logins_of_account", "account"),
)

TOKENS: Final = Table(
    "office_tokens",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("used_at", Moment),
)

PAIRING_CODES: Final = Table(
    "office_pairing_codes",
    METADATA,
    Column("code_hash", String, primary_key=True),
    Column("store", String, nullable=False),
    Column("cart", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

SCREENS: Final = Table(
    "office_screens",
    METADATA,
    Column("id", String, primary_key=True),
    Column("secret_hash", String, nullable=False, unique=True),
    Column("store", String, nullable=False),
    Column("cart", String, nullable=False),
    Column("paired_by", String, nullable=False),
    Column("paired_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("office_screens_of_cart", "store", "cart"),
)

CALLS: Final = Table(
    "office_calls",
    METADATA,
    Column("store", String, primary_key=True),
    Column("cart", String, primary_key=True),
    Column("since", Moment, nullable=False),
)

REQUESTS: Final = Table(
    "office_requests",
    METADATA,
    Column("store", String, primary_key=True),
    Column("cart", String, primary_key=True),
    Column("action", String, nullable=False),
    Column("session", String),
    Column("asked_at", Moment, nullable=False),
)

TRIES: Final = Table(
    "office_tries",
    METADATA,
    Column("key", String, primary_key=True),
    Column("empty_at", BigInteger, nullable=False),
    Index("office_tries_in_time", "empty_at"),
)

AUDIT: Final = Table(
    "office_audit",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String, nullable=False),
    Column("via", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
)

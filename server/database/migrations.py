"""Creates the server's own tables, and migrates those of an older version.

Each migration is one string of statements that both SQLite and PostgreSQL understand, with ``{serial}`` for a primary
key that counts up and ``{bytes}`` for binary data. A released migration is never changed: the next change is the next
migration.
"""

from typing import Final

from sqlalchemy import Connection, text

from smartcart.server.errors import ServerError

MIGRATIONS: Final = (
    """
    CREATE TABLE office_accounts (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, password_hash TEXT NOT NULL,
        created_at TEXT NOT NULL, changed_at TEXT NOT NULL, disabled_at TEXT, last_login_at TEXT
    );
    CREATE TABLE office_logins (
        secret_hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES office_accounts (name),
        created_at TEXT NOT NULL, seen_at TEXT NOT NULL
    );
    CREATE INDEX office_logins_of_account ON office_logins (account);
    CREATE TABLE office_tokens (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, secret_hash TEXT NOT NULL, scope TEXT NOT NULL,
        created_by TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT, used_at TEXT
    );
    CREATE TABLE office_pairing_codes (
        code_hash TEXT PRIMARY KEY, store TEXT NOT NULL, cart TEXT NOT NULL,
        created_by TEXT NOT NULL, expires_at TEXT NOT NULL
    );
    CREATE TABLE office_screens (
        id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, store TEXT NOT NULL, cart TEXT NOT NULL,
        paired_by TEXT NOT NULL, paired_at TEXT NOT NULL, expires_at TEXT NOT NULL
    );
    CREATE INDEX office_screens_of_cart ON office_screens (store, cart);
    CREATE TABLE office_audit (
        position {serial}, at TEXT NOT NULL, actor TEXT NOT NULL, via TEXT NOT NULL,
        action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE office_shop (
        id INTEGER PRIMARY KEY, version BIGINT NOT NULL, currency TEXT NOT NULL,
        prices_include_tax INTEGER NOT NULL, seller TEXT NOT NULL
    );
    CREATE TABLE office_products (
        sku TEXT PRIMARY KEY, gtin TEXT, gtin14 TEXT UNIQUE, name TEXT NOT NULL, unit TEXT NOT NULL,
        tax_rate INTEGER NOT NULL, active INTEGER NOT NULL, picture TEXT
    );
    CREATE TABLE office_labels (
        sku TEXT NOT NULL REFERENCES office_products (sku), label TEXT NOT NULL, PRIMARY KEY (sku, label)
    );
    CREATE TABLE office_prices (
        position {serial}, sku TEXT NOT NULL REFERENCES office_products (sku), price BIGINT, unit TEXT NOT NULL,
        set_at TEXT NOT NULL, set_by TEXT NOT NULL
    );
    CREATE INDEX office_prices_of_product ON office_prices (sku, position);
    CREATE TABLE office_pictures (id TEXT PRIMARY KEY, data {bytes} NOT NULL);
    CREATE TABLE office_payments (
        store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
        key TEXT NOT NULL UNIQUE, bill TEXT NOT NULL, asked_at TEXT NOT NULL, asked_by TEXT NOT NULL, reason TEXT,
        PRIMARY KEY (store, cart, session)
    );
    CREATE INDEX office_payments_of_state ON office_payments (state, asked_at);
    CREATE TABLE office_receipt_numbers (store TEXT PRIMARY KEY, last BIGINT NOT NULL);
    CREATE TABLE office_receipts (
        store TEXT NOT NULL, number BIGINT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL,
        code TEXT NOT NULL UNIQUE, bill TEXT NOT NULL, seller TEXT NOT NULL, reference TEXT NOT NULL,
        issued_at TEXT NOT NULL, shown_at TEXT, shown_by TEXT,
        PRIMARY KEY (store, number), UNIQUE (store, cart, session)
    );
    CREATE TABLE office_test_charges (key TEXT PRIMARY KEY, answer TEXT NOT NULL)
    """,
    """
    CREATE TABLE office_calls (
        store TEXT NOT NULL, cart TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (store, cart)
    )
    """,
    """
    CREATE TABLE office_requests (
        store TEXT NOT NULL, cart TEXT NOT NULL, action TEXT NOT NULL, session TEXT, asked_at TEXT NOT NULL,
        PRIMARY KEY (store, cart)
    )
    """,
    """
    CREATE TABLE office_tries (key TEXT PRIMARY KEY, empty_at BIGINT NOT NULL);
    CREATE INDEX office_tries_in_time ON office_tries (empty_at)
    """,
    """
    CREATE TABLE office_galleries (
        id INTEGER PRIMARY KEY, version BIGINT NOT NULL, sha256 TEXT NOT NULL, data {bytes} NOT NULL,
        set_at TEXT NOT NULL, set_by TEXT NOT NULL
    )
    """,
    """
    ALTER TABLE office_products ADD COLUMN plu TEXT
    """,
    """
    ALTER TABLE office_calls ADD COLUMN session TEXT;
    ALTER TABLE office_calls ADD COLUMN reason TEXT;
    ALTER TABLE office_calls ADD COLUMN taken_by TEXT
    """,
)
_WORDS: Final = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY", "bytes": "BLOB"},
    "postgresql": {"serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "bytes": "BYTEA"},
}
_LOCK: Final = 0x4F666963  # two servers that start at once must not both create the tables


class NewerTablesError(ServerError):
    """The tables are of a newer version than the program."""


def migrate(connection: Connection) -> int:
    """Runs the outstanding migrations in the caller's transaction; returns the tables' version.

    Raises:
        NewerTablesError: they are newer than this program.
    """
    kind = connection.dialect.name
    if kind == "postgresql":
        connection.execute(text("SET LOCAL search_path TO smartcart"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text("CREATE TABLE IF NOT EXISTS office_version (version INTEGER NOT NULL)"))
    version = connection.execute(text("SELECT max(version) FROM office_version")).scalar() or 0
    if version > len(MIGRATIONS):
        raise NewerTablesError(f"version {version}, this program knows {len(MIGRATIONS)}")
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        for statement in statements.format(**_WORDS[kind]).split(";"):
            connection.execute(text(statement))
        connection.execute(text("INSERT INTO office_version VALUES (:number)"), {"number": number})
    return len(MIGRATIONS)

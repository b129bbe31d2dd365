"""Makes the office's tables, and brings those of an older version up to date.

Each migration is one string of statements that SQLite and PostgreSQL both understand, with ``{serial}`` for a primary
key that counts up and ``{bytes}`` for binary data. A migration that has been released is never changed: the next
change is the next migration.
"""

from typing import Final

from sqlalchemy import Connection, text

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
)
_WORDS: Final = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY", "bytes": "BLOB"},
    "postgresql": {"serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "bytes": "BYTEA"},
}
_LOCK: Final = 0x4F666963  # two servers that start at once must not both make the tables


class NewerTablesError(Exception):
    """The tables are of a newer version of the program."""


def migrate(connection: Connection) -> int:
    """Runs what has not been run yet, in the caller's transaction; gives the version that the tables have now.

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

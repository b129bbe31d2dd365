"""The tables of an SQLite ledger, and the migrations from every older file: numbered steps, forward only."""

import sqlite3
import uuid
from typing import Final

_ONE: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    position INTEGER PRIMARY KEY,
    store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL,
    UNIQUE (store, cart, session)
);
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    stored_at TEXT NOT NULL, message BLOB NOT NULL, match TEXT NOT NULL,
    UNIQUE (store, cart, session, seq)
);
CREATE TABLE dead_letters (
    position INTEGER PRIMARY KEY,
    topic TEXT NOT NULL, reason TEXT NOT NULL, payload BLOB NOT NULL, size INTEGER NOT NULL, received_at TEXT NOT NULL,
    store TEXT, cart TEXT, event_id TEXT, session TEXT, seq INTEGER,
    UNIQUE (store, cart, session, event_id)
);
CREATE INDEX unplaced_letters ON dead_letters (position) WHERE session IS NULL;
INSERT INTO meta VALUES ('identity', new_identity()), ('letters', '0')
"""
_TWO: Final = """
ALTER TABLE sessions ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
CREATE TABLE records (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    store TEXT NOT NULL, cart TEXT NOT NULL, session TEXT NOT NULL,
    number INTEGER NOT NULL, after INTEGER NOT NULL, message TEXT NOT NULL, match TEXT NOT NULL,
    UNIQUE (store, cart, session, number)
);
INSERT INTO meta VALUES ('generation', '0')
"""
_THREE: Final = """
CREATE INDEX letters_of_cart ON dead_letters (store, cart, received_at) WHERE session IS NULL
"""
MIGRATIONS: Final = (_ONE, _TWO, _THREE)
VERSION: Final = len(MIGRATIONS)
APPLICATION_ID: Final = 0x536D4361  # "SmCa", so that another program's file is not mistaken for a ledger


DAMAGE: Final = (sqlite3.Error, UnicodeError, LookupError, TypeError, ValueError)
"""The errors that reading a damaged file may raise: SQLite's own, and those caused by nonsense values."""


def version_of(db: sqlite3.Connection) -> int | None:
    """The version of the ledger in this file: 0 if the file is empty, None if it is another program's."""
    if not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return 0
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return None
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Migrates a ledger of an older version; call it inside a transaction."""
    db.create_function("new_identity", 0, lambda: str(uuid.uuid4()))
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")

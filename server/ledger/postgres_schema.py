"""The tables of a PostgreSQL ledger, and the migrations from every older version: numbered steps, forward only."""

import uuid
from typing import Any, Final

import psycopg

LOCK: Final = 0x536D4361
"""Advisory lock of the ledger: exclusive for migrations and records, shared for batches of events."""

_ONE: Final = """
CREATE SCHEMA smartcart;
CREATE TABLE smartcart.meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE smartcart.sessions (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store text NOT NULL, cart text NOT NULL, session text NOT NULL,
    UNIQUE (store, cart, session)
);
CREATE TABLE smartcart.events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    store text NOT NULL, cart text NOT NULL, session text NOT NULL, seq bigint NOT NULL,
    stored_at text NOT NULL, message bytea NOT NULL, match text NOT NULL,
    UNIQUE (store, cart, session, seq)
);
CREATE TABLE smartcart.dead_letters (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL, reason text NOT NULL, payload bytea NOT NULL, size bigint NOT NULL, received_at text NOT NULL,
    store text, cart text, event_id text, session text, seq bigint,
    UNIQUE (store, cart, session, event_id)
);
CREATE INDEX unplaced_letters ON smartcart.dead_letters (position) WHERE session IS NULL;
INSERT INTO smartcart.meta VALUES ('letters', '0')
"""
_TWO: Final = """
ALTER TABLE smartcart.sessions ADD COLUMN state smallint NOT NULL DEFAULT 0;
ALTER TABLE smartcart.events ADD COLUMN late boolean NOT NULL DEFAULT false;
CREATE TABLE smartcart.records (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE, type text NOT NULL,
    store text NOT NULL, cart text NOT NULL, session text NOT NULL,
    number bigint NOT NULL, after bigint NOT NULL, message text NOT NULL, match text NOT NULL,
    UNIQUE (store, cart, session, number)
);
ALTER TABLE smartcart.events ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE smartcart.dead_letters ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE smartcart.records ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE smartcart.events ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
ALTER TABLE smartcart.dead_letters ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
ALTER TABLE smartcart.records ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
CREATE INDEX new_events ON smartcart.events (xact);
CREATE INDEX new_letters ON smartcart.dead_letters (xact);
CREATE INDEX new_records ON smartcart.records (xact)
"""
_THREE: Final = """
CREATE INDEX letters_of_cart ON smartcart.dead_letters (store, cart, received_at) WHERE session IS NULL
"""
MIGRATIONS: Final = (_ONE, _TWO, _THREE)
VERSION: Final = len(MIGRATIONS)

Connection = psycopg.Connection[tuple[Any, ...]]


def found_version(connection: Connection) -> int:
    """The version of the tables, 0 for none; until the transaction's end nobody else changes them."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    if connection.execute("SELECT to_regclass('smartcart.meta')").fetchone() == (None,):
        return 0
    return int(_meta(connection, "version") or 0)


def prepare(connection: Connection, version: int) -> str:
    """Creates the tables, or migrates older ones; returns the ledger's identity."""
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):
            connection.execute(statement)
    if version < VERSION:
        _set_meta(connection, "version", str(VERSION))
        _set_meta(connection, "identity", _meta(connection, "identity") or str(uuid.uuid4()))
    _forget_other_clocks(connection)
    return str(_meta(connection, "identity"))


def _forget_other_clocks(connection: Connection) -> None:
    """Rows restored from another server may have transaction numbers that this one has yet to reach."""
    for table in ("events", "dead_letters", "records"):
        connection.execute(
            f"UPDATE smartcart.{table} SET xact = '0' WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())"
        )


def _meta(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM smartcart.meta WHERE name = %s", (name,)).fetchone()
    return row[0] if row else None


def _set_meta(connection: Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO smartcart.meta VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )

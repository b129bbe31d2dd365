"""The ledger: the port, its SQLite, PostgreSQL and memory adapters, backup, export, retention, verification."""

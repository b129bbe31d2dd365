"""The database beside the ledger: connection, tables, migrations, column types."""

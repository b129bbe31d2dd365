"""Backup of a PostgreSQL ledger with PostgreSQL's own tools; the password is passed in the environment."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from smartcart.server.ledger.port import LedgerError

_DEBIAN: Final = Path("/usr/lib/postgresql")
_VARIABLES: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
}


def dump(url: str, target: Path) -> None:
    """Dumps the ledger's schema, tables and rows at one moment.

    Raises:
        LedgerError: ``pg_dump`` is not installed, or fails.
    """
    _run("pg_dump", ["--format=custom", "--schema=smartcart", "--no-owner", "--no-acl", f"--file={target}"], url)


def load(source: Path, url: str) -> None:
    """Restores a dump into a database without a ledger, all of it or nothing.

    Raises:
        LedgerError: a ledger exists already; ``pg_restore`` is not installed, or fails.
    """
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'smartcart'").fetchone()
    except psycopg.Error as error:
        raise LedgerError(f"cannot reach PostgreSQL: {str(error).strip().splitlines()[0]}") from error
    if found:
        raise LedgerError("this database already contains a ledger: create another one, a restore overwrites nothing")
    database = str(conninfo_to_dict(url).get("dbname") or os.environ.get("PGDATABASE") or "postgres")
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", f"--dbname={database}"]
    _run("pg_restore", [*options, str(source)], url)


def _run(tool: str, options: Sequence[str], url: str) -> None:
    asked = conninfo_to_dict(url)
    given = {variable: str(asked[name]) for name, variable in _VARIABLES.items() if asked.get(name) is not None}
    done = subprocess.run([_find(tool), *options], env=os.environ | given, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise LedgerError(f"{tool} fails: {said[0] if said else f'status {done.returncode}'}")


def _find(tool: str) -> str:
    """The tool on the path, or the newest one that Debian installs beside it."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: -int(folder.parent.name.split(".")[0]))
    for folder in (None, *folders):
        found = shutil.which(tool, path=None if folder is None else str(folder))
        if found:
            return found
    raise LedgerError(
        f"{tool} is not installed: it comes with PostgreSQL's client programs (Debian: apt install postgresql-client)"
    )

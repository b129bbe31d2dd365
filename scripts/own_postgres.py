"""Our own PostgreSQL server in a folder, for commands that kill or measure one: never anybody else's."""

import contextlib
import getpass
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from smartcart.scripts.main import CommandError

DEBIAN: Final = "/usr/lib/postgresql"
USER: Final = "postgres"


class OwnPostgres:
    """Initialises a database cluster; ``words`` starts its server in the foreground.

    PostgreSQL refuses to run as root; then it runs as the user ``postgres``, who is given the folder.

    Raises:
        CommandError: PostgreSQL is not installed, or the cluster cannot be created.
    """

    def __init__(self, folder: Path, port: int) -> None:
        found = shutil.which("initdb")
        folders = [Path(found).resolve().parent] if found else sorted(Path(DEBIAN).glob("*/bin"), reverse=True)
        if not folders:
            raise CommandError("PostgreSQL is not installed: on Debian, apt install postgresql")
        self._become = ["runuser", "-u", USER, "--"] if getpass.getuser() == "root" else []
        self._user = USER if self._become else getpass.getuser()
        self._bin, self._port, self._data = folders[0], port, folder.resolve() / "db"
        folder.mkdir(parents=True, exist_ok=True)
        if self._become:
            shutil.chown(folder, USER)
        made = subprocess.run(
            [*self._become, self._bin / "initdb", "-D", self._data, "-A", "trust", "-N"],
            capture_output=True,
            text=True,
            cwd="/",
        )
        if made.returncode:
            raise CommandError(f"PostgreSQL's initdb failed: {made.stderr.strip().splitlines()[-1]}")

    @property
    def url(self) -> str:
        return f"postgresql://{self._user}@127.0.0.1:{self._port}/postgres"

    def wait_until_gone(self, seconds: float = 20) -> None:
        """Waits for the remains of a killed server: another one does not start beside its processes."""
        until = time.monotonic() + seconds
        while self._is_in_use() and time.monotonic() < until:
            time.sleep(0.05)

    def _is_in_use(self) -> bool:
        """True if a process works in the cluster's folder, as every PostgreSQL process does."""
        for place in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if place.readlink() == self._data:
                    return True
        return False

    def words(self) -> list[str]:
        """The command line of the server itself, which is the process to be killed."""
        options = ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1", "-k", str(self._data)]
        if not self._become:
            return [str(self._bin / "postgres"), "-D", str(self._data), *options]
        # setpriv becomes the other user and then the server, so that the known process is the server itself
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--"]
        return [*become, str(self._bin / "postgres"), "-D", str(self._data), *options]

"""Writes a store's configuration: Mosquitto, systemd units and a compose file, filled from templates."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from smartcart.server.errors import ServerError
from smartcart.server.pki.authority import Credentials
from smartcart.server.pki.bundle import write_private

UNITS: Final = ("smartcart-broker.service", "smartcart-server.service", "smartcart-edge@.service")
COMPOSE: Final = "compose.yaml"


class DeployError(ServerError):
    """Files could not be written; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """The settings of a store's broker.

    ``folder`` contains its configuration and state; it listens on ``bind``. ``servers`` are the names of the servers
    that may read all carts and answer them.
    """

    store: str
    folder: Path
    bind: str
    port: int
    servers: Sequence[str]


def write_broker(plan: BrokerPlan, broker: Credentials, authority: bytes, revocations: bytes) -> None:
    """Writes Mosquitto's configuration with certificate, ACL and revocation list.

    Raises:
        DeployError: the folder cannot be written, or its name is invalid in Mosquitto's configuration.
    """
    folder = plan.folder.absolute()
    if " " in str(folder) or "\n" in str(folder):
        raise DeployError(f"{folder}: Mosquitto accepts no path with a space in it: give another with --out")
    state = folder / "state"
    values = {
        "STORE": plan.store,
        "FOLDER": str(folder),
        "STATE": str(state),
        "PORT": str(plan.port),
        "BIND": plan.bind,
    }
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(folder / "broker.key", broker.key)
        write_private(folder / "broker.crt", broker.certificate)
        write_private(folder / "authority.crt", authority)
        write_private(folder / "revoked.crl", revocations)
        write_access(folder, plan.store, plan.servers)
        write_private(folder / "mosquitto.conf", fill("mosquitto.conf", values).encode())
    except OSError as error:
        raise DeployError(f"{folder}: cannot be written: {error.strerror}") from error


def write_access(folder: Path, store: str, servers: Sequence[str]) -> None:
    """Writes the access list; Mosquitto reads it when it starts and on SIGHUP.

    Raises:
        DeployError: it cannot be written.
    """
    values = {"STORE": store}
    text = fill("acl", values) + "".join(fill("acl_server", values | {"SERVER": name}) for name in servers)
    try:
        write_private(folder / "acl", text.encode())
    except OSError as error:
        raise DeployError(f"{folder}: cannot be written: {error.strerror}") from error


def write_revocations(folder: Path, revocations: bytes) -> None:
    """Copies the revocation list to a broker's folder; Mosquitto reads it when it starts.

    Raises:
        DeployError: there is no broker's configuration, or it cannot be written.
    """
    if not (folder / "mosquitto.conf").is_file():
        raise DeployError(f"{folder} contains no broker configuration: `smartcart pair broker` writes one")
    try:
        write_private(folder / "revoked.crl", revocations)
    except OSError as error:
        raise DeployError(f"{folder}: cannot be written: {error.strerror}") from error


def write_units(out: Path, *, folder: Path, user: str) -> list[Path]:
    """Writes systemd units and a compose file for a store's ``folder``; returns them.

    Raises:
        DeployError: they cannot be written, or the user does not exist here.
    """
    values = {
        "FOLDER": str(folder.absolute()),
        "USER": user,
        "SMARTCART": str(Path(sys.executable).with_name("smartcart")),
        "MOSQUITTO": shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin") or "/usr/sbin/mosquitto",
    } | _ids(user)
    written = [out / name for name in (*UNITS, COMPOSE)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in written:
            path.write_text(fill(path.name, values), encoding="utf-8")
    except OSError as error:
        raise DeployError(f"{out}: cannot be written: {error.strerror}") from error
    return written


def fill(name: str, values: Mapping[str, str]) -> str:
    """A template with its ``@NAMES@`` filled in."""
    text = (resources.files("smartcart.server") / "deployment" / name).read_text(encoding="utf-8")
    for word, value in values.items():
        text = text.replace(f"@{word}@", value)
    return text


def _ids(user: str) -> dict[str, str]:
    """A container uses numbers, not names."""
    if os.name != "posix":
        return {"UID": "1000", "GID": "1000"}
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise DeployError(f"there is no user {user} here: `useradd --system {user}` creates one") from None
    return {"UID": str(entry.pw_uid), "GID": str(entry.pw_gid)}

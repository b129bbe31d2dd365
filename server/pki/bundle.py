"""A bundle: the one file with which a cart or a server joins a store.

It is a PEM file with the holder's certificate, its key and the store's authority, after lines that name the holder and
the broker. Text before the first block is allowed (RFC 7468, section 2), so any MQTT client accepts the file as it is:
``mosquitto_sub --cafile B --cert B --key B``.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smartcart.server.errors import ServerError

_HEAD: Final = "smartcart bundle"
_FIELDS: Final = ("store", "name", "broker")


class BundleError(ServerError, ValueError):
    """A file that is not a bundle, or cannot be read or written; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The holder (a cart's name, or the server's), its store, and the broker."""

    store: str
    name: str
    broker: str


def write_bundle(path: Path, bundle: Bundle, *, certificate: bytes, key: bytes, authority: bytes) -> None:
    """Writes a bundle that only its owner may read; an older file of that name is replaced in one step.

    Raises:
        BundleError: the file cannot be written.
    """
    head = [_HEAD, *(f"{field}: {getattr(bundle, field)}" for field in _FIELDS), "", ""]
    try:
        write_private(path, "\n".join(head).encode() + certificate + key + authority)
    except OSError as error:
        raise BundleError(f"{path}: cannot be written: {error.strerror}") from error


def read_bundle(path: Path) -> Bundle:
    """Reads a bundle's head; its blocks are read by TLS.

    Raises:
        BundleError: the file cannot be read or is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("-----BEGIN", 1)[0].splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read as a bundle: {error}") from None
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    if not lines or lines[0] != _HEAD or not all(told.get(field) for field in _FIELDS):
        raise BundleError(f"{path} is not a bundle: create one with `smartcart pair issue` or `smartcart pair server`")
    return Bundle(**{field: told[field] for field in _FIELDS})


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, atomically, and on disk when this returns."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """A new name is on disk only when its folder is; Windows does that by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A bundle: the one file with which a cart or a server joins a store.

It is a PEM file with the holder's certificate, its key and the store's authority, headed by lines that tell who the
holder is and where the broker is. Text before the first block is allowed there (RFC 7468, section 2), so that any
MQTT client takes the file as it stands: ``mosquitto_sub --cafile B --cert B --key B``.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smartcart.server.errors import ServerError

_HEAD: Final = "smartcart bundle"
_FIELDS: Final = ("store", "name", "broker")


class BundleError(ServerError, ValueError):
    """A file that is no bundle, or cannot be read or written; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Who joins (a cart's name, or the server's), which store, and over which broker."""

    store: str
    name: str
    broker: str


def write_bundle(path: Path, bundle: Bundle, *, certificate: bytes, key: bytes, authority: bytes) -> None:
    """Writes a bundle that its owner alone may read; an older file of that name is replaced in one step.

    Raises:
        BundleError: the file cannot be written.
    """
    head = [_HEAD, *(f"{field}: {getattr(bundle, field)}" for field in _FIELDS), "", ""]
    try:
        write_private(path, "\n".join(head).encode() + certificate + key + authority)
    except OSError as error:
        raise BundleError(f"{path}: cannot be written: {error.strerror}") from error


def read_bundle(path: Path) -> Bundle:
    """Reads a bundle's head; its blocks are for TLS to read.

    Raises:
        BundleError: the file cannot be read or is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("-----BEGIN", 1)[0].splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read as a bundle: {error}") from None
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    if not lines or lines[0] != _HEAD or not all(told.get(field) for field in _FIELDS):
        raise BundleError(f"{path} is no bundle: make one with `smartcart pair issue` or `smartcart pair server`")
    return Bundle(**{field: told[field] for field in _FIELDS})


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that its owner alone may read, whole or not at all, and on the disk when this returns."""
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
    """A new name is on the disk only when its folder is; Windows does that by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

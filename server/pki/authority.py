"""The store authority: a folder from which carts, servers and the broker get their certificates.

The folder is the whole record: the authority's key and certificate, every certificate it has issued, and the revocation
list. A private key that it creates goes into the holder's bundle and is not kept.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from smartcart.edge.contract.events import ContractError, checked_name
from smartcart.server.errors import ServerError
from smartcart.server.pki.bundle import write_private
from smartcart.server.pki.certificates import (
    CertificateRole,
    Issued,
    Key,
    certificate_to_pem,
    describe,
    key_to_pem,
    make_authority,
    make_certificate,
    make_revocations,
    new_key,
    store_of,
)

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 730
SERVER: Final = "@server"
BROKER: Final = "@broker"
_KEY: Final = "authority.key"
_CERTIFICATE: Final = "authority.crt"
_REVOKED: Final = "revoked.crl"
_ISSUED: Final = "issued"
_BROKER_URL: Final = "broker.url"


class AuthorityError(ServerError):
    """The authority cannot do this; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An issued certificate and whether it was revoked."""

    issued: Issued
    revoked: datetime | None

    def state(self, now: datetime) -> str:
        """``good``, ``revoked`` or ``expired``."""
        if self.revoked:
            return "revoked"
        return "good" if now < self.issued.expires else "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of a holder; the only copy of its key."""

    issued: Issued
    certificate: bytes
    key: bytes


class StoreAuthority:
    """One store's authority, opened from its folder; ``create`` makes a new one."""

    def __init__(self, folder: Path) -> None:
        """Opens an authority.

        Raises:
            AuthorityError: there is none, its files cannot be read, or its key is readable by others.
        """
        self._folder = folder
        try:
            key_file = folder / _KEY
            if key_file.stat().st_mode & 0o077 and os.name == "posix":
                raise AuthorityError(f"{key_file} can be read by others: chmod 600 it, or better, make a new authority")
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            self._certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
        except FileNotFoundError as error:
            raise AuthorityError(
                f"{error.filename} does not exist: `smartcart pair create` creates an authority"
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise AuthorityError(f"{folder}: not a usable authority: {error}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != self._certificate.public_key():
            raise AuthorityError(f"{folder}: key and certificate do not belong together")
        self._key: Key = key

    @classmethod
    def create(cls, folder: Path, store: str, *, days: int = AUTHORITY_DAYS, now: datetime | None = None) -> Self:
        """Creates an authority; its key is readable by its owner alone.

        Raises:
            AuthorityError: there is one already, the store's name is invalid, or the folder cannot be written.
        """
        _check_name(store, "store")
        if (folder / _KEY).exists() or (folder / _CERTIFICATE).exists():
            raise AuthorityError(
                f"{folder} already contains an authority: without it all its certificates would be worthless"
            )
        now, key = now or datetime.now(UTC), new_key()
        certificate = make_authority(key, store, now, days)
        with _writing(folder):
            (folder / _ISSUED).mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            write_private(folder / _KEY, key_to_pem(key))
            write_private(folder / _CERTIFICATE, certificate_to_pem(certificate))
        made = cls(folder)
        made._revoke((), now)
        return made

    @property
    def store(self) -> str:
        """The store of the authority."""
        return store_of(self._certificate)

    @property
    def certificate(self) -> bytes:
        """The authority's own certificate, PEM."""
        return certificate_to_pem(self._certificate)

    @property
    def expires(self) -> datetime:
        return self._certificate.not_valid_after_utc

    def broker_url(self) -> str | None:
        """The address of this store's broker; it is in every bundle."""
        path = self._folder / _BROKER_URL
        return self._read(_BROKER_URL).decode().strip() if path.exists() else None

    def set_broker_url(self, url: str) -> None:
        """Stores the broker's address.

        Raises:
            AuthorityError: the folder cannot be written.
        """
        with _writing(self._folder):
            write_private(self._folder / _BROKER_URL, f"{url}\n".encode())

    def revocations(self) -> bytes:
        """The revocation list, PEM, as Mosquitto reads it.

        Raises:
            AuthorityError: it cannot be read.
        """
        return self._read(_REVOKED)

    def issue(
        self,
        name: str,
        role: CertificateRole,
        *,
        hosts: Sequence[str] = (),
        days: int = CERTIFICATE_DAYS,
        again: bool = False,
        now: datetime | None = None,
    ) -> Credentials:
        """Issues a certificate with a fresh key.

        Args:
            name: the cart's name; a server's or the broker's begins with ``@``.
            again: allows a holder that already has a valid certificate, which stays valid until it is revoked.

        Raises:
            AuthorityError: the name is invalid or taken, or the folder cannot be written.
        """
        now = now or datetime.now(UTC)
        _check_name(name if role is CertificateRole.CART else name.removeprefix("@"), str(role))
        if not again and any(h.issued.name == name and h.state(now) == "good" for h in self.holders()):
            raise AuthorityError(f"{name} already has a valid certificate: renew it, or revoke it first")
        key = new_key()
        try:
            certificate = make_certificate(
                key,
                name=name,
                role=role,
                hosts=hosts,
                authority=self._certificate,
                authority_key=self._key,
                now=now,
                days=days,
            )
        except ValueError as error:
            raise AuthorityError(f"no certificate can be made for {name}: {error}") from None
        issued = describe(certificate)
        with _writing(self._folder):
            write_private(self._folder / _ISSUED / f"{issued.serial:040x}.crt", certificate_to_pem(certificate))
        return Credentials(issued=issued, certificate=certificate_to_pem(certificate), key=key_to_pem(key))

    def holders(self) -> list[Holder]:
        """All certificates ever issued, by name and then the newest first.

        Raises:
            AuthorityError: the folder cannot be read.
        """
        revoked = dict(self._revoked())
        try:
            # certificates count whole seconds; of two in one second, the file's own time tells which is newer
            files = sorted((self._folder / _ISSUED).glob("*.crt"), key=lambda file: -file.stat().st_mtime_ns)
            all_issued = [describe(x509.load_pem_x509_certificate(file.read_bytes())) for file in files]
        except (OSError, ValueError) as error:
            raise AuthorityError(f"{self._folder / _ISSUED}: cannot be read: {error}") from None
        holders = [Holder(issued=issued, revoked=revoked.get(issued.serial)) for issued in all_issued]
        return sorted(holders, key=lambda h: (h.issued.name, -h.issued.issued.timestamp()))

    def revoke(self, name: str, *, but_newest: bool = False, now: datetime | None = None) -> list[Issued]:
        """Revokes the valid certificates of a holder, all of them or all but the newest; returns them.

        Raises:
            AuthorityError: it has none, or the folder cannot be written.
        """
        now = now or datetime.now(UTC)
        good = [h.issued for h in self.holders() if h.issued.name == name and h.state(now) == "good"]
        if not good:
            raise AuthorityError(f"{name} has no valid certificate: see `smartcart pair list`")
        going = good[1:] if but_newest else good
        self._revoke([(issued.serial, now) for issued in going], now)
        return going

    def _revoked(self) -> Iterator[tuple[int, datetime]]:
        try:
            for entry in x509.load_pem_x509_crl(self.revocations()):
                yield entry.serial_number, entry.revocation_date_utc
        except ValueError as error:
            raise AuthorityError(f"{self._folder / _REVOKED}: not a revocation list: {error}") from None

    def _revoke(self, more: Sequence[tuple[int, datetime]], now: datetime) -> None:
        with _writing(self._folder):
            known = list(self._revoked()) if (self._folder / _REVOKED).exists() else []
            revocations = make_revocations([*known, *more], self._certificate, self._key, now)
            write_private(self._folder / _REVOKED, revocations.public_bytes(serialization.Encoding.PEM))

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise AuthorityError(f"{self._folder / name}: cannot be read: {error.strerror}") from None


def _check_name(name: str, what: str) -> None:
    try:
        checked_name(name, what)
    except ContractError as error:
        raise AuthorityError(error.reason) from None


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """One writer at a time, so that no revocation is lost; errors in plain words."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(folder / ".lock", isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            yield
    except (OSError, sqlite3.Error) as error:
        raise AuthorityError(f"{folder}: cannot be written: {error}") from error

"""The X.509 that a store needs: its authority, certificates for broker, servers and carts, and the revocation list.

Pure: results are returned, nothing is read or written. Keys are ECDSA on P-256, which Mosquitto, OpenSSL and the small
computers of carts all support. A certificate's common name is the user name that Mosquitto gives its holder.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCK_SLACK: Final = timedelta(days=1)
"""How long before its creation a certificate is valid, for a cart whose clock is slow."""

Key = ec.EllipticCurvePrivateKey


class CertificateRole(StrEnum):
    """The purpose of a certificate; it is in the subject's organisational unit."""

    CART = "cart"
    SERVER = "server"
    BROKER = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate issued by the authority.

    ``name`` is the cart's; a server's and the broker's begin with ``@``, which no cart's can.
    """

    serial: int
    name: str
    role: CertificateRole
    issued: datetime
    expires: datetime


def new_key() -> Key:
    """A fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_to_pem(key: Key) -> bytes:
    """PKCS #8, without a password."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def certificate_to_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def make_authority(key: Key, store: str, now: datetime, days: int) -> x509.Certificate:
    """The store's own root: it may sign certificates and revocation lists, but no further authorities."""
    name = _subject(store, f"smartcart authority of {store}"[:64], None)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = _builder(key, name, name, now, now + timedelta(days=days))
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def make_certificate(
    key: Key,
    *,
    name: str,
    role: CertificateRole,
    hosts: Sequence[str],
    authority: x509.Certificate,
    authority_key: Key,
    now: datetime,
    days: int,
) -> x509.Certificate:
    """A certificate of one holder, valid for ``days`` but never longer than the authority.

    The broker's is valid for TLS servers only, at ``hosts`` (names or IP addresses); all others for clients only.
    """
    until = min(now + timedelta(days=days), authority.not_valid_after_utc)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if role is CertificateRole.BROKER else ExtendedKeyUsageOID.CLIENT_AUTH
    store = store_of(authority)
    builder = (
        _builder(key, _subject(store, name, role), authority.subject, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(_authority_key_id(authority), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_host, hosts))), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def make_revocations(
    serials: Iterable[tuple[int, datetime]], authority: x509.Certificate, authority_key: Key, now: datetime
) -> x509.CertificateRevocationList:
    """The revocation list: serial and time of each.

    It is valid as long as the authority. A broker with an expired list accepts nobody, and here the list is next to the
    broker, where an attacker who could hold back a newer one could do worse.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - CLOCK_SLACK)
        .next_update(authority.not_valid_after_utc)
        .add_extension(_authority_key_id(authority), critical=False)
    )
    for serial, at in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority_key, hashes.SHA256())


def describe(certificate: x509.Certificate) -> Issued:
    """The contents of one of our certificates.

    Raises:
        ValueError: it is not one of ours.
    """
    role = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(role) != 1 or len(name) != 1:
        raise ValueError("a certificate without name or role")
    return Issued(
        serial=certificate.serial_number,
        name=str(name[0].value),
        role=CertificateRole(str(role[0].value)),
        issued=certificate.not_valid_before_utc + CLOCK_SLACK,
        expires=certificate.not_valid_after_utc,
    )


def store_of(authority: x509.Certificate) -> str:
    """The store of the authority."""
    return str(authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)


def _builder(
    key: Key, subject: x509.Name, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(store: str, name: str, role: CertificateRole | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, store)]
    if role:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_id(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)

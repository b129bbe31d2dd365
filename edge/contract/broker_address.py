"""The broker's address and our credentials: a URL, files for TLS, and the environment. For cart and server alike."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from smartcart.edge.errors import EdgeError


class BrokerAddressError(EdgeError, ValueError):
    """An unusable broker URL; the message says what is wrong with it, without the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """``mqtt://[user:password@]host[:port]``, or ``mqtts://`` for TLS checked against the system's CAs or ``ca``.

    ``cert`` and ``key`` are the client's, both PEM, if the broker requires them; ``key`` may be omitted if the
    certificate's file contains the key. User and password may come from the environment instead
    (``SMARTCART_MQTT_USER``, ``SMARTCART_MQTT_PASSWORD``). ``str()`` never shows them.
    """

    host: str
    port: int
    tls: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """Reads a URL.

        Raises:
            BrokerAddressError: another scheme, no host, a bad port, or a file for TLS that is missing, of the wrong
                kind, or unused.

        >>> str(BrokerAddress.parse("mqtts://me:secret@store.example"))
        'mqtts://store.example:8883'
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BrokerAddressError("the broker's port must be a number from 1 to 65535") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path not in ("", "/"):
            raise BrokerAddressError("the broker's address must look like mqtt://HOST:1883 or mqtts://HOST:8883")
        tls = parts.scheme == "mqtts"
        if (ca or cert or key) and not tls:
            raise BrokerAddressError("--ca, --cert and --key are for mqtts:// only")
        if key and not cert:
            raise BrokerAddressError("--key needs --cert, the certificate it belongs to")
        user = unquote(parts.username) if parts.username else environment.get("SMARTCART_MQTT_USER")
        password = unquote(parts.password) if parts.password else environment.get("SMARTCART_MQTT_PASSWORD")
        address = cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            tls=tls,
            user=user or None,
            password=password if user else None,
            ca=ca,
            cert=cert,
            key=key,
        )
        if tls:
            address.trust()  # a wrong file is reported now, not at the first connection
        return address

    def trust(self) -> ssl.SSLContext:
        """The TLS settings: version 1.2 or newer, the broker's name checked.

        Raises:
            BrokerAddressError: a file is missing or of the wrong kind.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise BrokerAddressError(f"{self.ca}: contains no certificate authorities: {error}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert:
            try:
                context.load_cert_chain(self.cert, self.key, password=_no_password)
            except (OSError, ssl.SSLError) as error:
                files = f"{self.cert} and {self.key}" if self.key else str(self.cert)
                raise BrokerAddressError(f"{files}: not a certificate with its key: {error}") from None
        return context

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


def _no_password() -> str:
    """Without this, OpenSSL would ask for it on the terminal, where nobody sits."""
    raise BrokerAddressError("a key with a password cannot be used: give one without, readable by its user alone")

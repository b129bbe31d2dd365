"""Where the broker is and who the cart is to it: a URL, and files for TLS."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit


class BrokerAddressError(ValueError):
    """The broker's address or a file for TLS cannot be used; the message says what one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker, as ``mqtt://[user:password@]host[:port]`` or ``mqtts://`` for TLS; its text never shows the password.

    ``ca`` holds the certificate authorities that may vouch for the broker (None: the system's); ``cert`` and ``key``
    are the cart's own, both PEM; a key that stands in the same file as its certificate need not be named.
    """

    host: str
    port: int
    secure: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def parse(cls, url: str, *, ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> Self:
        """Reads a URL.

        Raises:
            BrokerAddressError: it is not of that form, or files for TLS are given where none is spoken.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BrokerAddressError(f"the broker's address cannot be read: {error}") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise BrokerAddressError("a broker's address looks like mqtt://127.0.0.1:1883 or mqtts://broker.store:8883")
        secure = parts.scheme == "mqtts"
        if not secure and (ca or cert or key):
            raise BrokerAddressError("--ca, --cert and --key are for mqtts:// only")
        if key and not cert:
            raise BrokerAddressError("--key needs --cert, the certificate that it belongs to")
        return cls(
            host=parts.hostname,
            port=port or (8883 if secure else 1883),
            secure=secure,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ca=ca,
            cert=cert,
            key=key,
        )

    def trust(self) -> ssl.SSLContext:
        """What TLS is spoken with: version 1.2 or newer, the broker's name checked.

        Raises:
            BrokerAddressError: a file is missing or holds something else.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise BrokerAddressError(f"{self.ca}: holds no certificate authorities: {error}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert:
            try:
                context.load_cert_chain(self.cert, self.key, password=_no_password)
            except (OSError, ssl.SSLError) as error:
                files = f"{self.cert} and {self.key}" if self.key else str(self.cert)
                raise BrokerAddressError(f"{files}: no certificate with its key: {error}") from None
        return context

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _no_password() -> str:
    """Without this OpenSSL would ask on the terminal, where nobody sits."""
    raise BrokerAddressError("a key with a password cannot be used: give one without, readable by its user alone")

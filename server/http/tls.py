"""A certificate for the server itself, checked before the first request."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from smartcart.server.errors import ServerError


class TlsError(ServerError):
    """Certificate or key is unusable; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificate chain and private key, as PEM files."""

    cert: Path
    key: Path

    def check(self) -> None:
        """Checks that the two can be read and belong together.

        Raises:
            TlsError: they cannot be read or do not belong together.
        """
        for path in (self.cert, self.key):
            try:
                path.read_bytes()
            except OSError as error:
                raise TlsError(f"{path}: {error.strerror}") from None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert, self.key, password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            why = getattr(error, "reason", None) or "not PEM, or the key has a password"
            raise TlsError(
                f"{self.cert} and {self.key} are not a certificate and its key as PEM files without a password: {why}"
            ) from None

"""Where the broker is and who we are to it, read from a URL."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit


class AddressError(ValueError):
    """A broker URL that cannot be taken; the message says what is wrong with it, without the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """``mqtt://[user:password@]host[:port]``, or ``mqtts://`` for TLS checked against the system's CAs or ``ca_file``.

    User and password may stand in the environment instead (``SMARTCART_MQTT_USER``, ``SMARTCART_MQTT_PASSWORD``).
    ``str()`` never shows them.
    """

    host: str
    port: int
    tls: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def parse(cls, url: str, *, ca_file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Self:
        """Reads a URL.

        Raises:
            AddressError: another scheme, no host, a bad port, a CA file that is not there or that nothing would use.

        >>> str(BrokerAddress.parse("mqtts://me:secret@store.example"))
        'mqtts://store.example:8883'
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressError("the broker's port must be a number from 1 to 65535") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path not in ("", "/"):
            raise AddressError("the broker's address must look like mqtt://HOST:1883 or mqtts://HOST:8883")
        tls = parts.scheme == "mqtts"
        if ca_file is not None and not tls:
            raise AddressError("a CA file is for mqtts:// only")
        if ca_file is not None and not ca_file.is_file():
            raise AddressError(f"CA file {ca_file} is not there")
        user = unquote(parts.username) if parts.username else environment.get("SMARTCART_MQTT_USER")
        password = unquote(parts.password) if parts.password else environment.get("SMARTCART_MQTT_PASSWORD")
        return cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            tls=tls,
            user=user or None,
            password=password if user else None,
            ca_file=ca_file,
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"

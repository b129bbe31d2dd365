"""How a gallery reaches a cart: a retained pointer, the cart's requests, and the parts that answer them.

Everything uses the cart's own topics, so that its certificate suffices. Pure and standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from smartcart.edge.contract.events import ContractError, Json, check, encode, parse_object

POINTER_SCHEMA: Final = "smartcart.gallery-pointer/1"
PART_BYTES: Final = 128 * 1024
MOST_BYTES: Final = 64 * 1024 * 1024
_SHA: Final[Json] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SIZE: Final[Json] = {"type": "integer", "minimum": 0, "maximum": MOST_BYTES}

POINTER: Final[Json] = {
    "type": "object",
    "required": ["schema", "version", "size", "sha256"],
    "properties": {
        "schema": {"type": "string", "enum": [POINTER_SCHEMA]},
        "version": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "size": _SIZE | {"description": "bytes"},
        "sha256": _SHA,
    },
}
FETCH: Final[Json] = {
    "type": "object",
    "required": ["sha256", "offset"],
    "properties": {"sha256": _SHA, "offset": _SIZE | {"description": "where the wanted part begins"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The gallery in force."""

    version: int
    size: int
    sha256: str

    def to_bytes(self) -> bytes:
        named = {"version": self.version, "size": self.size, "sha256": self.sha256}
        return encode({"schema": POINTER_SCHEMA} | named)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a pointer.

        Raises:
            ContractError: it is not one.
        """
        raw = _checked(payload, POINTER, "pointer")
        return cls(version=raw["version"], size=raw["size"], sha256=raw["sha256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A cart's request for ``PART_BYTES`` of a gallery from ``offset`` on."""

    sha256: str
    offset: int

    def to_bytes(self) -> bytes:
        return encode({"sha256": self.sha256, "offset": self.offset})

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a request.

        Raises:
            ContractError: it is not one.
        """
        raw = _checked(payload, FETCH, "fetch")
        return cls(sha256=raw["sha256"], offset=raw["offset"])


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPart:
    """A part of a gallery: 64 digits of the SHA-256, 10 of the offset, then the bytes."""

    sha256: str
    offset: int
    data: bytes

    def to_bytes(self) -> bytes:
        return f"{self.sha256}{self.offset:010d}".encode() + self.data

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a part.

        Raises:
            ContractError: it is not one.
        """
        head = payload[:74].decode("ascii", "replace")
        if len(head) < 74 or not head[64:].isdecimal() or len(payload) > 74 + PART_BYTES:
            raise ContractError("message is not a part of a gallery")
        return cls(sha256=head[:64], offset=int(head[64:]), data=payload[74:])


def _checked(payload: bytes, schema: Json, word: str) -> Mapping[str, Any]:
    raw = parse_object(payload)
    check(raw, schema, word)
    return raw

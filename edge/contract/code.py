"""The message by which a cart reports a code that was held before its camera at the request of its screen.

Pure and standard library only.
"""

from dataclasses import dataclass
from typing import Final, Self

from smartcart.edge.contract.events import ID_PATTERN, Json, check, check_writable, encode, parse_object

CODE_SCHEMA: Final = "smartcart.code/1"
MOST_LETTERS: Final = 200

CODE: Final[Json] = {
    "type": "object",
    "required": ["schema", "scan", "text"],
    "properties": {
        "schema": {"type": "string", "enum": [CODE_SCHEMA]},
        "scan": {"type": "string", "pattern": ID_PATTERN, "description": "the id of the request"},
        "text": {"type": "string", "minLength": 1, "maxLength": MOST_LETTERS, "description": "what the code contains"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReport:
    """A ``code`` message; ``text`` is the content of the code, which holds a product number."""

    scan: str
    text: str

    def to_bytes(self) -> bytes:
        """Encodes the message."""
        return encode({"schema": CODE_SCHEMA, "scan": self.scan, "text": self.text})

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Decodes a message.

        Raises:
            ContractError: it is not a ``code`` message.
        """
        raw = parse_object(payload)
        check_writable(raw)
        check(raw, CODE, "code")
        return cls(scan=raw["scan"], text=raw["text"])

"""A cart's report on a lesson: its progress, and finally its result or the reason why nothing was learnt.

Pure and standard library only.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Literal, Self

from smartcart.edge.contract.events import ID_PATTERN, ContractError, Json, check, check_writable, encode, parse_object

LESSON_SCHEMA: Final = "smartcart.lesson/1"
MOST_BYTES: Final = 64 * 1024
MOST_VIEWS: Final = 1000

LESSON: Final[Json] = {
    "type": "object",
    "required": ["schema", "lesson", "state", "progress", "views", "says"],
    "properties": {
        "schema": {"type": "string", "enum": [LESSON_SCHEMA]},
        "lesson": {"type": "string", "pattern": ID_PATTERN},
        "state": {"type": "string", "enum": ["teaching", "learnt", "refused"]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1, "description": "how full the ring is"},
        "views": {"type": "integer", "minimum": 0, "maximum": MOST_VIEWS, "description": "how many were taken"},
        "says": {"type": "string", "maxLength": 500, "description": "what to do now, or why nothing was learnt"},
        "gallery": {
            "type": "string",
            "maxLength": MOST_BYTES,
            "description": "of what was learnt: a gallery with the product alone, in base64; no picture",
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonReport:
    """A ``lesson`` message; ``gallery`` is a gallery file with the product alone, present once it is learnt."""

    lesson: str
    state: Literal["teaching", "learnt", "refused"]
    progress: float = 0.0
    views: int = 0
    says: str = ""
    gallery: bytes | None = None

    @property
    def is_last(self) -> bool:
        """True once the lesson is over."""
        return self.state != "teaching"

    def to_bytes(self) -> bytes:
        """The message as it goes over the wire."""
        message: Json = {"schema": LESSON_SCHEMA, "lesson": self.lesson, "state": self.state}
        message |= {"progress": round(self.progress, 3), "views": self.views, "says": self.says[:500]}
        if self.gallery is not None:
            message["gallery"] = base64.b64encode(self.gallery).decode()
        return encode(message)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Reads a report; the gallery's contents are not checked.

        Raises:
            ContractError: it is not one, or reports success without a gallery.
        """
        raw = parse_object(payload, MOST_BYTES)
        check_writable(raw)
        check(raw, LESSON, "lesson")
        if (raw["state"] == "learnt") != ("gallery" in raw):
            raise ContractError("'gallery' belongs to a learnt lesson only")
        try:
            gallery = base64.b64decode(raw["gallery"], validate=True) if "gallery" in raw else None
        except binascii.Error:
            raise ContractError("lesson.gallery is not base64") from None
        fields = {name: raw[name] for name in ("lesson", "state", "progress", "views", "says")}
        return cls(**fields, gallery=gallery)

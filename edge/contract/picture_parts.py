"""Names the parts of an ``evidence`` picture, left to right, in the JPEG's comment (ITU-T T.81, B.2.4.5).

A picture with several parts is a row of squares; one without a comment shows only the item.
"""

from typing import Final

PARTS: Final = ("before", "item", "after")
"""``before`` and ``after`` show the item's place without a hand, ``item`` the best view of the item."""
ITEM_ALONE: Final = ("item",)
_COMMENT: Final = 0xFE
_SCAN: Final = 0xDA


def with_parts(jpeg: bytes, parts: tuple[str, ...]) -> bytes:
    """Adds a comment with the names of the parts to a JPEG."""
    words = ",".join(parts).encode("ascii")
    return jpeg[:2] + bytes((0xFF, _COMMENT)) + (len(words) + 2).to_bytes(2) + words + jpeg[2:]


def parts_of(jpeg: bytes) -> tuple[str, ...]:
    """Reads the names of a JPEG's parts; the item alone if there is no comment, or an unknown one."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != _SCAN:
        length = int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] == _COMMENT:
            return _known(jpeg[at + 4 : at + 2 + length])
        if length < 2:
            break
        at += 2 + length
    return ITEM_ALONE


def _known(words: bytes) -> tuple[str, ...]:
    named = tuple(words[:40].decode("ascii", "replace").split(","))
    return named if named in {PARTS, ("before", "after")} else ITEM_ALONE

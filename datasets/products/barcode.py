"""EAN-13 bar codes, as GS1's General Specifications draw them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
ODD: Final = [f"{code:07b}" for code in (13, 25, 19, 61, 35, 49, 47, 59, 55, 11)]
EVEN: Final = [code[::-1].translate(str.maketrans("01", "10")) for code in ODD]
RIGHT: Final = [code.translate(str.maketrans("01", "10")) for code in ODD]
PARITY: Final = (
    *("OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE"),
    *("OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO"),
)
MODULES: Final = 95
QUIET: Final = 9
WIDTH: Final = MODULES + 2 * QUIET


def ean13(body: int) -> str:
    """Thirteen digits that begin with the twelve of ``body``.

    Example:
        >>> ean13(400638133393)
        '4006381333931'
    """
    digits = f"{body % 10**12:012d}"
    total = sum(int(d) * (3 if k % 2 else 1) for k, d in enumerate(digits))
    return digits + str(-total % 10)


def modules(number: str) -> str:
    """The 95 modules of a thirteen-digit number, 1 for a bar and 0 for a gap."""
    lead, left, right = int(number[0]), number[1:7], number[7:]
    pattern = zip(left, PARITY[lead], strict=True)
    first = "".join((ODD if parity == "O" else EVEN)[int(d)] for d, parity in pattern)
    return f"101{first}01010{''.join(RIGHT[int(d)] for d in right)}101"


def paint(sheet: Picture, number: str, *, middle: int, top: int, height: int, room: int) -> None:
    """Prints a bar code on white into a picture (h, w, 3), in place; one that does not fit is clipped.

    Args:
        sheet: the picture.
        number: thirteen digits.
        middle: the column of its middle.
        top: its first row.
        height: in pixels.
        room: its maximum width in pixels; it is never narrower than one pixel a module.
    """
    wide = max(1, room // WIDTH)
    bars = np.array([int(m) for m in "0" * QUIET + modules(number) + "0" * QUIET], np.uint8)
    row = np.repeat(np.where(bars == 1, 12, 252).astype(np.uint8), wide)
    left = middle - len(row) // 2
    shown = row[max(0, -left) : sheet.shape[1] - left]
    sheet[top : top + height, max(0, left) : max(0, left) + len(shown)] = shown[None, :, None]

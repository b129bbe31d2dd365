"""A box of the truth, as a person or the simulator drew it."""

from dataclasses import dataclass

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueBox:
    """A true box; corners x1 y1 x2 y2 as shares of the picture.

    ``visible`` is the visible share of the object and ``held`` whether it is in a hand; None if unknown.
    """

    label: str
    corners: Corners
    visible: float | None = None
    held: bool | None = None

"""What a visit changed in the picture, as plain data, and the port of the witness that reports it.

The detector reports what it knows by name. The witness reports only that a place looks different, and whether something
came or went there. It decides nothing: it is asked at the end of a visit, and its silence means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from smartcart.edge.vision.detection import Box

Kind = Literal["added", "removed", "moved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPlace:
    """A place that looks different after a visit; ``kind`` is None if the cause is unclear.

    ``share`` is its part of the zone, in [0, 1].
    """

    box: Box
    kind: Kind | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The differences between the quiet picture before a visit and the one after it.

    ``share`` is the part of the zone that differs, in [0, 1], whether or not a hand was there; ``places`` are those
    that a hand reached, the largest first.
    """

    share: float
    places: Sequence[ChangedPlace]


class Witness(Protocol):
    """Remembers how the zone looked; one instance per camera."""

    def began(self, time: float) -> None:
        """A visit begins at this media time (s): pictures of the zone before it are kept."""
        ...

    def change(self, since: float, time: float, hands: Sequence[Box]) -> Change | None:
        """What the visit changed; None if unknown, because too little was seen or something moves.

        Args:
            since: since when the zone is quiet, media time in seconds.
            time: now.
            hands: places of hands in the zone on this visit.
        """
        ...

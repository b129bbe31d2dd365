"""What a visit changed in the picture, as plain data, and the port of the witness that tells it.

The detector tells what it knows by name; this witness tells only that a place looks otherwise, and whether something
came there or went. It is no decider: it is asked at the close of a visit, and its silence means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from smartcart.edge.vision.detection import Box

Kind = Literal["added", "removed", "moved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPlace:
    """A place that looks otherwise after a visit; ``kind`` is None where it is not clear why.

    ``share`` is its part of the zone, in [0, 1].
    """

    box: Box
    kind: Kind | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs between the quiet picture before a visit and the one after it.

    ``share`` is the part of the zone that differs, in [0, 1], wherever hands were; ``places`` are those at which a hand
    was, the largest first.
    """

    share: float
    places: Sequence[ChangedPlace]


class Witness(Protocol):
    """Remembers how the zone looked; one instance a camera."""

    def began(self, time: float) -> None:
        """A visit begins at this media time (s): how the zone looked until then is kept."""
        ...

    def change(self, since: float, time: float, hands: Sequence[Box]) -> Change | None:
        """What the visit changed; None where that cannot be told, since too little was seen or something moves.

        Args:
            since: since when the zone is quiet, media time in seconds.
            time: now.
            hands: where hands were in the zone on this visit.
        """
        ...

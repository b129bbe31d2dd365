"""What a thing is called in one frame: the detector's votes and a recogniser's reading, joined to one opinion.

Both are taken as independent witnesses, so their probabilities are multiplied; the detector's, which names things in
passing, to a lesser power, and never below a floor, because what it never said may still be so.
"""

from collections.abc import Mapping
from typing import Final

DETECTORS_POWER: Final = 0.5
DETECTORS_FLOOR: Final = 0.05
LEAST_SHARE: Final = 1e-3


def joined(votes: Mapping[str, float], named: Mapping[str, float]) -> Mapping[str, float]:
    """One frame's votes after a reading, in sum what the detector's were.

    Args:
        votes: label to the detector's confidence.
        named: label to the recogniser's probability; empty where nothing was read.

    >>> joined({"tub": 0.8}, {"cup": 0.95, "tub": 0.05})["cup"] > 0.6
    True
    >>> joined({"tub": 0.8}, {})
    {'tub': 0.8}
    """
    total = sum(votes.values())
    shares = {
        label: named.get(label, 0.0) * max(votes.get(label, 0.0) / total, DETECTORS_FLOOR) ** DETECTORS_POWER
        for label in {**votes, **named}
    }
    whole = sum(shares.values())
    if whole <= 0:
        return dict(votes)
    return {label: total * share / whole for label, share in shares.items() if share > LEAST_SHARE * whole}

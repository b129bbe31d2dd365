"""An item's class in one frame: the detector's votes and a recogniser's answer, combined.

Both are treated as independent witnesses, so their probabilities are multiplied. The detector's, for which names are
secondary, are raised to a lesser power. Neither counts below a floor, because what it never named may still be true. A
recogniser may answer *unknown*; then all votes lose that share, because an object that nobody can name may not be an
item.
"""

from collections.abc import Mapping
from typing import Final

from smartcart.models.labels import UNKNOWN

DETECTORS_POWER: Final = 0.5
DETECTORS_FLOOR: Final = 0.05
READINGS_FLOOR: Final = 0.005
LEAST_SHARE: Final = 1e-3
LEAST_KNOWN: Final = 0.05


def joined(votes: Mapping[str, float], named: Mapping[str, float]) -> Mapping[str, float]:
    """One frame's votes after an answer; they sum to the detector's votes less the share that is *unknown*.

    Args:
        votes: label to the detector's confidence.
        named: label to the recogniser's probability, including ``unknown``; empty if it was not asked.

    >>> joined({"tub": 0.8}, {"cup": 0.95, "tub": 0.05})["cup"] > 0.6
    True
    >>> joined({"tub": 0.8}, {})
    {'tub': 0.8}
    >>> joined({"tub": 0.8}, {"tub": 0.0, "cup": 1.0})["tub"] > 0
    True
    >>> sum(joined({"can": 0.8}, {"can": 0.1, "unknown": 0.9}).values()) < 0.1
    True
    """
    if not named:
        return dict(votes)
    total = sum(votes.values())
    known = max(1 - named.get(UNKNOWN, 0.0), LEAST_KNOWN)
    shares = {
        label: max(named.get(label, 0.0) / known, READINGS_FLOOR)
        * max(votes.get(label, 0.0) / total, DETECTORS_FLOOR) ** DETECTORS_POWER
        for label in {**votes, **{label: share for label, share in named.items() if share >= READINGS_FLOOR}}
        if label != UNKNOWN
    }
    whole = sum(shares.values())
    return {label: total * known * share / whole for label, share in shares.items() if share > LEAST_SHARE * whole}

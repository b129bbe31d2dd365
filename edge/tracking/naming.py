"""What a thing is called in one frame: the detector's votes and a recogniser's reading, joined to one opinion.

Both are taken as independent witnesses, so their probabilities are multiplied; the detector's, which names things in
passing, to a lesser power. Neither counts below a floor, because what it never said may still be so. A recogniser may
answer *unknown*: so much less are all votes worth, for what nobody can name may be no item at all.
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
    """One frame's votes after a reading, in sum what the detector's were, less what the recogniser does not know.

    Args:
        votes: label to the detector's confidence.
        named: label to the recogniser's probability, ``unknown`` among them; empty where nothing was read.

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

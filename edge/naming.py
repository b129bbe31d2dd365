"""What a thing is called in one frame: the detector's votes and a recogniser's reading, joined to one opinion.

Both are taken as independent witnesses, so their probabilities are multiplied; the detector's, which names things in
passing, to a lesser power. Neither is taken below a floor, because what a witness never said may still be so.
"""

from collections.abc import Mapping
from typing import Final

DETECTORS_POWER: Final = 0.5
DETECTORS_FLOOR: Final = 0.05
READINGS_FLOOR: Final = 0.005
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
    >>> joined({"tub": 0.8}, {"tub": 0.0, "cup": 1.0})["tub"] > 0
    True
    """
    if not named:
        return dict(votes)
    total = sum(votes.values())
    shares = {
        label: max(named.get(label, 0.0), READINGS_FLOOR)
        * max(votes.get(label, 0.0) / total, DETECTORS_FLOOR) ** DETECTORS_POWER
        for label in {**votes, **{label: share for label, share in named.items() if share >= READINGS_FLOOR}}
    }
    whole = sum(shares.values())
    return {label: total * share / whole for label, share in shares.items() if share > LEAST_SHARE * whole}

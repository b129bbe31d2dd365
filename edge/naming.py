"""What a thing is called: the detector's votes and a recogniser's readings, joined to one opinion.

Both are taken as independent witnesses, so their probabilities are multiplied; the detector's, which names things in
passing, to a lesser power, and never below a floor, because what it never said may still be so.
"""

from collections.abc import Mapping
from typing import Final

DETECTORS_POWER: Final = 0.5
DETECTORS_FLOOR: Final = 0.05
LEAST_SHARE: Final = 1e-3


def joined(votes: Mapping[str, float], named: Mapping[str, float], readings: int) -> Mapping[str, float]:
    """The votes after the readings, in sum what the detector's were.

    Args:
        votes: label to the detector's summed confidence.
        named: label to the recogniser's summed probability.
        readings: how many probabilities were summed.

    >>> joined({"tub": 4.0}, {"cup": 1.9, "tub": 0.1}, 2)["cup"] > 3
    True
    >>> joined({"tub": 4.0}, {}, 0)
    {'tub': 4.0}
    """
    if not readings:
        return dict(votes)
    total = sum(votes.values())
    shares = {
        label: named.get(label, 0.0) / readings * max(votes.get(label, 0.0) / total, DETECTORS_FLOOR) ** DETECTORS_POWER
        for label in {**votes, **named}
    }
    whole = sum(shares.values())
    if whole <= 0:
        return dict(votes)
    return {label: total * share / whole for label, share in shares.items() if share > LEAST_SHARE * whole}

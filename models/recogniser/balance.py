"""How often a training sees which crops: classes alike, real and rendered alike, and no source too often.

Otherwise a network learns what its largest source looks like. A class is drawn by the root of its number of crops.
Within a class, real and rendered crops have half each, if there are both. Within a style, each source counts by the
root of its number. No crop is drawn more often than ``MOST_OFTEN`` times a pass.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.labels import UNKNOWN
from smartcart.models.recogniser.cut import NAMES, Crops

MOST_OFTEN: Final = 5.0
REAL: Final = 0.6
UNKNOWN_SHARE: Final = 0.12


def chances(crops: Crops) -> NDArray[np.float64]:
    """The probability of each crop to be drawn next, ``[N]``, with sum 1."""
    chance = np.zeros(len(crops))
    for name in np.unique(crops.names):
        of_name = crops.names == name
        for rendered, style_share in _styles(crops.rendered[of_name]).items():
            cell = of_name & (crops.rendered == rendered)
            sources, sizes = np.unique(crops.sources[cell], return_counts=True)
            shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
            for source, size, share in zip(sources, sizes, shares, strict=True):
                chance[cell & (crops.sources == source)] = style_share * share / size
        chance[of_name] *= np.sqrt(of_name.sum())
    chance /= chance.sum()
    unknown = crops.names == NAMES.index(UNKNOWN)
    if 0 < unknown.sum() < len(crops):
        chance[unknown] *= UNKNOWN_SHARE / chance[unknown].sum()
        chance[~unknown] *= (1 - UNKNOWN_SHARE) / chance[~unknown].sum()
    chance = np.minimum(chance, MOST_OFTEN / len(crops))
    return np.asarray(chance / chance.sum(), np.float64)


def _styles(rendered: NDArray[np.bool_]) -> dict[bool, float]:
    """The share of real and of rendered crops; a style without crops has none."""
    if rendered.all() or not rendered.any():
        return {bool(rendered[0]): 1.0}
    return {False: REAL, True: 1 - REAL}

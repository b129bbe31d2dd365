"""Which crops a training sees how often."""

import numpy as np

from smartcart.models.labels import UNKNOWN
from smartcart.models.recogniser.balance import MOST_OFTEN, chances
from smartcart.models.recogniser.cut import NAMES, Crops


def crops(*groups):
    """Groups of (name, source, rendered, how many)."""
    names, sources, rendered = (
        np.concatenate([np.full(count, value) for *_, count, value in column])
        for column in (
            [(*group, NAMES.index(group[0])) for group in groups],
            [(*group, group[1]) for group in groups],
            [(*group, group[2]) for group in groups],
        )
    )
    return Crops(pixels=np.zeros((len(names), 3, 1, 1), np.uint8), names=names, sources=sources, rendered=rendered)


def share(chance, mask):
    return float(chance[mask].sum())


def test_real_crops_are_drawn_though_there_are_many_more_rendered_ones():
    some = crops(("can", 0, True, 900), ("can", 1, False, 200), ("bag", 0, True, 900), ("bag", 2, False, 200))
    chance = chances(some)
    assert share(chance, ~some.rendered) > 0.5
    assert abs(share(chance, some.names == NAMES.index("bag")) - 0.5) < 1e-9


def test_no_source_outweighs_the_others_by_its_size():
    some = crops(("bag", 0, False, 1000), ("bag", 1, False, 250), ("can", 2, False, 1250))
    chance = chances(some)
    assert share(chance, some.sources == 0) < 2.1 * share(chance, some.sources == 1)


def test_a_handful_of_crops_is_not_drawn_without_end():
    some = crops(("jar", 0, False, 3), ("can", 0, True, 997))
    assert chances(some).max() <= 1.2 * MOST_OFTEN / 1000


def test_unknown_takes_its_share_and_no_more():
    some = crops((UNKNOWN, 0, False, 5000), ("can", 0, False, 500), ("can", 1, True, 500))
    assert share(chances(some), some.names == NAMES.index(UNKNOWN)) < 0.2

"""How items are cut out: proportions, fading, the picture's edge."""

import numpy as np
import pytest

from smartcart.models.crop import GREY, SURROUND, item_crop

WHITE = np.full((200, 400, 3), 255, np.uint8)


def test_the_item_fills_its_share_and_keeps_its_proportions() -> None:
    crop = item_crop(WHITE, (0.4, 0.2, 0.6, 0.8), 130)  # 80 x 120 pixels in the middle of a square of 156
    bright = crop[..., 0] > 250
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    assert crop.shape == (130, 130, 3)
    assert rows[-1] - rows[0] + 1 == pytest.approx(130 / SURROUND, abs=2)
    assert columns[-1] - columns[0] + 1 == pytest.approx(130 / SURROUND * 80 / 120, abs=2)
    assert abs((rows[0] + rows[-1]) / 2 - 64.5) <= 1
    assert abs((columns[0] + columns[-1]) / 2 - 64.5) <= 1


def test_what_lies_outside_the_box_is_faded_and_beyond_the_picture_grey() -> None:
    crop = item_crop(WHITE, (0.0, 0.0, 0.25, 0.5), 130)
    assert (crop[0, 0] == GREY).all()
    assert (crop[64, 64] == 255).all()
    assert GREY < crop[124, 64, 0] < 255


@pytest.mark.parametrize("corners", [(0, 0, 1, 1), (0.999, 0.999, 1, 1), (0.5, 0.5, 0.5, 0.5), (0, 0.99, 1, 1)])
def test_any_box_in_the_picture_gives_a_crop(corners: tuple[float, float, float, float]) -> None:
    assert item_crop(WHITE, corners, 32).shape == (32, 32, 3)

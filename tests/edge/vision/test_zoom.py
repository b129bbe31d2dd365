"""A detector that looks at the basket alone."""

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import ModelName
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.zone import DEFAULT_ZONE, Zone
from smartcart.edge.vision.zoom import MARGIN, zoomed

SMALL = Zone(((0.5, 0.4), (0.8, 0.4), (0.8, 0.6), (0.5, 0.6)))


class WhiteFinder:
    """Finds the white rectangle of a black picture."""

    model = ModelName(name="white", hash="0" * 12)

    def __init__(self):
        self.sizes = []

    def detect(self, frame):
        self.sizes.append(frame.image.shape[:2])
        height, width = frame.image.shape[:2]
        rows, columns = np.nonzero(frame.image[..., 0])
        box = columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height
        return [Detection(label="box", confidence=0.9, box=Box(*map(float, box)))]


def picture():
    image = np.zeros((400, 640, 3), np.uint8)
    image[180:220, 352:416] = 255
    return Frame(image=image, index=0, time=0.0)


def test_boxes_are_those_of_the_whole_picture_though_a_part_is_looked_at():
    plain, inner = WhiteFinder(), WhiteFinder()
    [expected] = plain.detect(picture())
    [found] = zoomed(inner, SMALL).detect(picture())
    assert found.box == pytest.approx(expected.box)
    assert inner.sizes[0][0] * inner.sizes[0][1] < 0.6 * plain.sizes[0][0] * plain.sizes[0][1]


def test_the_margin_shows_what_comes_and_goes():
    inner = WhiteFinder()
    zoomed(inner, SMALL).detect(picture())
    assert inner.sizes == [(round(400 * (0.2 + 2 * MARGIN)), round(640 * (0.3 + 0.2 + MARGIN)))]


def test_a_zone_that_fills_the_picture_changes_nothing():
    inner = WhiteFinder()
    assert zoomed(inner, DEFAULT_ZONE) is inner

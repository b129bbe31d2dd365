"""Where the basket is in the picture: its opening, and the part of its inside seen through the wall below that."""

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.judge.settings import REGION
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone


class Region:
    """The basket zone as a summed raster, so that a query for a box costs a microsecond.

    A camera that looks over the near wall of a wire basket sees items at that wall through it, below the opening in the
    picture. So ``contents`` also counts the ``below`` of the picture under the zone; under a small zone, at most half
    its height.
    """

    def __init__(self, zone: Zone) -> None:
        mask = np.zeros((REGION.grid, REGION.grid), np.uint8)
        corners = np.round(np.array(zone.polygon, np.float32) * REGION.grid).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1)
        heights = [y for _, y in zone.polygon]
        below = round(min(REGION.below, REGION.part * (max(heights) - min(heights))) * REGION.grid)
        down = np.zeros((2 * below + 1, 1), np.uint8)
        down[below:] = 1
        self._area = zone.area
        self._opening = np.asarray(cv2.integral(mask), np.int32)
        self._contents = np.asarray(cv2.integral(cv2.dilate(mask, down[::-1])), np.int32)

    def opening(self, box: Box) -> float:
        """The share of a box that lies in the zone, in [0, 1]."""
        return _share(self._opening, box)

    def covered(self, box: Box) -> float:
        """The share of the zone that lies in a box, in [0, 1]."""
        return self.opening(box) * box.area / self._area

    def contents(self, box: Box) -> float:
        """The share of a box that lies where the basket's contents can be seen, in [0, 1]."""
        return _share(self._contents, box)


def _share(total: NDArray[np.int32], box: Box) -> float:
    x1, y1, x2, y2 = (min(REGION.grid, max(0, round(v * REGION.grid))) for v in box)
    x1, y1 = min(x1, REGION.grid - 1), min(y1, REGION.grid - 1)
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    inside = int(total[y2, x2]) - int(total[y1, x2]) - int(total[y2, x1]) + int(total[y1, x1])
    return inside / ((x2 - x1) * (y2 - y1))

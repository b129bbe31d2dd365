"""Faces are made unrecognisable before a picture is stored.

They are found by scikit-image's cascade of local binary patterns, which detects frontal faces. A face keeps its colours
and its outline, so that a detector still learns to ignore it.
"""

from functools import cache
from typing import Any, Final

import cv2
import numpy as np

from smartcart.datasets.photos.backgrounds import Marks
from smartcart.datasets.products.textures import Picture
from smartcart.models.dataset.boxes import Corners

LOOKED_AT: Final = 320  # the picture's longer side in pixels for face detection
LEAST: Final = 28
WIDER: Final = 0.2
BLOCKS: Final = 6
AGREEING: Final = 7  # detections of one face at neighbouring scales; with 4, fingers pass for a face
ON_A_HAND: Final = 0.4


def veiled(picture: Picture, hands: Marks = ()) -> Picture:
    """A copy of a picture (h, w, 3) with faces ``BLOCKS`` blurred blocks wide; detections on a hand are skipped."""
    done = picture.copy()
    height, width = picture.shape[:2]
    for x1, y1, x2, y2 in faces(picture):
        if any(_covered((x1 / width, y1 / height, x2 / width, y2 / height), box) > ON_A_HAND for _, box in hands):
            continue
        part = done[y1:y2, x1:x2]
        small = cv2.resize(part, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(small, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
    return done


def faces(picture: Picture) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of each face in a picture (h, w, 3), with a margin."""
    height, width = picture.shape[:2]
    scale = min(LOOKED_AT / max(height, width), 1.0)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (max(int(width * scale), 1), max(int(height * scale), 1)), interpolation=cv2.INTER_AREA)
    if min(small.shape) <= LEAST:
        return []
    found = _cascade().detect_multi_scale(
        img=small,
        scale_factor=1.2,
        step_ratio=1.0,
        min_neighbor_number=AGREEING,
        min_size=(LEAST, LEAST),
        max_size=(min(small.shape), min(small.shape)),
    )
    return [_widened(face, scale, width, height) for face in found]


def _widened(face: dict[str, Any], scale: float, width: int, height: int) -> tuple[int, int, int, int]:
    margin = WIDER * face["width"]
    x1, y1 = (face["c"] - margin) / scale, (face["r"] - margin) / scale
    x2, y2 = (face["c"] + face["width"] + margin) / scale, (face["r"] + face["height"] + margin) / scale
    return max(int(x1), 0), max(int(y1), 0), min(int(np.ceil(x2)), width), min(int(np.ceil(y2)), height)


def _covered(face: Corners, box: Corners) -> float:
    """The share of a face inside a box."""
    wide, high = min(face[2], box[2]) - max(face[0], box[0]), min(face[3], box[3]) - max(face[1], box[1])
    return max(wide, 0.0) * max(high, 0.0) / ((face[2] - face[0]) * (face[3] - face[1]))


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())

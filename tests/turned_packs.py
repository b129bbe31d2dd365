"""Packs that are turned before a camera, for tests of enrolment: frames, what is found in them, and an embedding."""

from collections.abc import Sequence

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.gallery.gallery_file import Embedding, Floats
from smartcart.edge.vision.detection import Box, Detection

EMBEDDING = Embedding(id="pixels", like=0.8, sharpness=30.0)
AT = Box(0.3, 0.2, 0.7, 0.8)
ITEM = Detection(label="carton", confidence=0.8, box=AT)
HAND = Detection(label="hand", confidence=0.9, box=Box(0.6, 0.6, 0.9, 0.9))


class Pixels:
    """Embeds a crop as its own few pixels, less their mean."""

    embedding = EMBEDDING

    def embed(self, image: Image, boxes: Sequence[Box]) -> Floats:
        height, width = image.shape[:2]
        rows = []
        for box in boxes:
            cut = image[int(box.y1 * height) : int(box.y2 * height), int(box.x1 * width) : int(box.x2 * width)]
            row = cv2.resize(cut, (6, 6), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
            row -= row.mean()
            rows.append(row / np.linalg.norm(row))
        return np.array(rows, np.float32)


def view(seed: int) -> Frame:
    """Some side of a pack, sharp."""
    rng = np.random.default_rng(seed)
    side = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (640, 480), interpolation=cv2.INTER_NEAREST)
    return Frame(index=seed, time=seed / 15, image=np.asarray(side, np.uint8))

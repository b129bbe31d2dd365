"""Writes pictures atomically, and reports every failure."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY: Final = 92


def write_jpeg(file: Path, picture: NDArray[np.uint8]) -> None:
    """Writes a picture (height x width x 3, blue-green-red, 8 bits).

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    part = file.with_suffix(".part")
    try:
        part.write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise

"""A folder of pictures as a frame source."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.address import whole_name
from smartcart.edge.capture.frames import Frame, SourceError
from smartcart.edge.capture.picture import checked_picture

IMAGES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
FOLDER_FPS: Final = 10.0


class ImageFolder:
    """The pictures of a folder in the natural order of their names (2.jpg before 10.jpg), as ``fps`` frames a second.

    Hidden files, folders and pipes are skipped.

    Raises:
        SourceError: the folder contains no picture, or a picture turns out to be unreadable or unusable.
    """

    def __init__(self, folder: Path, fps: float = FOLDER_FPS) -> None:
        named = (p for p in folder.iterdir() if p.suffix.lower() in IMAGES and not p.name.startswith("."))
        pictures = (p for p in named if p.is_file() or not p.exists())  # a dangling link is reported when it is read
        self._paths = sorted(pictures, key=lambda p: natural(p.name))
        self.fps = fps
        self.frame_count = len(self._paths)
        if not self._paths:
            raise SourceError(f"{folder}: contains no picture ({', '.join(IMAGES)})")

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            try:
                image = cv2.imread(whole_name(path), cv2.IMREAD_COLOR)
            except cv2.error:  # more pixels than OpenCV takes
                image = None
            if image is None:
                raise SourceError(f"{path}: not a picture that OpenCV can read")
            picture = checked_picture(np.asarray(image, np.uint8), str(path))
            yield Frame(image=picture, index=index, time=round(index / self.fps, 6))

    def close(self) -> None:
        pass


def natural(name: str) -> tuple[list[str | int], str]:
    """Sort key for natural order: runs of digits compare by value.

    >>> sorted(["f10", "F2", "f1"], key=natural)
    ['f1', 'F2', 'f10']
    """
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", name)], name

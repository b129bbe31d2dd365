"""Annotated video to a file."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np

from smartcart.edge.capture.frames import FrameSource, Image, SourceError
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Step
from smartcart.edge.view.drawing import Annotator
from smartcart.edge.vision.zone import Zone

CODECS: Final = {".webm": "VP80", ".mp4": "mp4v"}


class VideoWriter:
    """Writes annotated frames as WebM or MP4; a context manager.

    WebM (VP8) plays in browsers, MP4 (MPEG-4 part 2) in players, and OpenCV's wheel encodes both everywhere.

    The first frame's size is the video's; a frame of another size is scaled to fit, its proportions kept.

    Raises:
        SourceError: the name has another ending, or the file cannot be opened for writing.
    """

    def __init__(self, path: Path, frames: FrameSource, zone: Zone, judge: Judge) -> None:
        if path.suffix not in CODECS:
            raise SourceError(f"{path}: give a name that ends in {' or '.join(CODECS)}")
        self._path = path
        self._fps = frames.fps
        self._annotator = Annotator(zone, judge)
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._last = -1

    def write(self, step: Step) -> None:
        image = self._annotator.draw(step)
        if self._writer is None:
            self._size = image.shape[1], image.shape[0]
            codec = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix])
            self._writer = cv2.VideoWriter(str(self._path), codec, self._fps, self._size)
            if not self._writer.isOpened():
                raise SourceError(f"{self._path}: cannot be written; name a file in a folder that exists")
        if step.frame.index > self._last:
            self._writer.write(_laid_into(image, self._size))
            self._last = step.frame.index

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.release()


def _laid_into(image: Image, size: tuple[int, int]) -> Image:
    """The whole picture in the middle of one of this width and height, with black around it."""
    width, height = size
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    return canvas

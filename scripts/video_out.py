"""Annotated video to a file."""

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from smartcart.edge.draw import Annotator
from smartcart.edge.frames import FrameSource, SourceError
from smartcart.edge.judge import Judge
from smartcart.edge.pipeline import Step
from smartcart.edge.zone import Zone


class VideoWriter:
    """Writes annotated frames as MP4 (MPEG-4 part 2, which OpenCV encodes everywhere); a context manager.

    Raises:
        SourceError: the file cannot be opened for writing.
    """

    def __init__(self, path: Path, frames: FrameSource, zone: Zone, judge: Judge) -> None:
        self._path = path
        self._fps = frames.fps
        self._annotator = Annotator(zone, judge)
        self._writer: cv2.VideoWriter | None = None
        self._last = -1

    def write(self, step: Step) -> None:
        image = self._annotator.draw(step)
        if self._writer is None:
            size = image.shape[1], image.shape[0]
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._fps, size)
            if not self._writer.isOpened():
                raise SourceError(
                    f"{self._path}: cannot be written; give a name that ends in .mp4 in a folder that exists"
                )
        if step.frame.index > self._last:
            self._writer.write(image)
            self._last = step.frame.index

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.release()

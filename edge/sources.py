"""Frame sources: webcam, video file, image folder, network stream; one word names any of them.

A file ends; a camera or a stream goes on, and when it goes away it is opened again with back-off. While it is away
the source yields nothing but tells ``on_presence``, so that the cart's status says *gone*.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.edge.frames import Frame, FrameSource, Image, SourceError

IMAGES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
STREAMS: Final = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://")
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0
FOLDER_FPS: Final = 10.0

Presence = Callable[[bool], None]


class VideoFile:
    """A recorded video. ``time`` is the frame's own timestamp in the file, ``fps`` its nominal rate.

    Raises:
        SourceError: no such file, not a video, or it breaks off before its first frame.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SourceError(f"{path}: no such video file")
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        self.frame_count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        if not self._capture.isOpened():
            raise SourceError(f"{path}: is not a video that OpenCV can read (or it is truncated)")

    def __iter__(self) -> Iterator[Frame]:
        index, last = 0, -1.0
        while True:
            taken, image = self._capture.read()
            if not taken:
                break
            at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            at = at if at > last else last + 1 / self.fps  # some files carry no timestamps
            yield Frame(image=np.asarray(image, np.uint8), index=index, time=round(at, 6))
            index, last = index + 1, at
        if index == 0:
            raise SourceError(f"{self._path}: holds no readable frame; the file is truncated or not a video")
        if index < 0.9 * self.frame_count:
            raise SourceError(
                f"{self._path}: breaks off after {index} of {self.frame_count} frames; the file is damaged. "
                "What was seen until there has been decided and kept."
            )

    def close(self) -> None:
        self._capture.release()


class ImageFolder:
    """The pictures of a folder in the order of their names, taken as ``fps`` frames a second.

    Raises:
        SourceError: the folder holds no picture, or one cannot be read.
    """

    def __init__(self, folder: Path, fps: float = FOLDER_FPS) -> None:
        self._paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGES)
        self.fps = fps
        self.frame_count = len(self._paths)
        if not self._paths:
            raise SourceError(f"{folder}: holds no picture ({', '.join(IMAGES)})")

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise SourceError(f"{path}: is not a picture that OpenCV can read")
            yield Frame(image=np.asarray(image, np.uint8), index=index, time=round(index / self.fps, 6))

    def close(self) -> None:
        pass


class LiveCamera:
    """A webcam by number, or a network stream by address; opened again with back-off when it goes away.

    ``time`` is seconds since the first frame by the monotonic clock: a live camera's frames carry no timestamp that
    can be trusted over a reconnect.

    Args:
        address: a camera's number or a stream's URL.
        on_presence: told False when the camera goes away and True when it is back.

    Raises:
        SourceError: the camera does not answer at the first try.
    """

    def __init__(self, address: int | str, *, on_presence: Presence = lambda _: None) -> None:
        self._address = address
        self._on_presence = on_presence
        self._closed = False
        self._capture: cv2.VideoCapture | None = _open_camera(address)
        self.fps = 30.0
        self.frame_count = 0
        if self._capture is None:
            raise SourceError(_no_camera(address))

    def __iter__(self) -> Iterator[Frame]:
        start = time.monotonic()
        try:
            for index in itertools.count():
                image = self._read()
                if image is None:
                    return
                yield Frame(image=image, index=index, time=round(time.monotonic() - start, 6))
        finally:
            if self._capture is not None:
                self._capture.release()

    def close(self) -> None:
        """Ends the iteration, also while it waits for the camera; may be called from another thread."""
        self._closed = True

    def _read(self) -> Image | None:
        pause = FIRST_PAUSE
        while not self._closed:
            if self._capture is not None:
                taken, image = self._capture.read()
                if taken:
                    return np.asarray(image, np.uint8)
                self._capture.release()
                self._capture = None
                self._on_presence(False)
            self._wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            self._capture = None if self._closed else _open_camera(self._address)
            if self._capture is not None:
                self._on_presence(True)
        return None

    def _wait(self, pause: float) -> None:
        until = time.monotonic() + pause
        while not self._closed and time.monotonic() < until:
            time.sleep(0.05)


def open_source(source: str, *, on_presence: Presence = lambda _: None) -> FrameSource:
    """A frame source by its word: a camera's number, a video file, a folder of pictures, or a stream's URL.

    Raises:
        SourceError: there is no such camera, file, folder or stream.
    """
    if source.isdecimal():
        return LiveCamera(int(source), on_presence=on_presence)
    if source.startswith(STREAMS):
        return LiveCamera(source, on_presence=on_presence)
    path = Path(source)
    return ImageFolder(path) if path.is_dir() else VideoFile(path)


def is_live(source: str) -> bool:
    """Whether the word names a camera or a stream, that is, something without an end."""
    return source.isdecimal() or source.startswith(STREAMS)


def _open_camera(address: int | str) -> cv2.VideoCapture | None:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 5000]
    if isinstance(address, int):
        capture = cv2.VideoCapture(address)
    else:
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    if capture.isOpened():
        return capture
    capture.release()
    return None


def _no_camera(address: int | str) -> str:
    if isinstance(address, int):
        return f"camera {address} does not answer: is it plugged in, free, and allowed for this program? Try 0 or 1."
    return f"{address.split('@')[-1]}: the stream does not answer; check its address and that the camera is on"

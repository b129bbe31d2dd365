"""Frame sources: webcam, video file, image folder, network stream; one string names any of them.

A file ends. A camera or a stream goes on; when it goes away, it is reopened with back-off. Meanwhile the source yields
nothing but calls ``on_presence``, so that the cart's status says *gone*.
"""

import itertools
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.address import SCHEMES, is_live, kind_of, shown, with_plain_scheme
from smartcart.edge.capture.frames import Frame, FrameSource, Image, SourceError
from smartcart.edge.capture.image_folder import ImageFolder
from smartcart.edge.capture.picture import checked_picture
from smartcart.edge.capture.video_file import VideoFile
from smartcart.edge.capture.webcam import OWN_CHOICE, CameraMode, ask, known_cameras, suggestion

__all__ = ["ImageFolder", "LiveCamera", "Presence", "VideoFile", "is_live", "open_source"]

log = logging.getLogger(__name__)

LAST_CAMERA: Final = 99
"""A greater number selects another backend of OpenCV."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0

Presence = Callable[[bool], None]


class LiveCamera:
    """A webcam by number or device, or a network stream by address; reopened with back-off when it goes away.

    ``time`` is seconds since the first frame by the monotonic clock: a live camera's timestamps cannot be trusted
    across a reconnect.

    Args:
        address: a camera's number, its device, or a stream's URL.
        mode: the mode to request from a webcam.
        on_presence: called with False when the camera goes away and with True when it is back.

    Raises:
        SourceError: the camera does not answer the first time, or its pictures turn out to be unusable.
    """

    def __init__(
        self, address: int | str, *, mode: CameraMode = OWN_CHOICE, on_presence: Presence = lambda _: None
    ) -> None:
        self._address = address
        self._mode = mode
        self._on_presence = on_presence
        self._closed = False
        self._capture: cv2.VideoCapture | None = _open_camera(address, mode)
        self.fps = mode.fps or 30.0
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
        """Ends the iteration, even while it waits for the camera; may be called from another thread."""
        self._closed = True

    def _read(self) -> Image | None:
        pause = FIRST_PAUSE
        while not self._closed:
            if self._capture is not None:
                taken, image = self._capture.read()
                if taken:
                    return checked_picture(np.asarray(image, np.uint8), _name(self._address))
                self._capture.release()
                self._capture = None
                self._on_presence(False)
            self._wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            self._capture = None if self._closed else _open_camera(self._address, self._mode)
            if self._capture is not None:
                self._on_presence(True)
        return None

    def _wait(self, pause: float) -> None:
        until = time.monotonic() + pause
        while not self._closed and time.monotonic() < until:
            time.sleep(0.05)


def open_source(source: str, *, mode: CameraMode = OWN_CHOICE, on_presence: Presence = lambda _: None) -> FrameSource:
    """Opens a frame source by its name: a camera's number or device, a video, a folder of pictures, or a URL.

    Raises:
        SourceError: there is no such camera, file, folder or stream.
    """
    match kind_of(source):
        case "number":
            return LiveCamera(int(source), mode=mode, on_presence=on_presence)
        case "device":
            return LiveCamera(source, mode=mode, on_presence=on_presence)
        case "stream":
            return LiveCamera(with_plain_scheme(source), on_presence=on_presence)
        case "unknown":
            schemes = ", ".join(f"{scheme}://" for scheme in SCHEMES)
            raise SourceError(f"unknown kind of address for a source; known are {schemes}")
    if not source:
        raise SourceError("no source given: give a camera's number, a video, a folder of pictures, or an address")
    path = Path(source)
    return ImageFolder(path) if path.is_dir() else VideoFile(path)


def _open_camera(address: int | str, mode: CameraMode) -> cv2.VideoCapture | None:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # the output of OpenCV and FFmpeg may contain an address
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 5000]
    if isinstance(address, int):
        if address > LAST_CAMERA:
            return None
        capture = cv2.VideoCapture(address)
    elif kind_of(address) == "device":
        capture = cv2.VideoCapture(os.path.realpath(address), cv2.CAP_V4L2)
    else:
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        capture.release()
        return None
    if mode != OWN_CHOICE and (instead := ask(capture, mode)):
        log.warning("%s: %s", _name(address), instead)
    return capture


def _name(address: int | str) -> str:
    if isinstance(address, int):
        return f"camera {address}"
    return f"camera {address}" if kind_of(address) == "device" else shown(address)


def _no_camera(address: int | str) -> str:
    if isinstance(address, str) and kind_of(address) == "stream":
        return f"{shown(address)}: the stream does not answer; check its address and that the camera is on"
    others = suggestion(known_cameras())
    return f"{_name(address)} does not answer: is it plugged in, free, and allowed for this program? {others}"

"""Webcams: lists them, and requests size, rate and format."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2

LINUX_CAMERAS: Final = Path("/sys/class/video4linux")
COMPRESSED: Final = "MJPG"
CLOSE: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMode:
    """The mode requested from a webcam; None leaves a value to the camera.

    Args:
        size: width and height in pixels.
        fps: frames a second.
        format: four letters, as the camera names them: MJPG, YUYV.
    """

    size: tuple[int, int] | None = None
    fps: float | None = None
    format: str | None = None


OWN_CHOICE: Final = CameraMode()


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` needed for that."""

    def set(self, property: int, value: float, /) -> bool: ...

    def get(self, property: int, /) -> float: ...


def ask(capture: Capture, mode: CameraMode) -> str:
    """Requests a mode from an open camera; returns a sentence on what it delivers instead, empty if it complies.

    Uncompressed pictures go over USB at only a few frames a second. If the camera does not comply, compressed ones
    (MJPG) are requested, unless the mode names a format.
    """
    _set(capture, mode, mode.format)
    if not _gives(capture, mode) and mode.format is None:
        _set(capture, mode, COMPRESSED)
    if _gives(capture, mode):
        return ""
    width, height = (round(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    return (
        f"the camera does not support the requested mode; it delivers {width}x{height} at "
        f"{capture.get(cv2.CAP_PROP_FPS):g} frames/s as {_format(capture)}"
    )


def _set(capture: Capture, mode: CameraMode, format: str | None) -> None:
    if format is not None:  # first: a size may be available in one format only
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*format))
    if mode.size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.size[1])
    if mode.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, mode.fps)


def _gives(capture: Capture, mode: CameraMode) -> bool:
    size = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    right_size = mode.size is None or size == mode.size
    right_rate = mode.fps is None or capture.get(cv2.CAP_PROP_FPS) >= CLOSE * mode.fps
    return right_size and right_rate and mode.format in (None, _format(capture))


def _format(capture: Capture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    return code.to_bytes(4, "little").decode("latin-1").rstrip("\x00 ")


def known_cameras(folder: Path = LINUX_CAMERAS) -> list[tuple[int, str]] | None:
    """Number and name of each camera as Linux reports them; None if the system does not report them."""
    if not sys.platform.startswith("linux"):
        return None
    found: list[tuple[int, str]] = []
    for device in folder.glob("video*"):
        number = re.fullmatch(r"video(\d+)", device.name)
        try:
            first = (device / "index").read_text().strip() == "0"  # a camera's other devices carry no pictures
            if number and first:
                found.append((int(number[1]), (device / "name").read_text(errors="replace").strip()))
        except OSError:
            continue  # it was just unplugged
    return sorted(found)


def suggestion(cameras: list[tuple[int, str]] | None) -> str:
    """A suggestion for what to try instead.

    >>> suggestion([(0, "Integrated Camera"), (2, "C920")])
    'There are 0 (Integrated Camera) and 2 (C920).'
    >>> suggestion([])
    'This machine has no camera.'
    """
    if cameras is None:
        return "Try 0 or 1."
    names = [f"{number} ({name})" for number, name in cameras]
    if not names:
        return "This machine has no camera."
    return (
        f"There {'are' if len(names) > 1 else 'is'} {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}."
    )

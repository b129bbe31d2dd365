"""Recorded videos, and detection of damaged ones.

The frame count and length in a header are estimates. They are wrong for clips that were trimmed, begin late, or have a
variable rate, so only the progress bar uses them. A video ends where OpenCV's decoder ends. Then the demultiplexer is
asked through PyAV, which reports errors where OpenCV reports an end: a video is damaged if its packets break off, or if
it contains displayable packets that could not be decoded.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.address import whole_name
from smartcart.edge.capture.frames import Frame, SourceError
from smartcart.edge.capture.picture import checked_picture

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: its messages are reported here, in one sentence

BROKEN_OFF: Final = ("ended prematurely", "partial file", "invalid as first byte")
ENOUGH_DECODED: Final = 0.9
"""Some of the displayable packets are not pictures of their own, for example VP8's alternate references."""


class VideoFile:
    """A recorded video. ``time`` is the frame's own timestamp in the file, ``fps`` its nominal rate.

    ``frame_count`` is an estimate from the header.

    Raises:
        SourceError: no such file, not a video, or a codec that this OpenCV cannot decode. While reading: the video is
            damaged, or a frame is unusable as a picture of a cart.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SourceError(f"{path}: no such video file")
        self._path = path
        self._capture = cv2.VideoCapture(whole_name(path))
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        self.frame_count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._alive = self._capture.grab()
        if not self._alive:
            raise SourceError(_why_unreadable(path))

    def __iter__(self) -> Iterator[Frame]:
        index, last = 0, -1.0
        while self._alive:
            taken, image = self._capture.retrieve()
            if not taken:
                break
            at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            at = at if at > last else last + 1 / self.fps  # some files carry no timestamps
            picture = checked_picture(np.asarray(image, np.uint8), str(self._path))
            yield Frame(image=picture, index=index, time=round(at, 6))
            index, last = index + 1, at
            self._alive = self._capture.grab()
        if damage := _damage(_demultiplexed(self._path), index):
            raise SourceError(
                f"{self._path}: damaged after {index} frames ({damage}). Everything before that was processed and kept."
            )

    def close(self) -> None:
        self._capture.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packets:
    """The demultiplexer's result: displayable packets, whether the last one is whole, and its error, if any."""

    shown: int
    whole: bool
    complaint: str


def _demultiplexed(path: Path) -> _Packets:
    import av  # here: it brings its own FFmpeg, which only recordings need
    import av.logging

    shown, whole, complaint = 0, True, ""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # otherwise a line about another file may come late
    try:
        with av.logging.Capture() as said:
            try:
                with av.open(whole_name(path)) as container:
                    for packet in container.demux(video=0):
                        if packet.size and not packet.is_discard:
                            shown, whole = shown + 1, not packet.is_corrupt
            except (av.error.FFmpegError, IndexError) as error:
                complaint = str(error)
    finally:
        av.logging.set_level(before)
    lines = [line.strip() for _, _, line in said]
    return _Packets(
        shown=shown,
        whole=whole,
        complaint=complaint or next((line for line in lines if any(word in line for word in BROKEN_OFF)), ""),
    )


def _damage(packets: _Packets, decoded: int) -> str:
    """A short description of the damage; empty for a whole file."""
    if packets.complaint:
        return packets.complaint
    if not packets.whole:
        return "its last packet is cut off"
    if decoded < ENOUGH_DECODED * packets.shown:
        return f"{packets.shown - decoded} of its {packets.shown} pictures could not be decoded"
    return ""


def _why_unreadable(path: Path) -> str:
    if codec := _foreign_codec(path):
        converted = path.with_suffix(".h264.mp4")
        return (
            f"{path}: uses the codec {codec}, which this OpenCV cannot decode; convert it once:  ffmpeg -i "
            f"{quote(str(path))} -c:v libx264 -pix_fmt yuv420p {quote(str(converted))}"
        )
    return f"{path}: is not a video that OpenCV can read, or it is truncated or damaged before its first frame"


def _foreign_codec(path: Path) -> str:
    """The codec of a sound video that OpenCV does not decode; empty if it is not such a video."""
    import av

    try:
        with av.open(whole_name(path)) as container:
            stream = container.streams.video[0]
            next(container.decode(stream))
            return str(stream.codec_context.codec.canonical_name).upper()
    except (av.error.FFmpegError, IndexError, StopIteration):
        return ""

"""Video files: H.264 in MP4, which browsers and OpenCV both play."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import cv2
import numpy as np

from smartcart.datasets.products.textures import Picture

# with macroblock trees, x264's AVX-512 code is not deterministic
SAME_BYTES: Final = {"x264-params": "mbtree=0"}


class VideoEncoder:
    """An MP4 file in the making; a context manager."""

    def __init__(self, path: Path, *, fps: float, size: tuple[int, int], crf: int = 25, preset: str = "medium") -> None:
        """Opens the file.

        Args:
            path: the file.
            fps: frames a second.
            size: width and height in pixels, both even.
            crf: x264's quality, lower is better and larger.
            preset: x264's; the slower, the smaller.
        """
        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": str(crf), "preset": preset, "threads": "1", **SAME_BYTES}

    def __enter__(self) -> Self:
        """The open file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Writes the rest and closes the file."""
        if error is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def write(self, picture: Picture) -> None:
        """Appends one RGB picture."""
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._container.mux(self._stream.encode(frame))

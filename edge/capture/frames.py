"""A frame, and the port that frame sources fill."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from smartcart.edge.errors import EdgeError

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture: ``image`` is height x width x 3, blue-green-red, 8 bits; ``time`` is media time in seconds."""

    image: Image
    index: int
    time: float


class SourceError(EdgeError):
    """A camera, file or stream cannot be read; the message says what to do."""


class FrameSource(Protocol):
    """Yields frames in order of media time. Closing the iterator frees the camera or file.

    ``fps`` is the nominal rate; ``frame_count`` is the number of frames, 0 if the source is endless.
    """

    fps: float
    frame_count: int

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...

"""Which pictures a detector can process."""

from typing import Final

from smartcart.edge.capture.frames import Image, SourceError

LEAST_SIDE: Final = 16
MOST_SIDE: Final = 16_383
"""The limit of the videos that are written from it."""
LONGEST: Final = 10


def checked_picture(image: Image, name: str) -> Image:
    """Returns the picture if a detector can process it.

    Args:
        image: height x width x 3, 8 bits.
        name: its origin, for the message.

    Raises:
        SourceError: a side is below 16 or above 16,383 pixels, or one is more than ten times the other.
    """
    height, width = image.shape[:2]
    if max(height, width) > MOST_SIDE:
        raise SourceError(f"{name}: is a picture of {width} x {height} pixels; at most {MOST_SIDE} a side can be read")
    if min(height, width) < LEAST_SIDE or max(height, width) > LONGEST * min(height, width):
        raise SourceError(
            f"{name}: is a picture of {width} x {height} pixels; nothing can be seen in one with a side below "
            f"{LEAST_SIDE} pixels, or one that is more than {LONGEST} times as long as it is wide"
        )
    return image

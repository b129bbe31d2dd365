"""Which pictures an eye can look at."""

from typing import Final

from smartcart.edge.capture.frames import Image, SourceError

LEAST_SIDE: Final = 16
LONGEST: Final = 10


def checked_picture(image: Image, name: str) -> Image:
    """The picture, if it can be looked at.

    Args:
        image: height x width x 3, 8 bits.
        name: where it comes from, for the message.

    Raises:
        SourceError: a side is below 16 pixels, or one is more than ten times the other.
    """
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE or max(height, width) > LONGEST * min(height, width):
        raise SourceError(
            f"{name}: is a picture of {width} x {height} pixels; nothing can be seen in one with a side below "
            f"{LEAST_SIDE} pixels, or one that is more than {LONGEST} times as long as it is wide"
        )
    return image

"""Prints: what real packs and fruit look like on their surface, taken from cut-outs of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.photos.cutouts import Cutout, Split, read_rgba, split_of_name
from smartcart.datasets.products.textures import Picture

LONG_SIDE: Final = 320
BRIGHT: Final = 232.0
ALIKE: Final = 0.72
# of a pack's picture, from which to which share of its width and height its print is whole
WHOLE: Final = {
    "bag": ((0.08, 0.92), (0.06, 0.94)),
    "carton": ((0.12, 0.88), (0.26, 0.95)),
    "can": ((0.06, 0.94), (0.2, 0.88)),
}
SKINS: Final = frozenset({"apple", "orange", "lemon", "tomato"})
PATCH: Final = 0.58
SLENDER: Final = 1.4  # a can that looks less so is seen from its end
SEEN_OF_A_CAN: Final = 1.25  # radians to either side of its front


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Print:
    """A flat picture (RGB) of a surface: a pack's front with up above, or a patch of a fruit's skin."""

    name: str
    label: str
    picture: Picture


def prints(cutouts: Sequence[Cutout], split: Split) -> list[Print]:
    """The prints of a split.

    Pictures that show the same product go to the same split: those of one class whose colours are alike.

    Raises:
        DataError: a cut-out cannot be read.
    """
    wanted = [c for c in cutouts if not c.held and (c.label in WHOLE or c.label in SKINS)]
    flat = [one for one in map(_print, wanted) if one is not None]
    return [one for one, group in zip(flat, _groups(flat), strict=True) if split_of_name(group) == split]


def _print(cutout: Cutout) -> Print | None:
    picture = _upright(read_rgba(cutout.file))
    height, width = picture.shape[:2]
    if cutout.label == "can" and height < SLENDER * width:
        return None
    if cutout.label in SKINS:
        side = int(PATCH * min(height, width))
        top, left = (height - side) // 2, (width - side) // 2
        picture = picture[top : top + side, left : left + side]
    else:
        (x0, x1), (y0, y1) = WHOLE[cutout.label]
        picture = picture[int(y0 * height) : int(y1 * height), int(x0 * width) : int(x1 * width)]
    if cutout.label == "can":
        picture = _unrolled(picture)
    light = BRIGHT / max(float(np.percentile(picture.max(2), 95)), 1.0)
    done = np.clip(picture * np.float32(light), 0, 255).astype(np.uint8)
    return Print(name=cutout.file.stem, label=cutout.label, picture=np.ascontiguousarray(done[..., ::-1]))


def _upright(rgba: Picture) -> Picture:
    """A cut-out's smallest rectangle set upright, its long side vertical (BGR); corners it leaves open are closed."""
    mask = (rgba[..., 3] > 127).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    (x, y), (wide, high), angle = cv2.minAreaRect(max(outlines, key=cv2.contourArea))
    if angle > 45:
        wide, high, angle = high, wide, angle - 90
    scale = min(LONG_SIDE / max(wide, high), 2.0)
    size = max(int(wide * scale), 8), max(int(high * scale), 8)
    move = np.asarray(cv2.getRotationMatrix2D((x, y), angle, scale), np.float64)
    move[:, 2] += np.array(size) / 2 - np.array([x, y])
    turned = cv2.warpAffine(rgba, move, size, flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    open_ = cv2.dilate((turned[..., 3] < 200).astype(np.uint8), np.ones((5, 5), np.uint8))
    closed = cv2.inpaint(np.ascontiguousarray(turned[..., :3]), open_, 3, cv2.INPAINT_TELEA)
    return np.asarray(np.rot90(closed) if size[0] > size[1] else closed, np.uint8)


def _unrolled(picture: Picture) -> Picture:
    """A can's picture as if its sheet were flat."""
    height, width = picture.shape[:2]
    angle = np.linspace(-SEEN_OF_A_CAN, SEEN_OF_A_CAN, width)
    across = (np.sin(angle) / np.sin(SEEN_OF_A_CAN) + 1) / 2 * (width - 1)
    x, y = np.meshgrid(across.astype(np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR), np.uint8)


def _groups(flat: Sequence[Print]) -> list[str]:
    """For each print the first name of those that look like it, directly or by way of others."""
    colours = [_colours(one.picture) for one in flat]
    first = list(range(len(flat)))
    for i, one in enumerate(flat):
        for j in range(i):
            if flat[j].label == one.label and float(np.minimum(colours[i], colours[j]).sum()) > ALIKE:
                low, high = sorted((first[i], first[j]))
                first = [low if number == high else number for number in first]
    return [flat[number].name for number in first]


def _colours(picture: Picture) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How often each of 8 x 8 x 4 hues, saturations and values comes up."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, [12, 4, 4], [0, 180, 0, 256, 0, 256]).ravel()
    return np.asarray(counts / counts.sum(), np.float32)

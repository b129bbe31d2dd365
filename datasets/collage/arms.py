"""Hands with a continued arm: turned so that the arm hangs down, cut square, and extended as far as a picture needs."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.collage.canvas import Place
from smartcart.datasets.collage.piece import PAD, SOLID, Piece, PiecePart, whole
from smartcart.datasets.photos.cutouts import Cutout, Rgba
from smartcart.datasets.products.meshes import FloatArray
from smartcart.models.labels import HAND

BORDER: Final = 4
LEAST_KEPT: Final = 0.6
LEAST_WRIST: Final = 12
WRIST_SHARE: Final = (0.3, 0.75)
ITEM_ABOVE_CUT: Final = 0.97
FINGERS: Final = 0.35
WRIST_MARGIN: Final = 1.08
STEEPEST: Final = 0.12
WIDENING_PX: Final = 150.0
SKIN: Final = 64
INSET: Final = 0.04
FADING_PX: Final = 25.0
LEAST_DETAIL: Final = 0.3
KEPT: Final = 200


@lru_cache(maxsize=KEPT)
def reaching(cutout: Cutout) -> Piece | None:
    """A hand (with its item) whose arm leaves through the bottom, cut square there; None if too little is left.

    Its anchor is between the fingers, or in the middle of the held item.

    Raises:
        DataError: its picture is unusable.
    """
    piece = whole(cutout)
    cut = _cut_points(piece.rgba, cutout.arm_leaves)
    rows, columns = np.nonzero(piece.rgba[..., 3] > SOLID)
    if len(cut) < LEAST_WRIST:
        return None
    dx, dy = cut.mean(0) - [columns.mean(), rows.mean()]
    marked = replace(piece, parts=(*piece.parts, PiecePart(label="cut", corners=cut)))
    turned = marked.turned(float(np.arctan2(dx, dy)))
    end = int(turned.parts[-1].corners[:, 1].min()) - 1
    top = int(np.nonzero((turned.rgba[..., 3] > SOLID).any(1))[0][0])
    last = int(np.nonzero((turned.rgba[..., 3] > SOLID).any(1))[0][-1])
    if end - top < LEAST_KEPT * (last - top):
        return None
    arm = replace(turned, rgba=np.ascontiguousarray(turned.rgba[:end]), parts=turned.parts[:-1])
    arm = _anchored(arm, top, held=cutout.held)
    return arm if _goes_on(arm) else None


def extended(piece: Piece, length: int) -> Piece:
    """The arm at the piece's bottom extended by ``length`` pixels in its own colours, slightly widening."""
    length = max(length, 1)
    left, right, first = _outline(piece.rgba)
    way = np.arange(1, length + 1, dtype=np.float64)
    grown = WIDENING_PX * (1 - np.exp(-way / WIDENING_PX))
    from_x, to_x = left[-1] - _slope(-left[first:]) * grown, right[-1] + _slope(right[first:]) * grown
    margin = int(np.ceil(max(0.0, -from_x.min(), to_x.max() - piece.rgba.shape[1]))) + PAD
    across = np.arange(-margin, piece.rgba.shape[1] + margin)[None]
    share = (across - from_x[:, None]) / (to_x - from_x)[:, None]
    colour = _continued(_skin(piece.rgba, first, left, right), way, share)
    inside = np.minimum(across - from_x[:, None], to_x[:, None] - across)
    more = np.dstack([colour, np.clip(inside + 0.5, 0, 1) * 255]).astype(np.uint8)
    padded = cv2.copyMakeBorder(piece.rgba, 0, 0, margin, margin, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    parts = tuple(replace(part, corners=part.corners + np.array([margin, 0])) for part in piece.parts)
    rgba = np.asarray(np.vstack([padded, more]), np.uint8)
    return Piece(rgba=rgba, parts=parts, anchor=(piece.anchor[0] + margin, piece.anchor[1]))


def armed(piece: Piece, place: Place, size: tuple[int, int]) -> Piece:
    """A hand whose arm is extended until it has left a picture of some size (pixels)."""
    turn = place.matrix(piece)[:, :2] / place.scale
    down = turn @ [0.0, 1.0]
    reach = [
        (edge - start) / way
        for start, way, limit in zip((place.x, place.y), down, size, strict=True)
        for edge in (0.0, float(limit))
        if abs(way) > 1e-6 and (edge - start) / way > 0
    ]
    leaves = min(reach, default=0.0) / place.scale + piece.rgba.shape[1]
    return extended(piece, int(leaves - (len(piece.rgba) - piece.anchor[1])))


def _continued(skin: FloatArray, way: FloatArray, share: FloatArray) -> FloatArray:
    """The arm's colours at some ways behind its end: the mean across the strip, and its detail folded and fading."""
    strip, columns = skin.shape[:2]
    mean = skin.mean(0, keepdims=True)
    folded = np.abs((way - 1) % (2 * max(strip - 1, 1)) - (strip - 1))  # from the last row up, and down again
    map_x = np.clip(share * (columns - 1), 0, columns - 1).astype(np.float32)
    map_y = np.repeat(folded[:, None], share.shape[1], 1).astype(np.float32)
    detail = cv2.remap((skin - mean).astype(np.float32), map_x, map_y, cv2.INTER_LINEAR)
    base = cv2.remap(mean.astype(np.float32), map_x, np.zeros_like(map_y), cv2.INTER_LINEAR)
    fade = LEAST_DETAIL + (1 - LEAST_DETAIL) * np.exp(-way / FADING_PX)
    return np.clip(base + detail * fade[:, None, None], 0, 255)


def _skin(rgba: Rgba, first: int, left: FloatArray, right: FloatArray) -> FloatArray:
    """The strip that an arm is continued from, (rows, ``SKIN``, 3), every row from edge to edge and equally bright."""
    rows = np.arange(first, len(rgba))
    share = np.linspace(INSET, 1 - INSET, SKIN)
    map_x = left[rows, None] + share * (right - left)[rows, None]
    map_y = np.repeat(rows[:, None], SKIN, 1)
    skin = cv2.remap(rgba[..., :3], map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
    light = skin.astype(np.float64)
    means = light.mean(1, keepdims=True)
    return np.asarray(light * means[-1:] / np.maximum(means, 1), np.float64)


def _goes_on(arm: Piece) -> bool:
    """True if the cut goes through an arm: neither a sliver, nor the palm, nor the item."""
    hand = next(part.corners for part in arm.parts if part.label == HAND)
    opaque = arm.rgba[..., 3] > SOLID
    left, right, _ = _outline(arm.rgba)
    inside = cv2.fillConvexPoly(np.zeros(opaque.shape, np.uint8), hand.round().astype(np.int32), 1).astype(bool)
    widest = np.count_nonzero(opaque & inside, axis=1).max(initial=1)
    share = (right[-1] - left[-1]) / widest
    lowest = max((part.corners[:, 1].max() for part in arm.parts if part.label != HAND), default=0.0)
    return WRIST_SHARE[0] <= share <= WRIST_SHARE[1] and len(arm.rgba) >= ITEM_ABOVE_CUT * lowest


def _cut_points(rgba: Rgba, edges: str) -> FloatArray:
    """The opaque pixels (x, y) along the edges at which the photo ended."""
    height, width = rgba.shape[:2]
    rows, columns = np.nonzero(rgba[..., 3] > SOLID)
    reach = PAD + BORDER
    on = {"l": columns < reach, "r": columns >= width - reach, "t": rows < reach, "b": rows >= height - reach}
    chosen = np.logical_or.reduce([on[edge] for edge in edges] or [np.zeros(len(rows), bool)])
    return np.column_stack([columns[chosen], rows[chosen]]).astype(np.float64)


def _anchored(arm: Piece, top: int, *, held: bool) -> Piece:
    if held:
        item = next(part for part in arm.parts if part.label != HAND)
        x, y = item.corners.mean(0)
        return replace(arm, anchor=(float(x), float(y)))
    wrist = _wrist(arm.rgba, top)
    _, columns = np.nonzero(arm.rgba[: top + max(int(FINGERS * 2 * (wrist - top)), 1), :, 3] > SOLID)
    width = arm.rgba.shape[1]
    hand = PiecePart(label=HAND, corners=np.array([[0, 0], [width, 0], [width, wrist], [0, wrist]], np.float64))
    anchor = float(columns.mean()), top + FINGERS * (wrist - top)
    return replace(arm, parts=(hand,), anchor=anchor)


def _wrist(rgba: Rgba, top: int) -> int:
    """The row at which the hand becomes the arm: the first narrow one behind the palm."""
    opaque = np.count_nonzero(rgba[..., 3] > SOLID, axis=1)[top:].astype(np.float32)
    profile = cv2.GaussianBlur(opaque[:, None], (0, 0), max(len(opaque) * 0.02, 1.0)).ravel()
    palm = int(profile[: max(int(len(profile) * 0.75), 1)].argmax())
    behind = profile[palm : palm + int(profile[palm]) + 1]
    narrow = int(np.argmax(behind <= WRIST_MARGIN * behind.min()))
    return top + min(palm + narrow + int(0.1 * profile[palm]), len(profile))


def _outline(rgba: Rgba) -> tuple[FloatArray, FloatArray, int]:
    """The arm's left and right edge in each row of the strip that it is continued from, and the strip's first row."""
    opaque = rgba[..., 3] > SOLID
    left, right = np.zeros(len(rgba)), np.zeros(len(rgba))
    middle = float(np.nonzero(opaque[-1])[0].mean()) if opaque[-1].any() else rgba.shape[1] / 2
    wide = np.ptp(_run(opaque[-1], middle))
    first = len(rgba) - 1
    for row in range(first, max(len(rgba) - max(int(0.6 * wide), LEAST_WRIST), 0) - 1, -1):
        start, end = _run(opaque[row], middle)
        if end - start < LEAST_WRIST / 2:
            break
        left[row], right[row], middle, first = start, end, (start + end) / 2, row
    return left, right, first


def _run(row: np.ndarray, middle: float) -> tuple[float, float]:
    """The opaque run (start, end) that contains the middle, or is nearest to it."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    runs = steps.reshape(-1, 2)
    if not len(runs):
        return 0.0, 0.0
    away = np.maximum(np.maximum(runs[:, 0] - middle, middle - runs[:, 1]), 0)
    start, end = runs[int(away.argmin())]
    return float(start), float(end)


def _slope(edge: FloatArray) -> float:
    """The change of the edge's position per row."""
    if len(edge) < 4:
        return 0.0
    return float(np.clip(np.polyfit(np.arange(len(edge)), edge, 1)[0], 0.0, STEEPEST))

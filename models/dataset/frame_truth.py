"""The true contents of each frame of a simulated clip: ``NAME.frames.jsonl``, one line a frame."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smartcart.models.dataset.truth import SUFFIX, TruthError
from smartcart.models.errors import MALFORMED
from smartcart.models.labels import HAND

FRAMES_SUFFIX: Final = ".frames.jsonl"

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueThing:
    """One item or hand in one frame.

    ``id`` is the same through the clip; ``box`` is the visible part, normalised x1 y1 x2 y2; ``visible`` the visible
    share of its outline (1 for a hand); ``held`` whether it is in a hand.
    """

    id: str
    label: str
    box: Corners
    visible: float
    held: bool

    @property
    def size(self) -> float:
        """The side of a square of the box's area, as a share of the picture's."""
        x1, y1, x2, y2 = self.box
        return float((max(0.0, x2 - x1) * max(0.0, y2 - y1)) ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueFrame:
    """Everything visible at one media time, in seconds."""

    t: float
    things: tuple[TrueThing, ...]


def frames_beside(truth: Path) -> Path:
    """The path of a truth file's frames."""
    return truth.with_name(truth.name.removesuffix(SUFFIX) + FRAMES_SUFFIX)


def read_frames(path: Path) -> list[TrueFrame]:
    """Reads ``NAME.frames.jsonl``.

    Raises:
        TruthError: the file cannot be read, or a line is not a frame; the message names the line.
    """
    frames: list[TrueFrame] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            frames.append(_frame(json.loads(line)))
        except MALFORMED as error:
            raise TruthError(f"{path}, line {number}: is not a frame of a simulated clip: {error!r}") from error
    return frames


def _frame(raw: dict[str, Any]) -> TrueFrame:
    items = [
        TrueThing(
            id=str(item["id"]),
            label=str(item["label"]),
            box=_box(item["box"]),
            visible=float(item["visible"]),
            held=bool(item["held"]),
        )
        for item in raw["items"]
    ]
    hands = [
        TrueThing(id=f"hand {hand['side']}", label=HAND, box=_box(hand["box"]), visible=1.0, held=False)
        for hand in raw["hands"]
    ]
    return TrueFrame(t=float(raw["t"]), things=(*items, *hands))


def _box(values: Any) -> Corners:
    x1, y1, x2, y2 = (float(value) for value in values)
    return x1, y1, x2, y2


def iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0

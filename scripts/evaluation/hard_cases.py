"""A sheet of the errors in labelled clips: for each, five moments with the detector's boxes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.truth import TruthEvent
from smartcart.models.evaluation.event_metrics import AFTER, BEFORE, Prediction, Replayed, match
from smartcart.models.labels import HAND
from smartcart.scripts.evaluation.observations import Observation

Image = NDArray[np.uint8]

SUFFIXES: Final = (".jpg", ".png")
LONGEST_SHEET: Final = 16
TILE: Final = (256, 192)
MOMENTS: Final = 5
CAPTION: Final = 22
SHOWN_ABOVE: Final = 0.25
ITEM_COLOUR, HAND_COLOUR, INK = (96, 200, 80), (235, 160, 70), (40, 34, 30)
WORDS: Final = {"added": "put in", "removed": "taken out"}


def error_rows(video: Path, found: Replayed, looks: Sequence[Observation]) -> list[Image]:
    """One strip of pictures for each error of a clip: what happened, what was reported, and five moments of it.

    Args:
        video: the clip, with the frames that were evaluated, in order.
        found: the clip's results.
        looks: the detections in each of its frames.

    Returns:
        Strips, 1280 x 214 x 3, missed and wrong events before uncertain ones; empty if there is no video or no error.
    """
    cases = list(_cases(found))
    if not cases or not video.exists():
        return []
    times = [look.time for look in looks]
    wanted = [[_nearest(times, t) for t in moments] for _, moments in cases]
    frames = _frames(video, {number for numbers in wanted for number in numbers})
    return [
        _strip(f"{found.clip}:  {text}", [_tile(frames[n], looks[n]) for n in numbers if n in frames])
        for (text, _), numbers in zip(cases, wanted, strict=True)
    ]


def write_sheet(file: Path, rows: Sequence[Image]) -> int:
    """Writes the first 16 strips below each other and returns their number.

    Raises:
        OSError: the file cannot be written.
    """
    shown = list(rows[:LONGEST_SHEET]) or [_strip("no error in a clip with pictures", [])]
    encoded, data = cv2.imencode(file.suffix, np.vstack(shown), [cv2.IMWRITE_JPEG_QUALITY, 82])
    if not encoded:
        raise OSError(f"{file}: the picture could not be encoded")
    file.write_bytes(data.tobytes())
    return min(len(rows), LONGEST_SHEET)


def _cases(found: Replayed) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Each error in words, and the moments (s) to look at."""
    errors = match(found.truth.events, found.predictions)
    told = [found.predictions[j] for j in errors.wrong]
    doubts = [p for p in found.predictions if p.type is None]
    for i in errors.missed:
        event = found.truth.events[i]
        instead = _taken_from(told, event) or _taken_from(doubts, event)
        yield f"{event.label} {WORDS[event.type]};  reported: {_said(instead)}", _moments(event)
    for prediction in (*told, *doubts):
        around = tuple(prediction.t + ahead for ahead in (-2.0, -1.0, -0.3, 0.3, 1.0))
        yield f"nothing more changed;  reported: {_said(prediction)}", around


def _taken_from(predictions: list[Prediction], event: TruthEvent) -> Prediction | None:
    """The event reported instead, removed from the list."""
    near = (k for k, p in enumerate(predictions) if event.start - BEFORE <= p.t <= event.end + AFTER)
    place = next(near, None)
    return None if place is None else predictions.pop(place)


def _said(prediction: Prediction | None) -> str:
    if prediction is None:
        return "nothing"
    if prediction.type is None:
        return f"uncertain ({prediction.label}?)"
    return f"{prediction.label} {WORDS[prediction.type]}"


def _moments(event: TruthEvent) -> tuple[float, ...]:
    return event.start - 0.5, (event.start + event.t) / 2, event.t, event.end + 0.3, event.end + 1.0


def _nearest(times: Sequence[float], t: float) -> int:
    return min(range(len(times)), key=lambda k: abs(times[k] - t))


def _frames(video: Path, numbers: Iterable[int]) -> Mapping[int, Image]:
    wanted, kept = set(numbers), dict[int, Image]()
    clip = cv2.VideoCapture(str(video))
    try:
        for number in range(max(wanted) + 1):
            alive, image = clip.read()
            if not alive:
                break
            if number in wanted:
                kept[number] = np.asarray(image, np.uint8)
    finally:
        clip.release()
    return kept


def _tile(image: Image, look: Observation) -> Image:
    tile = np.asarray(cv2.resize(image, TILE, interpolation=cv2.INTER_AREA), np.uint8)
    for seen in look.detections:
        if seen.confidence < SHOWN_ABOVE:
            continue
        colour = HAND_COLOUR if seen.label == HAND else ITEM_COLOUR
        x1, y1, x2, y2 = (round(v * side) for v, side in zip(seen.box, TILE * 2, strict=True))
        cv2.rectangle(tile, (x1, y1), (x2, y2), colour, 1)
        cv2.putText(tile, seen.label, (x1 + 1, max(y1 - 2, 9)), cv2.FONT_HERSHEY_SIMPLEX, 0.34, colour, 1, cv2.LINE_AA)
    moment = f"{look.time:.1f} s"
    cv2.putText(tile, moment, (4, TILE[1] - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def _strip(caption: str, tiles: Sequence[Image]) -> Image:
    width, height = TILE
    strip = np.full((height * bool(tiles) + CAPTION, MOMENTS * width, 3), 246, np.uint8)
    cv2.putText(strip, caption, (6, CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    for column, tile in enumerate(tiles):
        strip[CAPTION:, column * width : (column + 1) * width] = tile
    return strip

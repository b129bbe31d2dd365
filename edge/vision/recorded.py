"""Recorded detections: a clip's detections as JSON lines, so that the rest can be replayed without a model.

Numbers are written in full, neither rounded nor omitted: decisions from a recording equal, byte for byte, those made
when it was recorded.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import EVENT_FIELDS, ModelName, check
from smartcart.edge.errors import EdgeError
from smartcart.edge.vision.detection import Box, Detection

RECORDED: Final = ModelName(name="recorded", hash="00000000")


class RecordingError(EdgeError, ValueError):
    """A file of recorded detections cannot be used; the message names the line."""


class RecordedDetector:
    """Plays detections back by frame number; a frame missing from the file has none.

    Raises:
        RecordingError: the file cannot be read, or a line is not ``{"index", "detections": [[label, confidence, [x1,
            y1, x2, y2]], ...]}``; a detection that was named has its names, label to probability, as its fourth entry.
    """

    def __init__(self, path: Path) -> None:
        self.model = RECORDED
        self._frames: Mapping[int, Sequence[Detection]] = _read(path)

    def detect(self, frame: Frame) -> Sequence[Detection]:
        return self._frames.get(frame.index, ())


class DetectionRecorder:
    """Writes what ``RecordedDetector`` reads; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, frame: Frame, detections: Sequence[Detection]) -> None:
        rows = [_row(detection) for detection in detections]
        self._file.write(json.dumps({"index": frame.index, "time": frame.time, "detections": rows}) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def _row(detection: Detection) -> list[object]:
    row: list[object] = [detection.label, detection.confidence, list(detection.box)]
    if detection.named is not None:
        row.append(dict(detection.named))
    return row


def _read(path: Path) -> dict[int, list[Detection]]:
    frames: dict[int, list[Detection]] = {}
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # no other character ends a line of JSON
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        try:
            row = json.loads(line)
            frames[int(row["index"])] = [
                Detection(
                    label=_label(label),
                    confidence=_share(confidence),
                    box=Box(*map(_share, box)),
                    named={_label(name): _share(share) for name, share in names[0].items()} if names else None,
                )
                for label, confidence, box, *names in row["detections"]
            ]
        except (AttributeError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise RecordingError(f"{path}, line {number}: is not a frame of recorded detections: {error!r}") from error
    return frames


def _label(name: object) -> str:
    """Events will contain it."""
    check(name, EVENT_FIELDS["label"] | {"type": "string"}, "a label")
    return str(name).encode().decode()


def _share(value: object) -> float:
    """Confidences and normalised corners, which neither judge nor tracker checks again."""
    share = float(str(value))
    if not 0 <= share <= 1:
        raise ValueError(f"{value} is not between 0 and 1")
    return share

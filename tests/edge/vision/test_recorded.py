"""Recorded detections come back as they were, to the last bit."""

from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.recorded import DetectionRecorder, RecordedDetector, RecordingError


def frame(index: int) -> Frame:
    return Frame(image=np.zeros((2, 2, 3), np.uint8), index=index, time=index / 15)


def test_what_is_recorded_is_what_was_seen(tmp_path: Path) -> None:
    third, least = float(np.float32(1 / 3)), 1e-7
    seen = [
        Detection(
            label="can", confidence=third, box=Box(third / 7, 0.1, third, 0.9), named={"can": third, "cup": least}
        ),
        Detection(label="hand", confidence=0.6, box=Box(0.0, 0.0, 0.5, 1 / 3)),
    ]
    with DetectionRecorder(tmp_path / "seen.jsonl") as recorder:
        recorder.write(frame(3), seen)
    played = RecordedDetector(tmp_path / "seen.jsonl")
    assert played.detect(frame(3)) == seen
    assert played.detect(frame(4)) == ()


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "seen.jsonl").write_text('{"index": 0, "detections": []}\n{"index": 1}\n')
    with pytest.raises(RecordingError, match=r"seen\.jsonl, line 2"):
        RecordedDetector(tmp_path / "seen.jsonl")


@pytest.mark.parametrize(
    "detection",
    [
        '["can", NaN, [0, 0, 1, 1]]',
        '["can", 9, [0, 0, 1, 1]]',
        '["can", 0.9, [0, 0, 1e999, 1]]',
        '["can", 0.9, [0, 0, 1000000, 1000000]]',
        '["can", 0.9, [0, 0, 1]]',
        '["can", 0.9, [0, 0, 1, 1], {"can": NaN}]',
        '["can", 0.9, [0, 0, 1, 1], null]',
        "[null, 0.9, [0, 0, 1, 1]]",
        '["", 0.9, [0, 0, 1, 1]]',
        '["\\ud800", 0.9, [0, 0, 1, 1]]',
        "[" * 100_000,
    ],
)
def test_a_detection_that_no_detector_gives_is_refused_by_its_line(tmp_path: Path, detection: str) -> None:
    (tmp_path / "seen.jsonl").write_text(
        f'{{"index": 0, "detections": []}}\n{{"index": 1, "detections": [{detection}]}}\n'
    )
    with pytest.raises(RecordingError, match=r"seen\.jsonl, line 2"):
        RecordedDetector(tmp_path / "seen.jsonl")


def test_lines_end_where_json_lines_do(tmp_path: Path) -> None:
    line = '{"index": 1e999, "detections": []}'
    (tmp_path / "endless.jsonl").write_text(line)
    with pytest.raises(RecordingError, match="line 1"):
        RecordedDetector(tmp_path / "endless.jsonl")
    (tmp_path / "seen.jsonl").write_text(
        '{"index": 0, "detections": [["a\u2028b", 0.9, [0, 0, 1, 1]]]}', encoding="utf-8"
    )
    assert [seen.label for seen in RecordedDetector(tmp_path / "seen.jsonl").detect(frame(0))] == ["a\u2028b"]
    (tmp_path / "empty.jsonl").touch()
    assert RecordedDetector(tmp_path / "empty.jsonl").detect(frame(0)) == ()

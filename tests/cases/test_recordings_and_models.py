"""Small videos, folders, addresses and models that people brought: each has the outcome that it should have.

They lie beside the project on the makers' machines only.
"""

import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import SMARTCART

from smartcart.edge.capture.sources import open_source

CASES = Path(__file__).parents[3] / "shared" / "cases"
NO_MODEL = ("--detections", "{tmp}/none.jsonl")
SEEN = ("--save-video", "{tmp}/seen.webm")
CLIP = str(Path(__file__).parents[2] / "datasets" / "demo" / "demo.mp4")
DEVICE, STREAM = r"camera /dev/\S+ does not answer", "the stream does not answer"


@pytest.mark.parametrize(
    ("kind", "words", "status", "said"),
    [
        ("video_trimmed", ("replay", "{case}/trimmed.mp4", *NO_MODEL), 0, r"60 frames in"),
        ("video_vfr", ("replay", "{case}/vfr.webm", *NO_MODEL), 0, r"32 frames in"),
        ("folder_unpadded", ("replay", "{case}", *NO_MODEL), 0, r"12 frames in"),
        ("folder_mixed_sizes", ("replay", "{case}", *SEEN, *NO_MODEL), 0, r"6 frames in"),
        ("source_names", ("replay", "/dev/v4l/by-id/X", *NO_MODEL), 2, DEVICE),
        ("source_names", ("replay", "/dev/video97", *NO_MODEL), 2, DEVICE),
        ("source_names", ("replay", "RTSP://127.0.0.1:9/x", *NO_MODEL), 2, STREAM),
        ("source_names", ("replay", "rtmp://127.0.0.1:9/x", *NO_MODEL), 2, STREAM),
        ("source_names", ("replay", "srt://127.0.0.1:9", *NO_MODEL), 2, STREAM),
        ("source_names", ("replay", "http://127.0.0.1:9/cgi?user=a&pwd=hidden", *NO_MODEL), 2, STREAM),
        ("onnx_no_hand", ("replay", CLIP, "--model", "{case}/nohand.onnx"), 2, "NAME; its classes are person"),
        ("onnx_no_hand", ("replay", CLIP, "--model", "{case}/caps.onnx"), 2, "NAME; its classes are Hand"),
        ("onnx_yolov5_one_class", ("replay", CLIP, "--model", "{case}/y5_1c.onnx"), 2, "YOLOv5's"),
        ("onnx_yolov5_one_class", ("replay", CLIP, "--model", "{case}/y5_1c_big.onnx"), 2, "YOLOv5's"),
        (
            "onnx_names",
            ("replay", "{case}/../folder_unpadded", "--model", "{case}/names_from1.onnx"),
            0,
            "12 frames in",
        ),
        ("onnx_names", ("replay", "{case}/../folder_unpadded", "--model", "{case}/names_json.onnx"), 0, "12 frames in"),
        ("onnx_names", ("replay", CLIP, "--model", "{case}/half_io.onnx"), 2, r"fp16.*half=False"),
    ],
)
def test_what_people_brought_has_the_right_outcome(
    tmp_path: Path, kind: str, words: tuple[str, ...], status: int, said: str
) -> None:
    case = CASES / kind
    if not case.is_dir():
        pytest.skip(f"../shared/cases/{kind} is not here")
    (tmp_path / "none.jsonl").touch()
    command = [SMARTCART, *(word.format(case=case, tmp=tmp_path) for word in words)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert told.returncode == status, told.stderr
    assert re.search(said, told.stderr), told.stderr
    assert "hidden" not in told.stderr
    if "{tmp}/seen.webm" in words:
        assert frames_in(tmp_path / "seen.webm") == 6


def test_an_unpadded_folder_goes_as_people_count() -> None:
    case = CASES / "folder_unpadded"
    if not case.is_dir():
        pytest.skip("../shared/cases/folder_unpadded is not here")
    for number, frame in enumerate(open_source(str(case)), 1):
        assert np.array_equal(frame.image, cv2.imread(str(case / f"{number}.png")))


def frames_in(video: Path) -> int:
    capture, count = cv2.VideoCapture(str(video)), 0
    while capture.read()[0]:
        count += 1
    return count

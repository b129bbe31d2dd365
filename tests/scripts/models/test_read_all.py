"""An eye whose every find is named from its crop: the shipped eye and recogniser on the committed frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.vision.detection import Detection
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.edge.vision.recogniser import OnnxRecogniser
from smartcart.models.labels import DEFAULT_MODEL, DEFAULT_RECOGNISER, HAND
from smartcart.scripts.models.read_all import ReadAll

FRAMES = sorted((Path(__file__).parents[2] / "models" / "frames" / "images").glob("*.jpg"))


@pytest.fixture(scope="module")
def eye() -> OnnxDetector:
    return OnnxDetector(DEFAULT_MODEL, confidence=0.05, iou=0.6)


@pytest.fixture(scope="module")
def read_all(eye: OnnxDetector) -> ReadAll:
    return ReadAll(eye, OnnxRecogniser(DEFAULT_RECOGNISER))


def told(found: list[Detection] | tuple[Detection, ...], label: str) -> list[tuple[float, ...]]:
    return sorted(d.box for d in found if d.label == label)


@pytest.mark.parametrize("picture", FRAMES, ids=[file.stem for file in FRAMES])
def test_hands_stay_and_each_thing_has_each_name_once(picture: Path, eye: OnnxDetector, read_all: ReadAll) -> None:
    frame = Frame(index=0, time=0.0, image=np.asarray(cv2.imread(str(picture)), np.uint8))
    plain, named = tuple(eye.detect(frame)), tuple(read_all.detect(frame))
    assert told(plain, HAND) == told(named, HAND)
    items = [d for d in named if d.label != HAND]
    assert len({(d.label, d.box) for d in items}) == len(items)
    assert [d.confidence for d in named] == sorted((d.confidence for d in named), reverse=True)
    for box in {d.box for d in items}:
        around = [d.confidence for d in plain if d.label != HAND and d.box.iou(box) >= 0.6]
        assert sum(d.confidence for d in items if d.box == box) == pytest.approx(max(around), abs=1e-6)


def test_an_empty_picture_is_read_too(read_all: ReadAll) -> None:
    grey = Frame(index=0, time=0.0, image=np.full((240, 320, 3), 120, np.uint8))
    assert all(d.confidence < 0.25 for d in read_all.detect(grey))

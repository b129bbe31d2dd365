"""The model file that the project carries: what it says of itself, and that it sees."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.models.evaluation.detection_metrics import FoundBox, JudgedPhoto
from smartcart.models.evaluation.recall import recall_figures
from smartcart.models.labels import DEFAULT_MODEL, INT8_MODEL, LABELS

FRAMES = Path(__file__).with_name("frames") / "data.yaml"
DEMO = Path(__file__).parents[2] / "datasets" / "demo" / "demo.mp4"
CARD = DEFAULT_MODEL.with_name("model_card.md")


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector(DEFAULT_MODEL)


def test_it_knows_the_projects_labels_in_their_order(detector: OnnxDetector) -> None:
    assert detector.labels == LABELS


def test_it_fits_the_camera_and_the_wheel(detector: OnnxDetector) -> None:
    assert DEFAULT_MODEL.stat().st_size <= 12e6
    assert detector.input_size(640, 480) == (448, 352)
    assert detector.input_size(1920, 1080) == (448, 256)


def test_it_names_its_licence_and_its_sources() -> None:
    metadata = ort.InferenceSession(str(DEFAULT_MODEL)).get_modelmeta().custom_metadata_map
    assert metadata["license"] == "AGPL-3.0-only"
    assert len(metadata["recipe_sha256"]) == len(metadata["photos_sha256"]) == 64
    card = CARD.read_text(encoding="utf-8")
    for source in metadata["sources"].splitlines():
        assert source.split()[0].strip(",") in card


def test_it_sees_items_and_hands_in_the_demo_clip(detector: OnnxDetector) -> None:
    seen: dict[str, int] = {}
    clip = cv2.VideoCapture(str(DEMO))
    for index in range(600):
        alive, image = clip.read()
        if not alive:
            break
        if index % 10 == 0:
            frame = Frame(image=np.asarray(image, np.uint8), index=index, time=index / 30)
            for label in {detection.label for detection in detector.detect(frame)}:
                seen[label] = seen.get(label, 0) + 1
    clip.release()
    assert seen.get("hand", 0) >= 5
    assert seen.get("bottle", 0) >= 10


@pytest.mark.parametrize("file", [DEFAULT_MODEL, INT8_MODEL], ids=lambda file: file.stem)
def test_it_finds_what_is_in_some_rendered_frames_of_unseen_products(file: Path) -> None:
    detector = OnnxDetector(file)
    pytest.importorskip("yaml", reason="needs the extra train")
    from smartcart.models.dataset.judged_set import photo_sets

    judged = []
    for one in photo_sets([FRAMES]):
        for index, (image, truth) in enumerate(one.pictures()):
            found = [
                FoundBox(label=d.label, confidence=d.confidence, corners=(d.box.x1, d.box.y1, d.box.x2, d.box.y2))
                for d in detector.detect(Frame(image=image, index=index, time=0.0))
            ]
            judged.append(JudgedPhoto(truth=truth, found=found, judges=one.judges))
    figures = recall_figures(judged)
    assert figures.by_kind["items"].total == 28
    assert figures.by_kind["items"].right >= 25
    assert figures.by_kind["hand"].right >= 5
    assert (figures.empty_photos, figures.false_items) == (1, 0)

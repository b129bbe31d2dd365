"""The recogniser that the project carries: what it says of itself, and that it names things."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.recogniser import OnnxRecogniser
from smartcart.models.labels import DEFAULT_RECOGNISER, HAND, ITEMS, UNKNOWN

FRAMES = Path(__file__).with_name("frames") / "data.yaml"
CARD = DEFAULT_RECOGNISER.with_name("model_card.md")


def test_it_knows_the_items_and_fits_the_wheel() -> None:
    assert OnnxRecogniser(DEFAULT_RECOGNISER).labels == (*ITEMS, UNKNOWN)
    assert DEFAULT_RECOGNISER.stat().st_size <= 12e6


def test_it_names_its_licence_and_its_sources() -> None:
    metadata = ort.InferenceSession(str(DEFAULT_RECOGNISER)).get_modelmeta().custom_metadata_map
    assert metadata["license"] == "AGPL-3.0-only"
    assert len(metadata["start_sha256"]) == len(metadata["photos_sha256"]) == 64
    card = CARD.read_text(encoding="utf-8")
    for source in metadata["sources"].splitlines():
        assert source.split()[0].strip(",:") in card


def test_it_names_most_of_what_is_in_some_rendered_frames_of_unseen_products() -> None:
    pytest.importorskip("yaml", reason="needs the extra train")
    from smartcart.models.dataset.detection_dataset import read_dataset

    recogniser, right, total = OnnxRecogniser(DEFAULT_RECOGNISER), 0, 0
    for part in read_dataset(FRAMES).val:
        for photo in part.photos:
            boxes = [box for box in photo.boxes if box.label != HAND]
            image = np.asarray(cv2.imread(str(photo.image)), np.uint8)
            for box, named in zip(boxes, recogniser.recognise(image, [Box(*b.corners) for b in boxes]), strict=True):
                right += max(named, key=lambda label: named[label]) == box.label
                total += 1
    assert total == 28
    assert right >= 24

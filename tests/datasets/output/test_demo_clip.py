"""The clip that the project carries for the demo."""

from pathlib import Path

import cv2
import numpy as np

import smartcart.datasets
from smartcart.models.dataset.truth import read_truth

FOLDER = Path(smartcart.datasets.__file__).parent / "demo"


def test_it_is_small_and_plays():
    clip = FOLDER / "demo.mp4"
    assert clip.stat().st_size < 1_500_000
    truth = read_truth(FOLDER / "demo.truth.json")
    video = cv2.VideoCapture(str(clip))
    assert video.get(cv2.CAP_PROP_FPS) == truth.fps == 30
    frames = 0
    while True:
        ok, frame = video.read()
        if not ok:
            break
        assert frame.shape == (480, 640, 3)
        frames += 1
    video.release()
    assert 20 <= frames / truth.fps <= 32
    assert max(event.end for event in truth.events) < frames / truth.fps


def test_its_story_has_adds_a_removal_and_a_visit_that_changes_nothing():
    truth = read_truth(FOLDER / "demo.truth.json")
    assert len(truth.events) >= 4
    assert any(event.type == "removed" for event in truth.events)
    assert len({event.label for event in truth.events if event.type == "added"}) >= 3
    assert truth.distractors
    assert all(count > 0 for count in truth.final().values())


def test_items_rest_well_inside_the_zone():
    truth = read_truth(FOLDER / "demo.truth.json")
    zone = np.array(truth.zone, np.float32)
    assert 0.3 < cv2.contourArea(zone) < 0.85
    assert cv2.pointPolygonTest(zone, (0.5, 0.5), True) > 0.1

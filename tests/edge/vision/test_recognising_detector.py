"""Which detections are read, and what a thing is called afterwards."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import ModelName
from smartcart.edge.tracking.naming import joined
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.recognising_detector import CROPS_A_FRAME, RecognisingDetector
from smartcart.models.labels import HAND

PICTURE = np.zeros((480, 640, 3), np.uint8)


class Fixed:
    """Finds the same in every frame."""

    model = ModelName(name="fixed", hash="0000")

    def __init__(self, *found: Detection) -> None:
        self.found = found

    def detect(self, frame: Frame) -> Sequence[Detection]:
        return self.found


class Cups:
    """Calls everything a cup, and remembers what it was asked."""

    model = ModelName(name="cups", hash="0000")
    labels = ("cup", "tub")

    def __init__(self) -> None:
        self.asked: list[Box] = []

    def recognise(self, image: Image, boxes: Sequence[Box]) -> Sequence[Mapping[str, float]]:
        self.asked += boxes
        return [{"cup": 0.95, "tub": 0.05} for _ in boxes]


def tub(x: float, width: float = 0.1, confidence: float = 0.8, label: str = "tub") -> Detection:
    return Detection(label=label, confidence=confidence, box=Box(x, 0.4, x + width, 0.6))


def frame(number: int) -> Frame:
    return Frame(image=PICTURE, index=number, time=number / 15)


def test_everything_that_stands_gets_its_turn() -> None:
    tubs, cups = [tub(0.05 + 0.15 * n) for n in range(6)], Cups()
    reading = RecognisingDetector(Fixed(*tubs), cups)
    frames = 6 // CROPS_A_FRAME * 3
    for number in range(frames):
        assert sum(d.named is not None for d in reading.detect(frame(number))) == CROPS_A_FRAME
    assert {box: cups.asked.count(box) for box in cups.asked} == {one.box: 3 for one in tubs}
    assert reading.model.name == "fixed"


@pytest.mark.parametrize(
    "found",
    [
        [tub(0.3, label=HAND)],
        [tub(0.3), tub(0.28, width=0.2, label=HAND)],
        [tub(0.3, confidence=0.1)],
        [tub(0.3, width=0.005)],
    ],
    ids=["a hand", "under a hand", "doubtful", "a few pixels"],
)
def test_what_shows_nothing_is_not_read(found: list[Detection]) -> None:
    cups = Cups()
    assert RecognisingDetector(Fixed(*found), cups).detect(frame(0)) == found
    assert cups.asked == []


def test_two_boxes_around_one_thing_are_read_once() -> None:
    cups = Cups()
    reading = RecognisingDetector(Fixed(tub(0.3), tub(0.305, label="can", confidence=0.5)), cups)
    for number in range(4):
        reading.detect(frame(number))
    assert len(cups.asked) == 4


def test_a_clip_that_begins_again_is_read_anew() -> None:
    cups = Cups()
    reading = RecognisingDetector(Fixed(tub(0.3)), cups)
    for number in (400, 0, 1):
        reading.detect(frame(number))
    assert len(cups.asked) == 3


def test_a_track_is_called_what_was_read() -> None:
    reading, tracker = RecognisingDetector(Fixed(tub(0.3)), Cups()), CartTracker()
    for number in range(5):
        tracks = tracker.update(number / 15, reading.detect(frame(number)))
    assert [track.label for track in tracks] == ["cup"]
    assert sum(tracks[0].votes.values()) == pytest.approx(5 * 0.8, rel=0.01)


def test_the_first_reading_speaks_for_the_frames_before_it_as_well() -> None:
    found, tracker = tub(0.3), CartTracker()
    for number in range(20):
        tracker.update(number / 15, [found])
    tracks = tracker.update(20 / 15, RecognisingDetector(Fixed(found), Cups()).detect(frame(20)))
    assert [track.label for track in tracks] == ["cup"]
    assert sum(tracks[0].votes.values()) == pytest.approx(21 * 0.8, rel=0.01)


def test_a_doubtful_reading_does_not_turn_a_sure_detector_over() -> None:
    votes = joined({"tub": 0.8}, {"cup": 0.55, "tub": 0.45})
    assert votes["tub"] > votes["cup"]
    assert sum(votes.values()) == pytest.approx(0.8)


def test_what_the_recogniser_rules_out_wholly_is_doubted_not_forgotten() -> None:
    ruled_out, unsaid = joined({"tub": 0.8}, {"cup": 1.0, "tub": 0.0}), joined({"tub": 0.8}, {"cup": 1.0})
    assert ruled_out == unsaid
    assert 0 < ruled_out["tub"] < ruled_out["cup"]

"""The witness of change over painted pictures: what came, went, was moved; light, noise, and what no hand was at."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import EventType, ModelName
from smartcart.edge.judge.change import Change
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.judge.witness import ChangeWitness
from smartcart.edge.pipeline import Pipeline
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.zone import Zone

ZONE = Zone(((0.05, 0.25), (0.95, 0.25), (0.95, 0.95), (0.05, 0.95)))
CAN = Box(0.3, 0.5, 0.42, 0.75)
JAR = Box(0.62, 0.45, 0.76, 0.72)
FPS = 15


def picture(*things: tuple[Box, tuple[int, int, int]], light: float = 1.0, seed: int = 0) -> Image:
    """A basket of wire before a grey floor with things in it, in 320 x 240 pixels with a camera's noise."""
    image = np.full((240, 320, 3), (96, 104, 110), np.uint8)
    for x in range(0, 320, 16):
        cv2.line(image, (x, 0), (x, 240), (150, 150, 150), 1)
    for box, colour in things:
        low, high = np.round(np.array(box).reshape(2, 2) * (320, 240)).astype(int).tolist()
        cv2.rectangle(image, low, high, colour, cv2.FILLED)
        cv2.rectangle(image, low, (high[0], low[1] + 8), (230, 230, 230), cv2.FILLED)
    side = np.linspace(light, 1.0, 320, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 2, image.shape)
    return np.clip(image * side + noise, 0, 255).astype(np.uint8)


RED, GREEN = (40, 40, 200), (60, 170, 60)


def told(before: Sequence[Any], after: Sequence[Any], hands: Sequence[Box], **more: float) -> Change | None:
    """What the witness says of a visit from 2 to 4 s between these two pictures."""
    witness = ChangeWitness(ZONE)
    show(witness, 0, 2, before)
    witness.began(2.0)
    show(witness, 4, 5, after, **more)
    return witness.change(4.0, 5.0, hands)


def show(witness: ChangeWitness, start: float, end: float, things: Sequence[Any], **more: float) -> None:
    for i in range(round(start * FPS), round(end * FPS) + 1):
        witness.see(Frame(image=picture(*things, seed=i, **more), index=i, time=i / FPS))  # type: ignore[arg-type]


def kinds(change: Change | None) -> list[str | None]:
    assert change is not None
    return [place.kind for place in change.places]


@pytest.mark.parametrize("light", [1.0, 0.75, 1.3])
def test_what_came_and_what_went_is_told_with_its_place_in_any_light(light: float) -> None:
    came = told([(JAR, GREEN)], [(JAR, GREEN), (CAN, RED)], [CAN, JAR], light=light)
    went = told([(JAR, GREEN), (CAN, RED)], [(JAR, GREEN)], [CAN, JAR], light=light)
    assert kinds(came) == ["added"] and kinds(went) == ["removed"]
    assert came is not None and went is not None
    assert came.places[0].box.iou(CAN) > 0.7 and went.places[0].box.iou(CAN) > 0.7
    assert 0.02 < came.share < 0.1


def test_a_thing_at_another_place_was_moved() -> None:
    elsewhere = Box(CAN.x1 + 0.3, CAN.y1, CAN.x2 + 0.3, CAN.y2)
    assert kinds(told([(CAN, RED)], [(elsewhere, RED)], [CAN, elsewhere])) == ["moved", "moved"]


def test_light_and_noise_alone_change_nothing() -> None:
    change = told([(JAR, GREEN)], [(JAR, GREEN)], [CAN, JAR], light=0.6)
    assert change == Change(share=0.0, places=())


def test_what_changed_where_no_hand_was_is_no_place_of_the_visit() -> None:
    change = told([], [(CAN, RED)], [JAR])
    assert change is not None and change.places == () and change.share > 0.02


def test_much_at_once_is_told_as_a_share_of_the_zone() -> None:
    coats = [(Box(0.05, y, 0.7, y + 0.1), (200 - 300 * y, 20, 250 * y)) for y in (0.25, 0.37, 0.49, 0.61, 0.73, 0.85)]
    change = told([(JAR, GREEN)], coats, [CAN])
    assert change is not None and change.share > 0.45


def test_nothing_is_told_while_part_of_the_zone_moves() -> None:
    witness = ChangeWitness(ZONE)
    show(witness, 0, 2, [])
    witness.began(2.0)
    for i in range(60, 76):
        arm = Box(0.05 + 0.03 * (i - 60), 0.3, 0.35 + 0.03 * (i - 60), 0.8)
        witness.see(Frame(image=picture((arm, RED), seed=i), index=i, time=i / FPS))
    assert witness.change(4.0, 5.0, [CAN]) is None


def test_nothing_is_told_of_a_visit_that_was_there_from_the_first_picture() -> None:
    witness = ChangeWitness(ZONE)
    witness.began(0.0)
    show(witness, 0, 2, [(CAN, RED)])
    assert witness.change(1.0, 2.0, [CAN]) is None


def test_a_picture_of_another_size_begins_anew() -> None:
    witness = ChangeWitness(ZONE)
    show(witness, 0, 2, [])
    witness.began(2.0)
    for i in range(60, 76):
        small = np.asarray(cv2.resize(picture((CAN, RED), seed=i), (100, 90)), np.uint8)
        witness.see(Frame(image=small, index=i, time=i / FPS))
    assert witness.change(4.0, 5.0, [CAN]) is None


class _HandsOnly:
    """A detector that knows hands and nothing else, until a moment from which on it knows the can as well."""

    model = ModelName(name="scripted", hash="00000000")

    def __init__(self, hand_from: float, hand_to: float, knows_from: float = 1e9) -> None:
        self._hand = hand_from, hand_to
        self._knows_from = knows_from

    def detect(self, frame: Frame) -> Sequence[Detection]:
        found = []
        if self._hand[0] <= frame.time < self._hand[1]:
            way = abs(2 * (frame.time - self._hand[0]) / (self._hand[1] - self._hand[0]) - 1)
            y = CAN.y1 - 0.6 * way
            found.append(Detection(label="hand", confidence=0.9, box=Box(0.28, max(0, y), 0.44, max(0.03, y + 0.2))))
        if frame.time >= self._knows_from:
            found.append(Detection(label="can", confidence=0.9, box=CAN))
        return found


def run(knows_from: float = 1e9) -> list[Decision]:
    """A can is put in by a hand between 2 and 4 s; the detector knows it from a moment on."""
    witness = ChangeWitness(ZONE)
    judge = Judge(ZONE, witness=witness)
    eye = _HandsOnly(2.0, 4.0, knows_from)
    pipeline = Pipeline(detector=eye, tracker=CartTracker(), judge=judge, witness=witness)
    shots = (
        Frame(image=picture(*([(CAN, RED)] if i >= 3 * FPS else []), seed=i), index=i, time=i / FPS)
        for i in range(9 * FPS)
    )
    return [decision for step in pipeline.run(shots) for decision in step.decisions]


def test_what_the_detector_does_not_know_is_asked_once_as_an_unknown_item() -> None:
    (asked,) = run()
    assert (asked.type, asked.label) == (EventType.ITEM_UNCERTAIN, None)
    assert [(c.outcome, c.label) for c in asked.candidates] == [("added", None), ("none", None)]
    assert asked.box is not None and asked.box.iou(CAN) > 0.7
    assert 3 <= asked.media_time <= 4


def test_the_same_pictures_and_detections_give_the_same_decisions() -> None:
    assert [d.to_json() for d in run()] == [d.to_json() for d in run()]


def test_what_the_detector_sees_soon_after_is_told_instead_of_asked() -> None:
    assert [(d.type, d.label) for d in run(knows_from=4.7)] == [(EventType.ITEM_ADDED, "can")]


def test_what_was_asked_is_not_told_again_when_the_detector_sees_it() -> None:
    assert [d.type for d in run(knows_from=6.5)] == [EventType.ITEM_UNCERTAIN]

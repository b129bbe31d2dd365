"""Pictures as evidence: what is in them, what is not, and how many."""

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import MAX_PICTURE_BYTES, EventType, parse_picture
from smartcart.edge.delivery.evidence import KEPT, LARGEST, Evidence
from smartcart.edge.judge.decision import Decision
from smartcart.edge.vision.detection import Box

BOX = Box(0.4, 0.4, 0.6, 0.6)
EVENT = "0199a1b2-5a00-7c11-9d22-aa33bb44cc55"


def noise(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (480, 640, 3), np.uint8)


def frame(time: float, image: Image) -> Frame:
    return Frame(image=image, index=round(time * 30), time=time)


def decision(kind: EventType, time: float, box: Box | None = BOX) -> Decision:
    return Decision(
        type=kind,
        label="can",
        media_time=time,
        confidence=0.9,
        candidates=(),
        box=box,
        track=1,
        evidence={"visit": [1.0, 3.0]},
    )


def opened(jpeg: bytes | None) -> Image:
    assert jpeg is not None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8, copy=False)


def test_only_the_item_can_be_made_out() -> None:
    evidence = Evidence()
    evidence.see(frame(5.0, cv2.resize(noise(1)[::8, ::8], (640, 480), interpolation=cv2.INTER_NEAREST)))
    seen = opened(evidence.picture(decision(EventType.ITEM_ADDED, 5.1))).astype(float)
    assert max(seen.shape[:2]) <= LARGEST
    height, width = seen.shape[:2]
    inside = seen[height // 4 : -height // 4, width // 4 : -width // 4]
    border = np.concatenate([seen[: height // 8].ravel(), seen[-height // 8 :].ravel()])
    assert inside.std() > 3 * border.std()


def test_a_picture_is_of_the_moment_that_decided() -> None:
    evidence = Evidence()
    for tenth in range(60):
        grey = np.full((480, 640, 3), tenth * 4, np.uint8)
        evidence.see(frame(tenth / 10, grey))
    added = opened(evidence.picture(decision(EventType.ITEM_ADDED, 4.0)))
    removed = opened(evidence.picture(decision(EventType.ITEM_REMOVED, 4.0)))
    assert abs(float(added.mean()) - 160) < 10
    assert abs(float(removed.mean()) - 40) < 10  # before the visit, when it still stood there
    assert evidence.picture(decision(EventType.ITEM_ADDED, 9.0)) is None
    assert evidence.picture(decision(EventType.ITEM_ADDED, 4.0, box=None)) is None


def test_size_and_number_are_bounded() -> None:
    evidence = Evidence()
    assert evidence.picture(decision(EventType.ITEM_ADDED, 1.0)) is None
    for tenth in range(4 * KEPT):
        evidence.see(frame(tenth / 10, noise(tenth % 5)))
    assert len(evidence._kept) == KEPT
    whole = decision(EventType.ITEM_ADDED, 39.0, Box(0.0, 0.0, 1.0, 1.0))
    assert len(evidence.picture(whole) or b"") <= MAX_PICTURE_BYTES
    for _ in range(3 * KEPT):
        evidence.decided(whole, EVENT)
    made = evidence.take()
    assert len(made) == KEPT
    assert evidence.take() == []
    assert parse_picture(made[0].to_bytes()) == made[0]

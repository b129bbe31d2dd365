"""Pictures as evidence: what is in them, what is not, and how many."""

from dataclasses import replace

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import MAX_PICTURE_BYTES, Candidate, EventType, parse_picture
from smartcart.edge.contract.picture_parts import parts_of
from smartcart.edge.delivery.evidence import GAP, LARGEST, Evidence
from smartcart.edge.delivery.moments import KEPT
from smartcart.edge.judge.decision import Decision
from smartcart.edge.tracking.tracker import Track
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


def track(key: int, box: Box, label: str = "can") -> Track:
    return Track(
        id=key, box=box, origin=box, seen=True, confidence=0.9, votes={label: 3.0}, first=0.0, last=9.0, hits=9
    )


def checks(value: int) -> Image:
    """Fine squares of black and a grey of which a picture is known again."""
    board = np.indices((480, 640)).sum(axis=0) // 4 % 2
    return np.repeat((board * value).astype(np.uint8)[..., None], 3, axis=2)


def test_an_item_is_shown_where_it_is_largest_sharpest_and_least_covered() -> None:
    evidence = Evidence()
    large, small = Box(0.3, 0.3, 0.7, 0.7), Box(0.45, 0.45, 0.55, 0.55)
    hand = track(9, Box(0.3, 0.3, 0.7, 0.6), "hand")
    evidence.see(frame(0.5, checks(250)), [])  # before the visit: its place, and nothing there
    evidence.see(frame(1.2, checks(60)), [track(1, large), hand])  # in the hand
    evidence.see(frame(1.6, cv2.blur(checks(90), (15, 15))), [track(1, large)])  # as it falls
    evidence.see(frame(2.0, checks(120)), [track(1, large)])
    evidence.see(frame(2.4, checks(160)), [track(1, small)])
    evidence.see(frame(2.8, checks(200)), [track(2, large)])  # something else
    for kind, box in ((EventType.ITEM_ADDED, small), (EventType.ITEM_REMOVED, large)):
        seen = opened(evidence.picture(decision(kind, 2.4, box)))
        height, width = seen.shape[:2]
        assert abs(float(seen[height // 3 : -height // 3, width // 3 : -width // 3].mean()) - 60) < 8


def test_where_it_is_in_doubt_what_happened_the_place_before_and_after_stand_beside_the_item() -> None:
    evidence = Evidence()
    for tenth in range(0, 60, 2):
        there = [track(1, BOX)] if 20 <= tenth < 30 else []
        hands = [track(9, BOX, "hand")] if 10 <= tenth < 30 else []
        evidence.see(frame(tenth / 10, np.full((480, 640, 3), 4 * tenth, np.uint8)), [*there, *hands])
    doubt = replace(
        decision(EventType.ITEM_UNCERTAIN, 2.8),
        candidates=(
            Candidate(outcome="added", label="can", probability=0.6),
            Candidate(outcome="none", label=None, probability=0.4),
        ),
    )
    jpeg = evidence.picture(doubt)
    assert jpeg is not None and parts_of(jpeg) == ("before", "item", "after")
    row = opened(jpeg)
    assert row.shape[:2] == (LARGEST, 3 * LARGEST + 2 * GAP)
    before, item, after = (float(row[100:200, x : x + 100].mean()) for x in (110, 438, 766))
    assert before < 40 and 80 <= item < 120 and after > 220
    nobody_knows = evidence.picture(replace(doubt, track=None))
    assert nobody_knows is not None and parts_of(nobody_knows) == ("before", "after")
    assert parts_of(evidence.picture(decision(EventType.ITEM_ADDED, 2.8)) or b"") == ("item",)


def test_size_and_number_are_bounded() -> None:
    evidence = Evidence()
    assert evidence.picture(decision(EventType.ITEM_ADDED, 1.0)) is None
    for tenth in range(4 * KEPT):
        evidence.see(frame(tenth / 10, noise(tenth % 5)))
    assert len(evidence._moments) == KEPT
    whole = decision(EventType.ITEM_ADDED, 39.0, Box(0.0, 0.0, 1.0, 1.0))
    assert len(evidence.picture(whole) or b"") <= MAX_PICTURE_BYTES
    for _ in range(3 * KEPT):
        evidence.decided(whole, EVENT)
    made = evidence.take()
    assert len(made) == KEPT
    assert evidence.take() == []
    assert parse_picture(made[0].to_bytes()) == made[0]

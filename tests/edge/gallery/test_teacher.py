"""Lessons on the cart: begun and ended by command, reported as they go on, and nothing is decided meanwhile."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from scenes import ZONE
from turned_packs import HAND, ITEM, Pixels, view

from smartcart.edge.capture.frames import Frame
from smartcart.edge.cart import Cart, NoCarrier
from smartcart.edge.contract.events import Command, ModelName
from smartcart.edge.contract.lesson import LessonReport
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.gallery.gallery_file import Gallery
from smartcart.edge.gallery.teacher import CLEAR, LEAST, LONGEST, LONGEST_CLEAR, SECONDS, Taught, Teacher
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Pipeline, Step
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.camera_health import CameraWatch
from smartcart.edge.vision.detection import Box, Detection

LESSON, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
TURNED = (ITEM, HAND)
STANDING = Detection(label="can", confidence=0.9, box=Box(0.1, 0.6, 0.2, 0.85))


class Lesson:
    """A teacher with a camera of so many frames a second; each frame shows another side."""

    def __init__(self, rate: float = 2.0) -> None:
        self.teacher = Teacher(Pixels(), "store-1")
        self.teacher.begin(LESSON, "MILK", "Milk 1 l")
        self._numbers, self._rate = count(), rate
        self._now = 0.0

    def see(self, found: Sequence[Detection] = TURNED) -> Taught | None:
        number = next(self._numbers)
        frame = view(number)
        return self.teacher.see(Frame(index=number, time=number / self._rate, image=frame.image), found)

    def seconds(self, found: Sequence[Detection] = TURNED) -> float:
        """How long it goes on with this in sight."""
        for frames in range(1000):
            if not self.teacher.is_teaching:
                return (frames - 1) / self._rate
            self.see(found)
        raise AssertionError

    def report(self) -> LessonReport:
        self._now += 1
        (report,) = self.teacher.due(self._now)
        assert LessonReport.from_bytes(report.to_bytes()) == report
        return report


def test_a_lesson_is_reported_as_it_goes_on_and_ends_with_what_was_learnt() -> None:
    lesson = Lesson()
    assert lesson.report().says == "the cart waits for its camera"
    lesson.see()
    assert (lesson.report().views, lesson.teacher.is_teaching) == (1, True)
    for _ in range(4):
        lesson.see()
    lesson.teacher.end(LESSON, keep=True)
    report = lesson.report()
    assert (report.state, report.views, lesson.teacher.is_teaching) == ("learnt", 5, False)
    gallery = Gallery.from_bytes(report.gallery or b"")
    assert (gallery.store, gallery.embedding) == ("store-1", Pixels.embedding)
    assert [(p.sku, p.name, len(p.prototypes)) for p in gallery.products] == [
        ("MILK", "Milk 1 l", 15)
    ]  # each of 5 views also as in two carts


@pytest.mark.parametrize(
    ("rate", "found", "seconds"),
    [(0.5, TURNED, SECONDS), (3.0, TURNED, LEAST), (30.0, TURNED, 39 / 30), (0.5, (), LONGEST)],
    ids=["few views in half a minute", "a full ring", "every view that is kept", "nothing is shown"],
)
def test_it_ends_by_itself(rate: float, found: Sequence[Detection], seconds: float) -> None:
    assert Lesson(rate).seconds(found) == pytest.approx(seconds, abs=1 / rate)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((), "no item: hold the product"),
        ((ITEM, Detection(label="can", confidence=0.7, box=Box(0.72, 0.2, 0.99, 0.8))), "two items: hold one"),
    ],
    ids=["no item", "two items"],
)
def test_what_cannot_be_learnt_is_refused_with_what_to_do(found: Sequence[Detection], words: str) -> None:
    lesson = Lesson()
    lesson.seconds(found)
    report = lesson.report()
    assert (report.state, report.gallery) == ("refused", None)
    assert words in report.says


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (lambda teacher: teacher.end(LESSON, keep=False), "stopped"),
        (lambda teacher: teacher.end(LESSON, keep=True), "only 2 usable views"),
        (lambda teacher: teacher.close(), "stopped in the middle"),
    ],
    ids=["stopped", "too few views", "the camera's end"],
)
def test_a_lesson_that_comes_to_nothing_says_why(ends: Callable[[Teacher], None], words: str) -> None:
    lesson = Lesson()
    lesson.see()
    lesson.see()
    ends(lesson.teacher)
    assert lesson.report().state == "refused"
    lesson.teacher.begin(LESSON, "MILK", "Milk 1 l")  # the answer was lost, and is asked for again
    assert words in lesson.report().says


def test_of_two_lessons_at_once_the_second_is_refused() -> None:
    lesson = Lesson()
    lesson.see()
    lesson.teacher.begin(OTHER, "OATS", "Oats")
    lesson.teacher.end(LESSON, keep=False)
    first, second = lesson.teacher.due(1e9)
    assert (first.lesson, second.lesson) == (LESSON, OTHER)
    assert "somebody else is teaching with this cart" in second.says
    lesson.teacher.end(str(uuid.UUID(int=3)), keep=True)
    assert "does not know this lesson" in lesson.report().says


def test_reports_are_few_until_the_last() -> None:
    lesson = Lesson()
    assert len(lesson.teacher.due(10.0)) == 1
    lesson.see()
    assert lesson.teacher.due(10.1) == []
    assert len(lesson.teacher.due(10.3)) == 1
    assert lesson.teacher.due(11.0) == [], "nothing new"
    lesson.see()
    lesson.teacher.end(LESSON, keep=False)
    assert lesson.teacher.due(11.1)[0].is_last


@pytest.mark.parametrize(
    ("found", "seconds"),
    [([STANDING], CLEAR), ([HAND], LONGEST_CLEAR), ([ITEM], LONGEST_CLEAR)],
    ids=["taken away", "a hand that stays", "the product stays"],
)
def test_after_a_lesson_the_cart_waits_until_the_product_is_gone(found: Sequence[Detection], seconds: float) -> None:
    lesson = Lesson(rate=10)
    lesson.see()
    lesson.teacher.end(LESSON, keep=False)
    frames = next(n for n in range(1000) if lesson.see(found) is None)
    assert frames / 10 == pytest.approx(seconds, abs=0.3)


class Turning:
    """A camera to which a hand brings a pack over the basket's edge, sets it down, turns it, and is gone with it."""

    model = ModelName(name="scripted", hash="00000000")

    def __iter__(self) -> Iterator[Frame]:
        for number in range(110):
            yield Frame(index=number, time=number / 10, image=view(number).image)

    def detect(self, frame: Frame) -> Sequence[Detection]:
        if not 2 < frame.time < 7:
            return (STANDING,)
        height = min(0.0, 0.6 * (frame.time - 3))
        shown = (ITEM,) if 3.1 < frame.time < 3.7 else (ITEM, HAND)
        return [STANDING, *(Detection(label=d.label, confidence=0.9, box=raised(d.box, height)) for d in shown)]


def raised(box: Box, height: float) -> Box:
    return Box(box.x1, max(0.0, box.y1 + height), box.x2, max(0.01, box.y2 + height))


def test_what_is_turned_before_the_camera_is_no_shopping(tmp_path: Path) -> None:
    """The lesson begins in the middle of a visit, just when the pack has been set down."""
    camera, teacher = Turning(), Teacher(Pixels(), "s")
    identity = Identity(store="s", cart="c", model=camera.model)
    pipeline = Pipeline(detector=camera, tracker=CartTracker(), judge=Judge(ZONE), teacher=teacher)
    box = Outbox(tmp_path / "outbox.sqlite", store="s", cart="c")
    cart = Cart(pipeline, Publisher(box, identity), CameraWatch(ZONE))
    taught: list[bool] = []

    def at(step: Step) -> None:
        taught.append(step.taught is not None)
        if step.frame.index == 36:
            cart.command(Command(action="teach", lesson=LESSON, sku="MILK", name="Milk"))
        if step.frame.index == 60:
            cart.command(Command(action="teach_end", lesson=LESSON, keep=True))

    cart.run(camera, NoCarrier(), on_step=at)
    (report,) = teacher.due(1e9)
    assert report.state == "learnt", report.says
    assert any(taught)
    assert not taught[-1]
    assert [item.label for item in pipeline.judge.contents] == ["can"], "what stood there stands there still"
    assert [letter.payload.count(b'"item_') for letter in box.waiting(100)] == [0, 0], "a session, and no item"

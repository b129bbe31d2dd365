"""Lessons: staff ask the cart to learn a product, which somebody turns before its camera.

During a lesson, and until the product has left the picture, the cart decides nothing. A lesson ends when enough was
seen, ``SECONDS`` after the first view, on request, and in any case after ``LONGEST``.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.lesson import LessonReport
from smartcart.edge.gallery.embedder import Embedder
from smartcart.edge.gallery.enrolment import ADVICE, LEAST_CONFIDENCE, MOST, SAME_THING, Enrolment, Seen
from smartcart.edge.gallery.gallery_file import Gallery, GalleryError
from smartcart.edge.vision.detection import Box, Detection
from smartcart.models.labels import HAND

SECONDS: Final = 30.0
LEAST: Final = 10.0
"""How long it continues with a full ring, so that every side gets its turn."""
LONGEST: Final = 60.0
CLEAR: Final = 1.5
LONGEST_CLEAR: Final = 15.0
APART: Final = 0.25
"""Seconds between two reports of one lesson."""
NO_PICTURE: Final = "the cart waits for its camera"
BUSY: Final = "somebody else is teaching with this cart: wait, or choose another cart"
UNKNOWN: Final = "the cart does not know this lesson; it was restarted meanwhile: teach it again"
STOPPED: Final = "stopped; nothing was learnt"
ENDED: Final = "the cart stopped in the middle of the lesson: nothing was learnt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A frame's part in a lesson: the product's box and the current advice; both None while the picture clears."""

    box: Box | None = None
    said: Seen | None = None
    views: int = 0


@dataclass(slots=True, kw_only=True)
class _Lesson:
    """The lesson under way; times are the camera's, in seconds: ``since`` its first frame, ``first`` its first view."""

    id: str
    sku: str
    name: str
    enrolment: Enrolment
    since: float | None = None
    first: float | None = None

    def is_over(self, time: float) -> bool:
        seen = time - self.first if self.first is not None else 0.0
        long = time - self.since if self.since is not None else 0.0
        enough = self.enrolment.progress >= 1 and seen >= LEAST
        return enough or self.enrolment.views >= MOST or seen >= SECONDS or long >= LONGEST


@dataclass(slots=True)
class _Clearing:
    """Where the product was last, since when it should be gone, and when it or a hand was last seen."""

    box: Box | None
    since: float
    full: float

    def is_there(self, found: Detection) -> bool:
        """True if this is a hand or the taught product."""
        if found.confidence < LEAST_CONFIDENCE:
            return False
        if found.label == HAND:
            return True
        return self.box is not None and found.box.overlap(self.box) > SAME_THING * found.box.area


@dataclass(slots=True)
class _Post:
    """Reports that wait to be sent, the newest of each lesson, and the time of the last one sent."""

    waiting: dict[str, LessonReport] = field(default_factory=dict)
    sent: float = 0.0

    def due(self, now: float) -> list[LessonReport]:
        if now - self.sent < APART and not any(report.is_last for report in self.waiting.values()):
            return []
        due, self.waiting = list(self.waiting.values()), {}
        self.sent = now if due else self.sent
        return due


class Teacher:
    """One cart's teacher; called from the network thread, and with every frame from the camera's.

    Args:
        embedder: the one that the cart names products with.
        store: the store that the lessons belong to.
    """

    def __init__(self, embedder: Embedder, store: str) -> None:
        self._embedder = embedder
        self._store = store
        self._lock = threading.Lock()
        self._lesson: _Lesson | None = None
        self._clearing: _Clearing | None = None
        self._last: LessonReport | None = None
        self._post = _Post()

    @property
    def is_teaching(self) -> bool:
        """True while a lesson is under way."""
        return self._lesson is not None

    def begin(self, lesson: str, sku: str, name: str) -> None:
        """Begins a lesson, unless another is under way; a lesson known already is only reported again."""
        with self._lock:
            if self._last is not None and self._last.lesson == lesson:
                self._tell(self._last)
            elif self._lesson is not None:
                self._tell(LessonReport(lesson=lesson, state="refused", says=BUSY))
            else:
                self._lesson = _Lesson(id=lesson, sku=sku, name=name, enrolment=Enrolment(self._embedder))
                self._say(LessonReport(lesson=lesson, state="teaching", says=NO_PICTURE))

    def end(self, lesson: str, *, keep: bool) -> None:
        """Ends a lesson; the views are learnt or forgotten."""
        with self._lock:
            if self._lesson is not None and self._lesson.id == lesson:
                self._end(self._lesson, None if keep else STOPPED)
            elif self._last is not None and self._last.lesson == lesson:
                self._tell(self._last)
            else:
                self._tell(LessonReport(lesson=lesson, state="refused", says=UNKNOWN))

    def close(self) -> None:
        """The camera ended: a lesson under way is over."""
        with self._lock:
            if self._lesson is not None:
                self._end(self._lesson, ENDED)
            self._clearing = None

    def see(self, frame: Frame, found: Sequence[Detection]) -> Taught | None:
        """Takes a frame with its detections; returns None if no lesson concerns it."""
        with self._lock:
            lesson = self._lesson
            if lesson is None:
                return self._clear(frame, found)
            if lesson.since is None:
                lesson.since = frame.time
            return self._look(lesson, frame, found)

    def due(self, now: float) -> list[LessonReport]:
        """The reports to send at this time (in seconds of any monotonic clock)."""
        with self._lock:
            return self._post.due(now)

    def _look(self, lesson: _Lesson, frame: Frame, found: Sequence[Detection]) -> Taught:
        enrolment = lesson.enrolment
        said = enrolment.see(frame, found)
        if said == "taken" and lesson.first is None:
            lesson.first = frame.time
        box = enrolment.box or (self._clearing.box if self._clearing else None)
        self._clearing = _Clearing(box=box, since=frame.time, full=frame.time)
        if lesson.is_over(frame.time):
            self._end(lesson, None)
        else:
            self._say(_progress(lesson, ADVICE[said]))
        return Taught(box=enrolment.box, said=said, views=enrolment.views)

    def _clear(self, frame: Frame, found: Sequence[Detection]) -> Taught | None:
        """After a lesson the product is taken away; hands and product are not shopping until then."""
        clearing = self._clearing
        if clearing is None:
            return None
        if any(clearing.is_there(one) for one in found):
            clearing.full = frame.time
        if frame.time - clearing.full >= CLEAR or frame.time - clearing.since >= LONGEST_CLEAR:
            self._clearing = None
        return Taught()

    def _end(self, lesson: _Lesson, why_not: str | None) -> None:
        self._lesson = None
        if why_not is not None:
            self._say(LessonReport(lesson=lesson.id, state="refused", says=why_not))
            return
        try:
            product = lesson.enrolment.enrolled(lesson.sku, lesson.name)
        except GalleryError as error:
            self._say(LessonReport(lesson=lesson.id, state="refused", says=str(error)))
            return
        embedding = self._embedder.embedding
        alone = Gallery(store=self._store, version=1, embedding=embedding, products=(product,))
        report = _progress(lesson, "")
        self._say(
            LessonReport(
                lesson=lesson.id, state="learnt", progress=report.progress, views=report.views, gallery=alone.to_bytes()
            )
        )

    def _say(self, report: LessonReport) -> None:
        """Reports the lesson under way, or the last one, if there is news."""
        if report != self._last:
            self._last = report
            self._tell(report)

    def _tell(self, report: LessonReport) -> None:
        self._post.waiting[report.lesson] = report


def _progress(lesson: _Lesson, says: str) -> LessonReport:
    enrolment = lesson.enrolment
    return LessonReport(
        lesson=lesson.id, state="teaching", progress=enrolment.progress, views=enrolment.views, says=says
    )

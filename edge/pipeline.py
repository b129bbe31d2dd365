"""The frame loop: detect, track, judge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from smartcart.edge.capture.frames import Frame, SourceError
from smartcart.edge.gallery.namer import ProductNamer
from smartcart.edge.gallery.teacher import Taught, Teacher
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.judge.witness import ChangeWitness
from smartcart.edge.tracking.tracker import Track, Tracker
from smartcart.edge.vision.detection import Detection, Detector


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The result of one frame; ``taught`` if it belongs to a lesson, during which nothing is decided."""

    frame: Frame
    detections: Sequence[Detection]
    tracks: Sequence[Track]
    decisions: Sequence[Decision]
    taught: Taught | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One camera's pipeline, from frames to decisions.

    ``witness`` is asked by the judge and gets every frame; ``namer`` names products, if there is a gallery or a reader
    of codes; ``teacher`` learns products, where possible.
    """

    detector: Detector
    tracker: Tracker
    judge: Judge
    witness: ChangeWitness | None = None
    namer: ProductNamer | None = None
    teacher: Teacher | None = None

    def run(self, frames: Iterable[Frame]) -> Iterator[Step]:
        """One step per frame; the last frame's step is repeated if the end of the video decides an open visit.

        Raises:
            SourceError: the source failed; everything seen before that is decided first.
        """
        step: Step | None = None
        failure: SourceError | None = None
        try:
            for frame in frames:
                step = self._step(frame)
                yield step
        except SourceError as error:
            failure = error
        if step is not None and (decisions := self.named(self.judge.finish())):
            yield Step(frame=step.frame, detections=(), tracks=(), decisions=decisions)
        if failure is not None:
            raise failure

    def _step(self, frame: Frame) -> Step:
        detections = self.detector.detect(frame)
        taught = self.teacher.see(frame, detections) if self.teacher is not None else None
        if taught is not None:
            self.judge.pause(frame.time)
            return Step(frame=frame, detections=detections, tracks=(), decisions=(), taught=taught)
        tracks = self.tracker.update(frame.time, detections)
        if self.witness is not None:
            self.witness.see(frame)
        if self.namer is not None:
            if self.judge.visit_since is None:
                self.namer.between_visits()
            self.namer.see(frame, tracks)
        decisions = self.named(self.judge.update(frame.time, tracks))
        return Step(frame=frame, detections=detections, tracks=tracks, decisions=decisions)

    def named(self, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """The decisions with their products."""
        return decisions if self.namer is None else [self.namer.named(decision) for decision in decisions]

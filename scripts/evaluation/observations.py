"""The observations of a labelled clip: by the detector over its video, or the truth, with or without detector noise."""

import argparse
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smartcart.edge.capture.frames import Image
from smartcart.edge.capture.sources import open_source
from smartcart.edge.contract.events import EventType
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.judge.witness import ChangeWitness
from smartcart.edge.tracking.naming import DETECTORS_FLOOR, DETECTORS_POWER
from smartcart.edge.tracking.tracker import CartTracker, Track, Tracker
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.zone import DEFAULT_ZONE, Zone
from smartcart.models.dataset.frame_truth import TrueFrame, iou
from smartcart.models.dataset.truth import Change, Truth
from smartcart.models.evaluation.detector_noise import SAME, NoisyDetector, Sighting, read_noise
from smartcart.models.evaluation.event_metrics import Prediction, Replayed
from smartcart.models.labels import HAND
from smartcart.scripts.pipeline import open_detector

CERTAIN: Final = 0.9
KINDS: Final[dict[EventType, Change]] = {EventType.ITEM_ADDED: "added", EventType.ITEM_REMOVED: "removed"}
UNSAID: Final = DETECTORS_FLOOR**DETECTORS_POWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One frame's media time in seconds, its detections, and what a witness of change keeps of its picture.

    The last is None if it keeps nothing, or there are no pictures.
    """

    time: float
    detections: Sequence[Detection]
    view: Image | None = None


def look_at_video(video: Path, args: argparse.Namespace, zone: Zone | None = None) -> list[Observation]:
    """The observations of a video by the detector that the options name, and a witness of change if a zone is given.

    Raises:
        SourceError, ModelError: the video or the model is unusable.
    """
    detector, frames = open_detector(args, zone or DEFAULT_ZONE), open_source(str(video))
    view = ChangeWitness(zone).view if zone else lambda _: None
    try:
        return [Observation(time=frame.time, detections=detector.detect(frame), view=view(frame)) for frame in frames]
    finally:
        frames.close()


def look_at_truth(frames: Sequence[TrueFrame]) -> list[Observation]:
    """The observations of a perfect detector."""
    return [Observation(time=f.t, detections=[_sure(t.label, t.box) for t in f.things]) for f in frames]


def look_through_noise(frames: Sequence[TrueFrame], noise: Path, seed: int, clip: str) -> list[Observation]:
    """The observations of a detector with this noise; each clip and seed is disturbed differently.

    Raises:
        NoiseError: the noise model is unusable.
    """
    detector = NoisyDetector(read_noise(noise), zlib.crc32(f"{clip}/{seed}".encode()))
    return [Observation(time=f.t, detections=[detection_of(s) for s in detector.look(f)]) for f in frames]


def with_true_boxes(frames: Sequence[TrueFrame], looks: Sequence[Observation]) -> list[Observation]:
    """The true boxes, with the detector's classes where it saw them."""
    mixed: list[Observation] = []
    for frame, look in zip(frames, looks, strict=False):
        items = [d for d in look.detections if d.label != HAND]
        told: list[Detection] = []
        for thing in frame.things:
            seen = max(items, key=lambda d: iou(d.box, thing.box), default=None)
            claimed = seen is not None and thing.label != HAND and iou(seen.box, thing.box) >= SAME
            told.append(_sure(seen.label if seen is not None and claimed else thing.label, thing.box))
        mixed.append(Observation(time=look.time, detections=told))
    return mixed


class TrueTracker:
    """Perfect tracks: the identity of every object is that of the truth. Feed it the frames of one clip."""

    def __init__(self, frames: Sequence[TrueFrame]) -> None:
        self._frames = {frame.t: frame for frame in frames}
        self._numbers: dict[str, int] = {}
        self._tracks: dict[int, Track] = {}

    def update(self, time: float, detections: Sequence[Detection]) -> Sequence[Track]:
        for thing in self._frames[time].things:
            number = self._numbers.setdefault(thing.id, len(self._numbers) + 1)
            before = self._tracks.get(number)
            hits = before.hits + 1 if before else 1
            self._tracks[number] = Track(
                id=number,
                box=Box(*thing.box),
                origin=before.origin if before else Box(*thing.box),
                seen=True,
                confidence=CERTAIN,
                votes={thing.label: CERTAIN * hits},
                first=before.first if before else time,
                last=time,
                hits=hits,
            )
        return [track for track in self._tracks.values() if track.last == time]


def judged(clip: str, truth: Truth, looks: Sequence[Observation], tracker: Tracker | None = None) -> Replayed:
    """The decisions of tracker and judge on the observations, with a witness of change if there are pictures."""
    zone = Zone(truth.zone)
    witness = ChangeWitness(zone) if any(look.view is not None for look in looks) else None
    tracker, judge = tracker or CartTracker(), Judge(zone, witness=witness)
    decisions, visits, sights = [], {}, dict[str, list[float]]()
    for look in looks:
        if witness is not None and look.view is not None:
            witness.keep(look.time, look.view)
        decisions += judge.update(look.time, tracker.update(look.time, look.detections))
        if (start := judge.visit_since) is not None:
            visits[start] = look.time
        for label in {d.label for d in look.detections}:
            sights.setdefault(label, []).append(look.time)
    decisions += judge.finish()
    predictions = [one for decision in decisions for one in predictions_of(decision, decision.label)]
    return Replayed(clip=clip, truth=truth, predictions=predictions, visits=tuple(visits.items()), sights=sights)


def predictions_of(decision: Decision, label: str | None) -> list[Prediction]:
    """A decision in the form of the metrics, one for each item, under a label or a product's name."""
    kind = KINDS.get(decision.type)
    return [Prediction(type=kind, label=label, t=decision.media_time)] * decision.quantity


def _sure(label: str, box: tuple[float, float, float, float]) -> Detection:
    return Detection(label=label, confidence=CERTAIN, box=Box(*box))


def detection_of(sighting: Sighting) -> Detection:
    """The output of a detector with a recogniser: the answer is the one that leaves the class its share."""
    named = {sighting.label: sighting.share * UNSAID} if sighting.rivals else None
    if named is not None:
        weights = [2.0**-rank for rank in range(len(sighting.rivals))]
        for rival, weight in zip(sighting.rivals, weights, strict=True):
            named[rival] = (1 - sighting.share) * weight / sum(weights)
        total = sum(named.values())
        named = {label: value / total for label, value in named.items()}
    return Detection(label=sighting.label, confidence=sighting.confidence, box=Box(*sighting.box), named=named)

"""The wiring that every command with a camera or a clip shares."""

import argparse
from pathlib import Path

from smartcart.edge.detection import Detector
from smartcart.edge.detector import ModelError, OnnxDetector
from smartcart.edge.frames import FrameSource, SourceError
from smartcart.edge.judge import Judge
from smartcart.edge.pipeline import Pipeline
from smartcart.edge.recorded import RecordedDetector, RecordingError
from smartcart.edge.sources import Presence, open_source
from smartcart.edge.tracker import CartTracker, TrackerSettings
from smartcart.edge.zone import DEFAULT_ZONE, Zone, ZoneError, read_zone
from smartcart.scripts.main import CommandError

EDGE_ERRORS = (ModelError, SourceError, ZoneError, RecordingError)


def open_detector(args: argparse.Namespace) -> Detector:
    if args.detections:
        return RecordedDetector(args.detections)
    return OnnxDetector(args.model, threads=args.threads, confidence=TrackerSettings().weak)


def open_zone(path: Path | None) -> Zone:
    return read_zone(path) if path else DEFAULT_ZONE


def build_pipeline(detector: Detector, zone: Zone) -> Pipeline:
    """A fresh pipeline around a detector: tracker and judge are one camera's own."""
    return Pipeline(detector=detector, tracker=CartTracker(), judge=Judge(zone))


def open_frames(source: str, on_presence: Presence = lambda _: None) -> FrameSource:
    try:
        return open_source(source, on_presence=on_presence)
    except EDGE_ERRORS as error:
        raise CommandError(str(error)) from error

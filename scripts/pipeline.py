"""The wiring shared by every command with a camera or a clip."""

import argparse
from pathlib import Path

from smartcart.edge.capture.webcam import CameraMode
from smartcart.edge.codes.reader import CodeReader
from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.in_use import read_gallery
from smartcart.edge.gallery.namer import ProductNamer
from smartcart.edge.gallery.search import Index
from smartcart.edge.gallery.sightings import Sightings
from smartcart.edge.gallery.teacher import Teacher
from smartcart.edge.judge.judge import Judge
from smartcart.edge.judge.witness import ChangeWitness
from smartcart.edge.pipeline import Pipeline
from smartcart.edge.tracking.tracker import CartTracker, TrackerSettings
from smartcart.edge.vision.detection import Detector
from smartcart.edge.vision.detector import ModelError, OnnxDetector
from smartcart.edge.vision.recogniser import OnnxRecogniser
from smartcart.edge.vision.recognising_detector import RecognisingDetector
from smartcart.edge.vision.recorded import RecordedDetector
from smartcart.edge.vision.zone import DEFAULT_ZONE, Zone, read_zone
from smartcart.edge.vision.zoom import zoomed
from smartcart.models.labels import DEFAULT_EMBEDDING, DEFAULT_MODEL, DEFAULT_RECOGNISER, INT8_MODEL, UNKNOWN
from smartcart.scripts.pipeline_options import NO_HAND, NO_RECOGNISER


def open_detector(args: argparse.Namespace, zone: Zone) -> Detector:
    """The detector that the options name: recorded detections, or a model, with a recogniser if one fits.

    The shipped recogniser belongs to the shipped detectors; another detector has none unless ``--recogniser`` names it.
    """
    if args.detections:
        return RecordedDetector(args.detections)
    hand_class = None if args.hand_class == NO_HAND else args.hand_class
    detector = OnnxDetector(args.model, threads=args.threads, confidence=TrackerSettings().weak, hand_class=hand_class)
    shipped = args.model.resolve() in (DEFAULT_MODEL.resolve(), INT8_MODEL.resolve())
    file = args.recogniser or (DEFAULT_RECOGNISER if shipped else None)
    if file is None or file == NO_RECOGNISER:
        return zoomed(detector, zone)
    recogniser = OnnxRecogniser(file, threads=args.threads)
    if strange := set(recogniser.labels) - {*detector.labels, UNKNOWN}:
        raise ModelError(f"{file}: names {', '.join(sorted(strange))}, which {args.model} does not find")
    return RecognisingDetector(zoomed(detector, zone), recogniser)


def open_zone(path: Path | None) -> Zone:
    return read_zone(path) if path else DEFAULT_ZONE


def build_pipeline(
    detector: Detector, zone: Zone, namer: ProductNamer | None = None, teacher: Teacher | None = None
) -> Pipeline:
    """A new pipeline around a detector: tracker, witness, judge, namer and teacher belong to one camera."""
    witness = ChangeWitness(zone)
    judge = Judge(zone, witness=witness)
    return Pipeline(
        detector=detector, tracker=CartTracker(), judge=judge, witness=witness, namer=namer, teacher=teacher
    )


def open_embedder(args: argparse.Namespace) -> OnnxEmbedder:
    """The model that the options name, or the shipped one."""
    return OnnxEmbedder(args.embedding or DEFAULT_EMBEDDING, threads=args.threads)


def open_namer(args: argparse.Namespace) -> ProductNamer:
    """What names the products of a recording: the codes on them, and the gallery of ``--gallery``."""
    codes = CodeReader()
    if args.gallery is None:
        return ProductNamer(codes=codes)
    embedder = open_embedder(args)
    index = Index(read_gallery(args.gallery).checked(embedding=embedder.embedding.id))
    return ProductNamer(Sightings(embedder), index, codes)


def camera_mode(args: argparse.Namespace) -> CameraMode:
    """The mode that ``--size``, ``--fps`` and ``--format`` request from a webcam."""
    return CameraMode(size=args.size, fps=args.fps, format=args.format)

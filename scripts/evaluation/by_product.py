"""A clip judged by product instead of by label: an item with a product in the truth must be named as that product."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smartcart.edge.capture.frames import Frame
from smartcart.edge.capture.sources import open_source
from smartcart.edge.vision.detection import Detection
from smartcart.edge.vision.recorded import RECORDED
from smartcart.edge.vision.zone import Zone
from smartcart.models.dataset.truth import Truth
from smartcart.models.evaluation.event_metrics import Prediction, Replayed
from smartcart.scripts.evaluation.observations import Observation, predictions_of
from smartcart.scripts.pipeline import build_pipeline, open_namer

UNNAMED = "unnamed"


class SeenAlready:
    """A detector's output for a clip, frame by frame."""

    model = RECORDED

    def __init__(self, looks: Sequence[Observation]) -> None:
        self._looks = looks

    def detect(self, frame: Frame) -> Sequence[Detection]:
        return self._looks[frame.index].detections if frame.index < len(self._looks) else ()


def judged_by_product(
    video: Path, truth: Truth, looks: Sequence[Observation], args: argparse.Namespace
) -> Replayed | None:
    """The clip with the products of ``--gallery`` in place of labels; None if the truth names no products.

    What is in the basket from the start counts under its product where its removal names it, else under its label.

    Raises:
        SourceError, GalleryError, ModelError: the clip, the gallery or its embedding is unusable.
    """
    if args.gallery is None or not any(event.product for event in truth.events) or not video.exists():
        return None
    pipeline = build_pipeline(SeenAlready(looks), Zone(truth.zone), open_namer(args))
    frames = open_source(str(video))
    try:
        decisions = [decision for step in pipeline.run(frames) for decision in step.decisions]
    finally:
        frames.close()
    told: list[Prediction] = []
    for decision in decisions:
        told += predictions_of(decision, decision.sku or f"{UNNAMED} {decision.label}")
    return Replayed(
        clip=truth.video,
        truth=truth_by_product(truth),
        predictions=told,
        visits=(),
        sights={},
    )


def truth_by_product(truth: Truth) -> Truth:
    """The same truth with products in place of labels."""
    events = tuple(replace(event, label=event.product or event.label) for event in truth.events)
    initial, inside = Counter(truth.initial), Counter[str]()
    for was, event in sorted(zip(truth.events, events, strict=True), key=lambda pair: pair[0].t):
        if event.type == "added":
            inside[event.label] += 1
        elif inside[event.label]:
            inside[event.label] -= 1
        else:
            initial[was.label] -= 1
            initial[event.label] += 1
    return replace(truth, initial={name: count for name, count in initial.items() if count}, events=events)

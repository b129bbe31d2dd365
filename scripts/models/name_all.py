"""Every object in a picture once, with the name by detector and recogniser together; for measuring only."""

from collections.abc import Iterator, Sequence

from smartcart.edge.capture.frames import Frame
from smartcart.edge.tracking.naming import joined
from smartcart.edge.vision.detection import Detection, Detector
from smartcart.edge.vision.recogniser import Recogniser
from smartcart.models.evaluation.naming_figures import NamedFind
from smartcart.models.labels import HAND
from smartcart.scripts.models.read_all import things


def name_all(frame: Frame, detector: Detector, recogniser: Recogniser | None) -> Iterator[NamedFind]:
    """Boxes around one object are one find; hands are left out, and an object unknown to the recogniser counts less."""
    found = [d for d in detector.detect(frame) if d.label != HAND]
    groups = list(things(found))
    boxes = [group[0].box for group in groups]
    named = recogniser.recognise(frame.image, boxes) if recogniser else [{} for _ in boxes]
    for group, names in zip(groups, named, strict=True):
        votes = joined(_votes(group), names)
        label = max(votes, key=lambda name: votes[name])
        whole = sum(votes.values())
        known = whole / sum(_votes(group).values())
        box = group[0].box
        yield NamedFind(
            corners=(box.x1, box.y1, box.x2, box.y2),
            confidence=group[0].confidence * known,
            label=label,
            share=votes[label] / whole,
        )


def _votes(group: Sequence[Detection]) -> dict[str, float]:
    best: dict[str, float] = {}
    for d in group:
        best[d.label] = max(best.get(d.label, 0.0), d.confidence)
    return best

"""Fits a detector's noise on rendered clips: ``smartcart evaluate CLIPS --model DETECTOR --fit-noise OUT.json``."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from smartcart.edge.tracking.naming import joined
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.recognising_detector import FORGOTTEN_SECONDS, SAME_PLACE
from smartcart.models.dataset.frame_truth import frames_beside, read_frames
from smartcart.models.dataset.truth import read_truth
from smartcart.models.evaluation.detector_noise import Sighting
from smartcart.models.evaluation.noise_fit import FitClip, fit
from smartcart.models.labels import HAND
from smartcart.scripts.evaluation.observations import Observation, look_at_video
from smartcart.scripts.main import CommandError
from smartcart.scripts.progress import progress


def fit_noise(truths: Sequence[Path], args: argparse.Namespace) -> int:
    """Writes the noise model of the detector over every clip with both a video and true frames."""
    usable = [path for path in truths if frames_beside(path).exists() and _video(path).exists()]
    if not usable:
        raise CommandError("--fit-noise needs rendered clips with their *.frames.jsonl; none of these has both")
    clips = [_clip(path, args) for path in progress(usable, total=len(usable), unit="clip")]
    try:
        noise = fit(clips, Path(args.detections or args.model).name)
    except ValueError as error:
        raise CommandError(str(error)) from error
    noise.write(args.fit_noise)
    print(f"{args.fit_noise}: the noise of {noise.model} on {len(clips)} clips")
    return 0


def _video(path: Path) -> Path:
    return path.parent / read_truth(path).video


def _clip(path: Path, args: argparse.Namespace) -> FitClip:
    frames, said = read_frames(frames_beside(path)), named(look_at_video(_video(path), args))
    whole = min(len(frames), len(said))
    return FitClip(frames=frames[:whole], said=said[:whole])


def named(looks: Sequence[Observation]) -> list[list[Sighting]]:
    """The names of a clip's detections, frame by frame.

    A recogniser names a few of them in each. An answer at a place holds until the next one, or until nothing was named
    there for a while.
    """
    read: list[tuple[float, Box, Mapping[str, float]]] = []
    said: list[list[Sighting]] = []
    for look in looks:
        now = [(look.time, d.box, d.named) for d in look.detections if d.named is not None]
        kept = (old for old in read if look.time - old[0] < FORGOTTEN_SECONDS)
        read = [*now, *(old for old in kept if all(old[1].iou(box) < SAME_PLACE for _, box, _ in now))]
        said.append([])
        for found in look.detections:
            near = max(read, key=lambda place: place[1].iou(found.box), default=None)
            here = near is not None and found.label != HAND and near[1].iou(found.box) >= SAME_PLACE
            said[-1].append(_sighting(found, near[2] if near is not None and here else {}))
    return said


def _sighting(found: Detection, reading: Mapping[str, float]) -> Sighting:
    names = joined({found.label: found.confidence}, reading)
    label, *others = sorted(names, key=lambda name: -names[name])
    share = names[label] / sum(names.values())
    return Sighting(label=label, confidence=found.confidence, box=found.box, share=share, rivals=tuple(others[:2]))

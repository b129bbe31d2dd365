"""Fits a detector's noise on rendered clips: ``smartcart evaluate CLIPS --model EYE --fit-noise OUT.json``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from smartcart.edge.detection import Detection
from smartcart.edge.naming import joined
from smartcart.models.detector_noise import Sighting
from smartcart.models.frame_truth import frames_beside, read_frames
from smartcart.models.noise_fit import FitClip, fit
from smartcart.models.truth import read_truth
from smartcart.scripts.looking import look_at_video
from smartcart.scripts.main import CommandError
from smartcart.scripts.progress import progress


def fit_noise(truths: Sequence[Path], args: argparse.Namespace) -> int:
    """Writes the noise model of the eye over every clip that has both a video and its true frames."""
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
    frames, looks = read_frames(frames_beside(path)), look_at_video(_video(path), args)
    said = [[Sighting(label=_name(d), confidence=d.confidence, box=d.box) for d in look.detections] for look in looks]
    whole = min(len(frames), len(said))
    return FitClip(frames=frames[:whole], said=said[:whole])


def _name(detection: Detection) -> str:
    """What it is called in its frame, a recogniser's reading included."""
    names = joined({detection.label: detection.confidence}, detection.named or {})
    return max(names, key=lambda label: names[label])

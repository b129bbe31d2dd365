"""One labelled clip under test: the observations, and the results of judge and baselines."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from smartcart.edge.capture.frames import SourceError
from smartcart.edge.vision.zone import Zone
from smartcart.models.dataset.frame_truth import TrueFrame, frames_beside, read_frames
from smartcart.models.dataset.truth import SUFFIX, Truth, TruthError, read_truth
from smartcart.models.evaluation.event_metrics import Prediction, Replayed
from smartcart.scripts.evaluation.baselines import BASELINES
from smartcart.scripts.evaluation.by_product import judged_by_product
from smartcart.scripts.evaluation.error_attribution import attributed_errors
from smartcart.scripts.evaluation.hard_cases import Image, error_rows
from smartcart.scripts.evaluation.observations import (
    Observation,
    judged,
    look_at_truth,
    look_at_video,
    look_through_noise,
)
from smartcart.scripts.main import CommandError

Group = Literal["real", "collage", "rendered", "unrendered"]
GROUPS: Final[tuple[Group, ...]] = ("real", "collage", "rendered", "unrendered")
MADE: Final[dict[str, Group]] = {"simulated": "rendered", "collage": "collage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The results of one clip.

    ``causes`` is None without true frames, ``error_rows`` are pictures of its errors if requested; ``by_product`` is
    None without a gallery or a truth that names products.
    """

    group: Group
    replayed: Replayed
    by_product: Replayed | None = None
    baselines: Mapping[str, Replayed] = field(default_factory=dict)
    causes: Counter[str] | None = None
    error_rows: Sequence[Image] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An unusable clip, and why."""

    clip: str
    why: str


def put_to_test_if_sound(path: Path, args: argparse.Namespace) -> Tested | LeftOut:
    """Replays the clip of a truth file, one of many: if clip or truth is unusable, the others still count.

    Raises:
        ModelError, NoiseError, RecordingError: something needed by all clips is unusable.
    """
    try:
        return put_to_test(path, args)
    except (TruthError, SourceError, CommandError) as error:
        return LeftOut(clip=path.name.removesuffix(SUFFIX), why=str(error))


def put_to_test(path: Path, args: argparse.Namespace) -> Tested:
    """Replays the clip of a truth file.

    Raises:
        TruthError, SourceError, ModelError, NoiseError: something that it needs is unusable.
    """
    truth, beside = read_truth(path), frames_beside(path)
    frames = read_frames(beside) if beside.exists() else None
    video = path.parent / truth.video
    group = MADE.get((truth.note or "").partition(" ")[0].rstrip(","), "real")
    if frames is not None and not video.exists():
        group = "unrendered"
    looks = _look(video, frames, args, Zone(truth.zone))
    replayed = judged(truth.video, truth, looks)
    return Tested(
        group=group,
        replayed=replayed,
        by_product=judged_by_product(video, truth, looks, args),
        baselines={name: _counted(name, truth, looks) for name in BASELINES} if args.baselines else {},
        causes=attributed_errors(replayed, frames, looks) if frames is not None and len(frames) == len(looks) else None,
        error_rows=error_rows(video, replayed, looks) if args.hard_cases else (),
    )


def _look(video: Path, frames: Sequence[TrueFrame] | None, args: argparse.Namespace, zone: Zone) -> list[Observation]:
    if args.true_boxes or args.noise or (frames is not None and not video.exists()):
        if frames is None:
            raise TruthError(f"{video}: no {video.stem}.frames.jsonl beside it, needed for true boxes and noise")
        if args.noise:
            return look_through_noise(frames, args.noise, args.seed, video.stem)
        return look_at_truth(frames)
    return look_at_video(video, args, zone)


def _counted(name: str, truth: Truth, looks: Sequence[Observation]) -> Replayed:
    baseline = BASELINES[name](Zone(truth.zone))
    told: list[Prediction] = []
    for look in looks:
        told += baseline.update(look.time, look.detections)
    return Replayed(clip=truth.video, truth=truth, predictions=told + baseline.finish(), visits=(), sights={})

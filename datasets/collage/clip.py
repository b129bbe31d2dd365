"""Collage clips: real cut-outs carried in and out of a real picture by real hands, filmed, with exact truth."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from smartcart.datasets.collage.canvas import Canvas, Place, Shadow
from smartcart.datasets.collage.gallery import CutoutGallery
from smartcart.datasets.collage.hand_way import LIFTED
from smartcart.datasets.collage.motion import CollageReach, Stay
from smartcart.datasets.collage.piece import Piece
from smartcart.datasets.collage.plan import CollagePlan
from smartcart.datasets.collage.situations import fill
from smartcart.datasets.collage.stage import SIZE, draw_stage
from smartcart.datasets.collage.thing import Stretch, Thing
from smartcart.datasets.collage.webcam import Webcam, draw_faults
from smartcart.datasets.output.encode import VideoEncoder
from smartcart.datasets.photos.backgrounds import BackgroundSource, Refuse
from smartcart.datasets.photos.cutouts import SPLITS, Split
from smartcart.models.dataset.frame_truth import FRAMES_SUFFIX
from smartcart.models.dataset.truth import SUFFIX, Truth, write_truth
from smartcart.models.labels import HAND

STREAM: Final = 16
RATES: Final = (12.0, 13.0, 14.0, 15.0)
CRF: Final = (23, 31)
PRESET: Final = "veryfast"
SHUTTER_S: Final = (0.006, 0.022)
FIRST_HAND: Final = 1000
SHAKE: Final = 1.6
AT_REST: Final = ((0.03, 0.05, 0.45), (0.1, 0.2, 0.25))
LIFT_SHADOW_PX: Final = 26.0

Static = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The subject: a plan at some frames a second, the direction of shadows, and the exposure time."""

    name: str
    plan: CollagePlan
    fps: float
    fall: float
    shutter_s: float

    @property
    def frames(self) -> int:
        """The number of frames."""
        return round(self.plan.duration * self.fps)


def clip_name(seed: int, split: Split) -> str:
    """The name of a seed's clip."""
    return f"collage_{split}_{seed:06d}"


def write_clip(
    seed: int,
    split: Split,
    folder: Path,
    gallery: CutoutGallery,
    found: Sequence[Sequence[BackgroundSource]],
    refuse: Refuse,
) -> float:
    """Films a seed's clip unless it exists; returns its length in seconds.

    The truth file is written last: if it exists, the clip is complete.

    Args:
        seed: the same seed, split, cut-outs and backgrounds give the same clip.
        split: of the cut-outs.
        folder: receives ``NAME.mp4``, ``NAME.truth.json`` and ``NAME.frames.jsonl``.
        gallery: the cut-outs.
        found: the sources of backgrounds.
        refuse: whether an unlabelled background (BGR) shows a thing or a person.

    Raises:
        DataError: a background or a cut-out cannot be read.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), STREAM])
    plan = CollagePlan(rng, gallery, draw_stage(rng, found, refuse))
    fill(plan)
    fps = float(rng.choice(RATES))
    clip = Clip(
        name=clip_name(seed, split),
        plan=plan,
        fps=fps,
        fall=float(rng.uniform(0, 2 * np.pi)),
        shutter_s=float(rng.uniform(*SHUTTER_S)),
    )
    if not (folder / f"{clip.name}{SUFFIX}").exists():
        camera = Webcam(rng, draw_faults(rng), SIZE, fps)
        video = VideoEncoder(
            folder / f"{clip.name}.mp4", fps=fps, size=SIZE, crf=int(rng.integers(*CRF)), preset=PRESET
        )
        with video, (folder / f"{clip.name}{FRAMES_SUFFIX}").open("w", encoding="utf-8") as lines:
            last, line = None, {}
            for t, canvas, seen in frames(clip):
                picture = camera.film(canvas.light, t, _shake(plan, t))
                line = seen if picture is not last else line | {"t": seen["t"]}
                video.write(picture)
                lines.write(json.dumps(line) + "\n")
                last = picture
        write_truth(folder / f"{clip.name}{SUFFIX}", truth_of(clip, f"collage of real cut-outs, seed {seed}"))
    return clip.frames / fps


def truth_of(clip: Clip, note: str) -> Truth:
    """The truth of a clip."""
    plan = clip.plan
    return Truth(
        video=f"{clip.name}.mp4",
        fps=clip.fps,
        size=SIZE,
        zone=plan.stage.zone,
        initial=dict(sorted(Counter(plan.initial).items())),
        events=tuple(sorted(plan.events, key=lambda event: event.t)),
        distractors=tuple(sorted(plan.distractors, key=lambda distractor: distractor.start)),
        note=note,
    )


def frames(clip: Clip) -> Iterator[tuple[float, Canvas, dict[str, Any]]]:
    """The moment, the light and the line of ``frames.jsonl`` of each frame."""
    still: tuple[Static, Canvas] | None = None
    for number in range(clip.frames):
        t = number / clip.fps
        now = [(k, thing, at) for k, thing in enumerate(clip.plan.things) if (at := thing.at(t)) is not None]
        lying = sorted((at.start, k) for k, _, at in now if isinstance(at, Stay))
        key = tuple((k, start) for start, k in lying)
        if still is None or still[0] != key:
            still = key, _at_rest(clip, [k for _, k in lying], t)
        canvas = Canvas(still[1].light.copy(), still[1].owner.copy())
        hands = [(FIRST_HAND + k, reach) for k, reach in enumerate(clip.plan.reaches) if reach.start <= t < reach.end]
        for k, thing, at in now:
            if not isinstance(at, Stay) and getattr(at, "reach", None) not in [reach for _, reach in hands]:
                _lay(clip, canvas, k, thing.piece, at, t)
        for index, reach in hands:
            for k, thing, at in now:
                if getattr(at, "reach", None) is reach:
                    _lay(clip, canvas, k, thing.piece, at, t)
            _lay(clip, canvas, index, reach.piece, reach, t)
        yield t, canvas, _shaken(_line(canvas, now, hands, t), _shake(clip.plan, t))


def _at_rest(clip: Clip, lying: Sequence[int], t: float) -> Canvas:
    """The picture with the goods in it, in the order in which they were laid."""
    canvas = Canvas.over(clip.plan.stage.photo)
    for k in lying:
        thing = clip.plan.things[k]
        at = thing.at(t)
        assert at is not None, "what lies is there"
        shadows = [
            _shadow(clip.fall, away=thing.radius * away, blur=thing.radius * blur + 1, depth=depth)
            for away, blur, depth in AT_REST
        ]
        canvas.shade(thing.piece, at.place(t), shadows)
        canvas.lay(thing.piece, at.place(t), k)
    return canvas


def _lay(clip: Clip, canvas: Canvas, number: int, piece: Piece, moves: Stretch | CollageReach, t: float) -> None:
    """A moving thing: blurred along its way; the higher it is, the farther away its shadow."""
    now, before = moves.place(t), moves.place(max(t - 1 / clip.fps, moves.start))
    share = clip.shutter_s * clip.fps
    smear = (now.x - before.x) * share, (now.y - before.y) * share
    lift = float(np.clip((now.scale - 1) / (LIFTED - 1), 0, 1.5))
    away = 6 + LIFT_SHADOW_PX * lift
    shadow = _shadow(clip.fall, away=away, blur=5 + 9 * lift, depth=0.34 - 0.12 * lift)
    canvas.shade(piece, now, [shadow])
    canvas.lay(piece, now, number, smear)


def _shadow(fall: float, *, away: float, blur: float, depth: float) -> Shadow:
    return Shadow(dx=away * float(np.cos(fall)), dy=away * float(np.sin(fall)), blur=blur, depth=depth)


def _shake(plan: CollagePlan, t: float) -> tuple[float, float]:
    """How far the bumps of the cart move the picture at a moment, in pixels."""
    shakes = [move.shake(t) for move in plan.moves]
    return sum(dx for dx, _ in shakes) * SIZE[1] * SHAKE, sum(dy for _, dy in shakes) * SIZE[1] * SHAKE


def _line(
    canvas: Canvas, now: Sequence[tuple[int, Thing, Stretch]], hands: Sequence[tuple[int, CollageReach]], t: float
) -> dict[str, Any]:
    """One line of ``frames.jsonl``."""
    items = [
        _item(canvas, thing.name, thing.label, thing.piece, at.place(t), k, 0, held=hasattr(at, "reach"))
        for k, thing, at in now
    ]
    seen_hands: list[dict[str, Any]] = []
    for number, reach in hands:
        place = reach.place(t)
        for part, what in enumerate(reach.piece.parts):
            if what.label != HAND:
                name = f"held_{number}"
                items.append(_item(canvas, name, what.label, reach.piece, place, number, part, held=True))
            elif (box := canvas.seen(reach.piece, place, number, part)[0]) is not None:
                seen_hands.append({"side": "right", "box": box})
    return {"t": round(t, 4), "items": [item for item in items if item is not None], "hands": seen_hands}


def _shaken(line: dict[str, Any], shake: tuple[float, float]) -> dict[str, Any]:
    """A line whose boxes move with the picture, clipped at its border."""
    shift = [shake[0] / SIZE[0], shake[1] / SIZE[1]] * 2
    for seen in (*line["items"], *line["hands"]):
        moved = (value + more for value, more in zip(seen["box"], shift, strict=True))
        seen["box"] = [round(min(max(value, 0.0), 1.0), 5) for value in moved]
    return line


def _item(
    canvas: Canvas, name: str, label: str, piece: Piece, place: Place, number: int, part: int, *, held: bool
) -> dict[str, Any] | None:
    """An item as it is visible; None if it is not."""
    box, visible = canvas.seen(piece, place, number, part)
    if box is None:
        return None
    return {"id": name, "label": label, "box": box, "visible": round(visible, 3), "held": held}

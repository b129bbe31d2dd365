"""Labelled clips: a script is played, filmed and recorded."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import cv2
import numpy as np

from smartcart.datasets.errors import SimulatorError
from smartcart.datasets.output.encode import VideoEncoder
from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.products import SPLIT_NUMBER, ProductModel, Split
from smartcart.datasets.scene.camera import Mover, expose
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.rendering import Eye, Painter, RenderedShot
from smartcart.datasets.scene.scenery import draw_look
from smartcart.datasets.scene.simulation import HANDS, World
from smartcart.datasets.scene.visibility import seen_hands, seen_items, told
from smartcart.datasets.scene.zone import basket_zone, floor_in_view, share_in_view
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.play import Moment, Play
from smartcart.datasets.story.situations import IDLE
from smartcart.datasets.story.story import Story
from smartcart.datasets.story.trip import random_story
from smartcart.models.dataset.truth import SUFFIX, Truth, read_truth, write_truth

SHUTTER_S: Final = 0.011
NEAREST_BLURRED: Final = 0.05
LOOKS: Final = 30
HAND_IN_VIEW_S: Final = 0.25
ITEM_IN_VIEW: Final = 0.25
CHANCE: Final = 11
NOISE: Final = 12
FLOOR_IN_VIEW: Final = 0.8
ZONE_AREA: Final = (0.3, 0.85)
AnyWorld = TypeVar("AnyWorld", bound=World)
RATES: Final = (10.0, 15.0, 20.0, 25.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything that determines a clip.

    Attributes:
        name: of its files.
        look: the scene and its camera.
        story: what happens.
        fps: frames a second.
        seed: for everything that is random while it plays.
        crf: x264's quality, lower is better and larger.
    """

    name: str
    look: SceneDescription
    story: Story
    fps: float
    seed: int
    crf: int = 25

    @property
    def frames(self) -> int:
        """The number of frames."""
        return round(self.story.duration * self.fps)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFiles:
    """The paths of a clip's parts."""

    video: Path
    truth: Path
    frames: Path


def clip_files(folder: Path, name: str) -> ClipFiles:
    """The files of a clip of this name in a folder."""
    return ClipFiles(
        video=folder / f"{name}.mp4", truth=folder / f"{name}{SUFFIX}", frames=folder / f"{name}.frames.jsonl"
    )


def clip_name(seed: int, split: Split, situation: str | None) -> str:
    """The name of a seed's clip."""
    return f"{situation or 'trip'}_{split}_{seed:06d}"


def length_s(files: ClipFiles) -> float | None:
    """The length of an existing clip in seconds; None if it does not exist or is incomplete."""
    if not files.truth.exists():
        return None
    with files.frames.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines) / read_truth(files.truth).fps


def random_script(
    seed: int,
    split: Split,
    *,
    situation: str | None = None,
    fps: float | None = None,
    size: tuple[int, int] = (640, 480),
    props: Props = PLAIN,
) -> Script:
    """The clip of a seed: one visit of a situation, or a whole trip; the same for the same arguments.

    Every clip is rehearsed without pictures first, so that physics and truth always agree.

    Raises:
        SimulatorError: no clip of this seed succeeds.
    """
    for script in drafts(seed, split, situation=situation, fps=fps, size=size, props=props):
        if ends_as_told(script, situation, stage=World) is not None:
            return script
    raise SimulatorError(f"no clip of {situation or 'a trip'} succeeds for seed {seed}; take another seed")


def drafts(
    seed: int,
    split: Split,
    *,
    situation: str | None = None,
    fps: float | None = None,
    size: tuple[int, int] = (640, 480),
    props: Props = PLAIN,
) -> Iterator[Script]:
    """The scripts of a seed in the order in which they are tried."""
    rng = np.random.default_rng([seed, SPLIT_NUMBER[split], 7, zlib.crc32((situation or "trip").encode())])
    for _ in range(LOOKS):
        look, story = _scene(rng, split, situation, size, props)
        rate = fps or float(rng.choice(RATES))
        yield Script(name=clip_name(seed, split, situation), look=look, story=story, fps=rate, seed=seed)


def ends_as_told(
    script: Script,
    situation: str | None,
    *,
    stage: Callable[[SceneDescription, dict[str, ProductModel]], AnyWorld],
    watch: Callable[[AnyWorld, Moment], None] | None = None,
) -> Play | None:
    """Rehearses a script on a stage; returns the play if it succeeded, else None.

    It succeeds if at the end the basket contains what the events say, every visit did what it was for, and it was
    visible.

    Args:
        script: what is played.
        situation: the requested situation; None for a trip.
        stage: builds the world.
        watch: called with the world at every frame.
    """
    look, story = script.look, script.story
    world = stage(look, story.items)
    play = Play(world, story, np.random.default_rng([script.seed, CHANCE]))
    hands_seen = dict.fromkeys(range(len(story.visits)), 0.0)
    for moment in play.moments(script.fps):
        if any(hand in moment.movers and world.before_lens(hand) for hand in HANDS):
            return None
        if watch is not None:
            watch(world, moment)
        for k, visit in enumerate(story.visits):
            if visit.hand in moment.movers and visit.start <= moment.t <= visit.end:
                hands_seen[k] += share_in_view(look, moment.movers[visit.hand][None]) / script.fps
    added = {event.item for event in play.events if event.type == "added"}
    items_seen = [share_in_view(look, play.world.corners(i)) for i in added if i and play.world.inside(i)]
    told = situation is None or situation in IDLE or any(event.situation == situation for event in play.events)
    shown = min(hands_seen.values(), default=1.0) > HAND_IN_VIEW_S and min(items_seen, default=1.0) > ITEM_IN_VIEW
    return play if play.consistent and told and shown else None


def _scene(
    rng: np.random.Generator, split: Split, situation: str | None, size: tuple[int, int], props: Props
) -> tuple[SceneDescription, Story]:
    """A scene that is well in view and has room for the situation, and its story."""
    failed: SimulatorError | None = None
    for _ in range(LOOKS):
        look = draw_look(rng, width=size[0], height=size[1])
        while not _well_placed(look):
            look = draw_look(rng, width=size[0], height=size[1])
        try:
            return props.furnish(rng, look), random_story(rng, look, split, situation, props)
        except SimulatorError as error:
            failed = error
    assert failed is not None
    raise failed


def film(script: Script, folder: Path, painter: Painter = "classic") -> Iterator[float]:
    """Writes ``NAME.mp4``, ``NAME.frames.jsonl`` and ``NAME.truth.json``; yields the media time of each frame.

    The truth file is written last: if it exists, the clip is complete.

    Raises:
        RenderingError: there is no OpenGL to render with, or the painter is not installed.
    """
    look, lens = script.look, script.look.camera.lens
    chance, noise = (np.random.default_rng([script.seed, stream]) for stream in (CHANCE, NOISE))
    world = World(look, script.story.items)
    play = Play(world, script.story, chance)
    files = clip_files(folder, script.name)
    video = VideoEncoder(files.video, fps=script.fps, size=(lens.width, lens.height), crf=script.crf)
    before: dict[str, FloatArray] = {}
    with Eye(world, painter) as eye, video, files.frames.open("w", encoding="utf-8") as lines:
        for moment in play.moments(script.fps):
            shot = eye.look().trembled(*(share * lens.height for share in moment.shake))
            movers = _movers(world, shot, before, moment.movers, script.fps)
            seen = shot.picture if look.shade is None else look.shade.fall(shot.picture, moment.t)
            video.write(expose(seen, look.sensor, lens, noise, movers=movers))
            lines.write(json.dumps(_line(world, shot, moment)) + "\n")
            before = moment.movers
            yield moment.t
    write_truth(files.truth, true_events(script, play, files.video.name))


def true_events(script: Script, play: Play, video: str) -> Truth:
    """The truth of a finished play."""
    lens = script.look.camera.lens
    initial = Counter(script.story.items[item].label for item in play.initial)
    return Truth(
        video=video,
        fps=script.fps,
        size=(lens.width, lens.height),
        zone=play.zone,
        initial=dict(sorted(initial.items())),
        events=tuple(play.events),
        distractors=tuple(play.distractors),
        note=f"simulated, seed {script.seed}",
    )


def _well_placed(look: SceneDescription) -> bool:
    """True if the camera sees most of the basket's floor and something beside the basket."""
    area = cv2.contourArea(np.array(basket_zone(look), np.float32))
    return floor_in_view(look) >= FLOOR_IN_VIEW and ZONE_AREA[0] <= area <= ZONE_AREA[1]


def _movers(
    world: World, shot: RenderedShot, before: dict[str, FloatArray], now: dict[str, FloatArray], fps: float
) -> list[Mover]:
    """The pixels of each hand with its load and of each item in flight, with their motion blur in pixels."""
    movers: list[Mover] = []
    for name in [name for name in now if name in before]:
        load = [item for item, carried in world.carried.items() if carried.hand == name]
        pixels, depth = world.look.camera.project(np.stack([before[name], now[name]]))
        if depth.min() >= NEAREST_BLURRED:
            dx, dy = np.clip((pixels[1] - pixels[0]) * fps * SHUTTER_S, -40, 40)
            movers.append((shot.any_of(name, *load), (float(dx), float(dy))))
    return movers


def _line(world: World, shot: RenderedShot, moment: Moment) -> dict[str, Any]:
    """One line of ``frames.jsonl``."""
    seen = told(world, seen_items(world, shot), seen_hands(shot), held=moment.held)
    return {"t": round(moment.t, 4), "weight_g": moment.weight_g, **seen}

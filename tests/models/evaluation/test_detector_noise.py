"""Detector noise: what a fit finds is what was put in, at any frame rate, and it survives its file."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from smartcart.models.dataset.frame_truth import TrueFrame, TrueThing, iou, read_frames
from smartcart.models.dataset.truth import TruthError
from smartcart.models.evaluation.detector_noise import (
    FEATURES,
    SAME,
    Chance,
    DetectorNoise,
    Double,
    NoiseError,
    NoisyDetector,
    Phantom,
    Sighting,
    read_noise,
)
from smartcart.models.evaluation.noise_fit import FitClip, fit

NEVER = Chance(weights=(-30.0, *[0.0] * (len(FEATURES) - 1)))
TABLES = dict.fromkeys(("resting", "hidden", "held", "hand"), (0.0, 0.0))
CLEAN = DetectorNoise(
    model="test",
    miss=NEVER,
    miss_hand=NEVER,
    flicker=NEVER,
    flicker_mistaken=NEVER,
    double=NEVER,
    confidence=dict.fromkeys(TABLES, (0.8, 0.8)),
    shift=TABLES,
    doubles=(),
    shift_memory=0.1,
    own=0.3,
    confusion={},
    rivals={},
    doubt=0.0,
    naming=dict.fromkeys(("right", "mistaken", "flickers"), (1.0, 1.0)),
    phantoms_a_second=0.0,
    phantoms_a_clip=0.0,
    phantoms=(),
)
ALWAYS = Chance(weights=(30.0, *[0.0] * (len(FEATURES) - 1)))
PHANTOM = Phantom(label="box", box=(0.3, 0.7, 0.5, 0.9), seconds=1.0, seen=1.0, memory=0.1, confidence=0.4, stays=False)
SOMETIMES = Chance(weights=(-1.4, *[0.0] * (len(FEATURES) - 1)), memory=0.3)  # a fifth, in runs


def clip(seconds: float = 40, fps: float = 15, things: int = 6) -> list[TrueFrame]:
    boxes = [(0.1 * k, 0.3, 0.1 * k + 0.08, 0.5) for k in range(things)]
    items = [TrueThing(id=f"can_{k}", label="can", box=b, visible=1.0, held=False) for k, b in enumerate(boxes)]
    hand = TrueThing(id="hand right", label="hand", box=(0.7, 0.1, 0.9, 0.4), visible=1.0, held=False)
    return [TrueFrame(t=i / fps, things=(*items, hand)) for i in range(round(seconds * fps))]


def looked(noise: DetectorNoise, frames: list[TrueFrame], seed: int = 1) -> list[list[Sighting]]:
    eye = NoisyDetector(noise, seed)
    return [eye.look(frame) for frame in frames]


def test_without_noise_the_truth_comes_through() -> None:
    frames = clip(2)
    for frame, seen in zip(frames, looked(CLEAN, frames), strict=True):
        assert Counter((s.label, s.box) for s in seen) == Counter((t.label, t.box) for t in frame.things)


def test_the_same_seed_is_the_same_noise() -> None:
    noise = dataclasses.replace(CLEAN, miss=SOMETIMES)
    assert looked(noise, clip(4)) == looked(noise, clip(4))
    assert looked(noise, clip(4)) != looked(noise, clip(4), seed=2)


@pytest.mark.parametrize("fps", [10, 30])
def test_misses_come_as_often_and_as_long_at_any_frame_rate(fps: float) -> None:
    seen = looked(dataclasses.replace(CLEAN, miss=SOMETIMES), clip(200, fps))
    missed = np.array([6 - sum(s.label == "can" for s in frame) for frame in seen]).sum()
    assert missed / (6 * len(seen)) == pytest.approx(0.2, abs=0.03)
    one = np.array([not any(abs(s.box[0]) < 1e-6 for s in frame) for frame in seen])
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], one.astype(int), [0]]))))[::2] / fps
    assert 0.2 < runs.mean() < 0.7  # memory / (1 - share) and half a frame


def test_a_fit_finds_what_was_put_in() -> None:
    noise = dataclasses.replace(
        CLEAN,
        miss=SOMETIMES,
        shift={kind: tuple(np.linspace(-0.06, 0.06, 9)) for kind in TABLES},
        flicker=Chance(weights=(-2.2, *[0.0] * (len(FEATURES) - 1)), memory=0.2),
        rivals={"can": {"jar": 1.0}},
        phantoms_a_second=0.5,
        phantoms=(PHANTOM,),
    )
    clips = [FitClip(frames=clip(60), said=looked(noise, clip(60), seed)) for seed in range(4)]
    found = fit(clips, "test")
    thing = clips[0].frames[0].things[0]
    assert found.miss.share(thing, 0.0) == pytest.approx(0.2, abs=0.05)
    assert found.miss.memory == pytest.approx(0.3, rel=0.4)
    assert found.flicker.share(thing, 0.0) == pytest.approx(0.1, abs=0.04)
    assert found.rivals["can"] == {"jar": 1.0}
    assert found.shift["resting"][0] < -0.04
    assert found.shift["resting"][-1] > 0.04
    assert found.phantoms_a_second < 0.1
    assert found.phantoms_a_clip >= 1  # what comes again and again to one place is one phantom that stays
    assert {p.label for p in found.phantoms if p.stays} == {"box"}
    assert any(p.seen == pytest.approx(1 - np.exp(-0.5), abs=0.15) for p in found.phantoms if p.stays)


def test_clips_of_different_frame_rates_go_together() -> None:
    noise = dataclasses.replace(CLEAN, miss=SOMETIMES)
    clips = [FitClip(frames=clip(60, fps), said=looked(noise, clip(60, fps), 3)) for fps in (10, 30)]
    assert fit(clips, "test").miss.memory == pytest.approx(0.3, rel=0.4)


def test_a_part_of_a_thing_belongs_to_it_and_is_not_invented() -> None:
    part = Sighting(label="jar", confidence=0.3, box=(0.01, 0.31, 0.06, 0.37))
    said = [[*seen, part] for seen in looked(CLEAN, clip(10))]
    found = fit([FitClip(frames=clip(10), said=said)], "test")
    assert found.phantoms_a_second == 0
    assert found.double.share(clip(1)[0].things[0], 0.0) > 0.02
    assert {(d.same, round(d.confidence, 3)) for d in found.doubles} == {(False, 0.375)}
    assert looked(found, clip(60)) != looked(dataclasses.replace(found, doubles=()), clip(60))


@pytest.mark.parametrize(("same", "label"), [(True, "can"), (False, "jar")])
def test_a_thing_is_doubled_at_the_same_place_for_good(same: bool, label: str) -> None:
    double = Double(same=same, apart=(0.0, 0.0, 0.0, -0.5), confidence=0.5)
    noise = dataclasses.replace(CLEAN, double=ALWAYS, doubles=(double,), rivals={"can": {"jar": 1.0}})
    for frame in looked(noise, clip(2)):
        further = [s for s in frame if s.label != "hand" and s.confidence == pytest.approx(0.4)]
        assert {(s.label, s.box[1], round(s.box[3], 6)) for s in further} == {(label, 0.3, 0.4)}


def test_a_phantom_that_stays_is_there_from_the_first_frame_to_the_last_and_a_passing_one_is_not() -> None:
    staying = dataclasses.replace(PHANTOM, stays=True)
    noise = dataclasses.replace(CLEAN, phantoms=(staying,), phantoms_a_clip=50.0)
    assert all(any(s.label == "box" for s in frame) for frame in looked(noise, clip(5)))
    passing = dataclasses.replace(CLEAN, phantoms=(PHANTOM,), phantoms_a_second=0.2)
    there = [any(s.label == "box" for s in frame) for frame in looked(passing, clip(60))]
    assert 0 < sum(there) < len(there)
    clips = [FitClip(frames=clip(10), said=looked(one, clip(10))) for one in (noise, passing)]
    assert fit(clips[:1], "test").phantoms_a_clip > 0
    assert fit(clips[1:], "test").phantoms_a_clip == 0


def test_the_detector_is_less_sure_of_what_it_takes_for_another() -> None:
    tables = dict.fromkeys(TABLES, (0.2, 0.9))
    noise = dataclasses.replace(CLEAN, confidence=tables, confusion={"can": {"can": 0.5, "jar": 0.5}}, doubt=1.5)
    clips = [FitClip(frames=clip(20), said=looked(noise, clip(20), seed)) for seed in range(12)]
    assert fit(clips, "test").doubt == pytest.approx(1.5, abs=0.35)
    same = [
        FitClip(frames=clip(20), said=looked(dataclasses.replace(noise, doubt=0.0), clip(20), k)) for k in range(12)
    ]
    assert fit(same, "test").doubt < 0.3


def test_what_is_told_keeps_its_share_beside_its_rivals() -> None:
    naming = {"right": (0.7, 0.7), "mistaken": (0.5, 0.5), "flickers": (0.6, 0.6)}
    noise = dataclasses.replace(CLEAN, naming=naming, rivals={"can": {"jar": 1.0}})
    frames = looked(noise, clip(5))
    cans = [s for frame in frames for s in frame if s.label == "can"]
    assert {(round(s.share, 6), s.rivals) for s in cans} == {(0.7, ("jar",))}
    assert fit([FitClip(frames=clip(5), said=frames)], "test").naming["right"] == pytest.approx([0.7] * 33)


def test_a_box_of_a_thing_that_is_seen_does_not_leave_it() -> None:
    wild = {kind: tuple(np.linspace(-0.8, 0.8, 9)) for kind in TABLES}
    for frame, seen in zip(clip(10), looked(dataclasses.replace(CLEAN, shift=wild), clip(10)), strict=True):
        assert all(max(iou(s.box, t.box) for t in frame.things) >= SAME for s in seen)


def test_it_survives_its_file(tmp_path: Path) -> None:
    found = fit([FitClip(frames=clip(10), said=looked(dataclasses.replace(CLEAN, miss=SOMETIMES), clip(10)))], "eye")
    found.write(tmp_path / "noise.json")
    again = read_noise(tmp_path / "noise.json")
    assert again.model == "eye"
    thing = clip(1)[0].things[0]
    assert again.miss.share(thing, 0.0) == pytest.approx(found.miss.share(thing, 0.0), abs=0.001)
    assert looked(again, clip(2)) == looked(read_noise(tmp_path / "noise.json"), clip(2))


def test_a_detector_that_saw_nothing_has_no_noise() -> None:
    with pytest.raises(ValueError, match="saw no item"):
        fit([FitClip(frames=clip(1), said=[[] for _ in clip(1)])], "blind")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "smartcart.noise/9"}', '{"schema": "smartcart.noise/1"}'])
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "noise.json").write_text(text)
    with pytest.raises(NoiseError, match="not a noise model"):
        read_noise(tmp_path / "noise.json")


def test_frames_that_are_none_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.frames.jsonl"
    good = {"t": 0.0, "items": [], "hands": [{"side": "left", "box": [0, 0, 1, 1]}]}
    path.write_text(json.dumps(good) + '\n{"t": 1}\n')
    with pytest.raises(TruthError, match="line 2"):
        read_frames(path)

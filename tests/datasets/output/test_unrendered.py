"""Trips without pictures tell the same story as rendered ones, and nearly the same boxes."""

import json

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.output.clip import CHANCE, random_script
from smartcart.datasets.output.unrendered import write_trip
from smartcart.datasets.scene.rendering import Eye
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.scene.visibility import seen_hands, seen_items
from smartcart.datasets.story.play import Play
from smartcart.models.dataset.truth import read_truth

SEED = 3104


@pytest.fixture(scope="module")
def script():
    return random_script(SEED, "val", situation="swap", fps=5)


def test_physics_and_truth_do_not_depend_on_looks(script, tmp_path):
    play = Play(World(script.look, script.story.items), script.story, np.random.default_rng([SEED, CHANCE]))
    for _ in play.moments(script.fps):
        pass
    assert write_trip(SEED, "val", tmp_path, situation="swap", fps=5) == pytest.approx(script.frames / 5)
    truth = read_truth(tmp_path / f"{script.name}.truth.json")
    assert [(e.type, e.item, round(e.t, 3)) for e in truth.events] == [
        (e.type, e.item, round(e.t, 3)) for e in play.events
    ]


def test_boxes_and_visible_shares_are_near_those_of_the_renderer(opengl, script, tmp_path):
    write_trip(SEED, "val", tmp_path, situation="swap", fps=5)
    lines = [json.loads(line) for line in (tmp_path / f"{script.name}.frames.jsonl").read_text().splitlines()]
    world = World(script.look, script.story.items)
    play = Play(world, script.story, np.random.default_rng([SEED, CHANCE]))
    off, shares, counts = [], [], np.zeros(2)
    with Eye(world) as eye:
        for line, moment in zip(lines, play.moments(script.fps), strict=True):
            if round(moment.t * script.fps) % 4:
                continue
            shot = eye.look().trembled(*(share * 480 for share in moment.shake))
            told = {item["id"]: item for item in line["items"]}
            rendered = {item.name: item for item in seen_items(world, shot)}
            counts += len(told.keys() ^ rendered.keys()), len(rendered)
            for name in told.keys() & rendered.keys():
                off.append(np.abs(np.subtract(told[name]["box"], rendered[name].box)).max())
                shares.append(abs(told[name]["visible"] - rendered[name].visible))
            assert {hand["side"] for hand in line["hands"]} == {side for side, _ in seen_hands(shot)}
    assert np.median(off) < 0.006
    assert np.percentile(off, 95) < 0.03
    assert np.median(shares) < 0.05
    assert counts[0] <= 0.05 * counts[1]


def test_a_trip_that_is_there_stays(tmp_path):
    length = write_trip(SEED, "val", tmp_path, situation="touch", fps=5)
    frames = next(tmp_path.glob("*.frames.jsonl"))
    frames.write_text(frames.read_text() + "\n")
    assert write_trip(SEED, "val", tmp_path, situation="touch", fps=5) == pytest.approx(length + 0.2)

"""Physics and truth: what a hand holds pushes on nothing, what it lets go rests in the basket and is weighed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

import smartcart.datasets
from smartcart.datasets.output.clip import random_script
from smartcart.datasets.output.demo_clip import demo_script
from smartcart.datasets.products.products import product
from smartcart.datasets.scene.pose import Pose
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.scene.stocking import free_spot, standing
from smartcart.datasets.story.plan import Plan
from smartcart.datasets.story.play import Play
from smartcart.datasets.story.rolling import CartMove
from smartcart.datasets.story.situations import RANDOM, empty_hand
from smartcart.datasets.story.trip import MOST_VISITS, random_story
from smartcart.models.dataset.truth import SITUATIONS, read_truth


def played(look, story, fps=15.0, stream=(5, 11)):
    """The play, its moments, and for each moment the weight of everything that lies free in the basket."""
    world = World(look, story.items)
    play = Play(world, story, np.random.default_rng(stream))
    moments, inside = [], []
    for moment in play.moments(fps):
        moments.append(moment)
        inside.append(sum(p.mass_g for name, p in story.items.items() if world.inside(name)))
    return play, moments, inside


def test_an_item_put_down_is_weighed(small_look):
    world = World(small_look, {"box": product("train", "cereal", 0)})
    world.put("box", standing(world.products["box"], (0.0, 0.0), 0.0))
    world.advance(1.0)
    assert world.inside("box")
    assert world.speed("box") < 0.01
    assert world.weight_g == pytest.approx(430, abs=5)


def test_a_held_item_pushes_on_nothing(small_look):
    from smartcart.datasets.scene.pose import Pose

    story = {"resting": product("train", "milk_carton", 0), "held": product("train", "cereal", 0)}
    world = World(small_look, story)
    world.put("resting", standing(story["resting"], (0.0, 0.0), 0.0))
    world.advance(1.0)
    before, weight = world.pose("resting").position, world.weight_g
    still = np.array([1.0, 0.0, 0.0, 0.0])
    world.carry("held", "right", Pose(position=np.zeros(3), turn=still))
    for x in np.linspace(-0.4, 0.4, 20):
        world.move_hand("right", Pose(position=np.array([x, 0.0, 0.03]), turn=still))
        world.advance(0.03)
        assert world.weight_g == pytest.approx(weight, abs=5)
    assert np.linalg.norm(world.pose("resting").position - before) < 0.002


@pytest.fixture(scope="module")
def demo():
    """The demo's script and its play, without pictures."""
    script = demo_script()
    return script, *played(script.look, script.story, script.fps, (script.seed, 11))


def test_the_carried_truth_is_what_the_script_plays(demo):
    script, play, _, _ = demo
    carried = read_truth(Path(smartcart.datasets.__file__).parent / "demo" / "demo.truth.json")
    assert [(e.type, e.label, e.item) for e in play.events] == [(e.type, e.label, e.item) for e in carried.events]
    for event, known in zip(play.events, carried.events, strict=True):
        assert (event.t, event.start, event.end) == pytest.approx((known.t, known.start, known.end), abs=0.06)
    assert [d.situation for d in play.distractors] == [d.situation for d in carried.distractors] == ["touch"]
    assert np.allclose(play.zone, carried.zone, atol=0.001)
    assert script.fps == carried.fps


def test_the_weight_a_second_after_each_event_is_that_of_what_lies_inside(demo):
    _, play, moments, inside = demo
    for event in play.events:
        later = next(k for k, m in enumerate(moments) if m.t >= event.t + 1.0)
        assert moments[later].weight_g == pytest.approx(inside[later], abs=10)
        assert event.start <= event.t <= event.end


def test_what_was_added_rests_inside_and_what_was_removed_is_gone(demo):
    _, play, _, _ = demo
    removed = {event.item for event in play.events if event.type == "removed"}
    added = {event.item for event in play.events if event.type == "added"}
    for item in {*play.initial, *added} - removed:
        assert play.world.inside(item), item
        assert play.world.speed(item) < 0.02, item
    assert removed
    assert not any(play.world.inside(item) for item in removed)
    assert play.consistent


def test_the_load_cell_is_quiet_while_an_item_is_held(demo):
    _, _, moments, inside = demo
    for k, moment in enumerate(moments):
        since = moments[max(0, k - 16) : k + 1]
        if moment.held and len({m.held for m in since}) == 1:
            assert moment.weight_g == pytest.approx(inside[k], abs=15)


def test_an_arm_before_the_lens_is_noticed_wherever_its_hand_is(small_look):
    world = World(small_look, {})
    lens, still = np.array(small_look.camera.place), np.array([1.0, 0, 0, 0])
    for hand in ("right", "left"):
        wrist, shoulder = world.arm(hand)[[0, -1]] - world.hand(hand).position
        assert 0.1 < wrist[2] < 0.2 < shoulder[2]
        assert shoulder[1] > 0.15, "both elbows bend away from the basket"
        for part in (np.zeros(3), wrist, shoulder):
            world.move_hand(hand, Pose(position=lens - part, turn=still))
            assert world.before_lens(hand)
            world.move_hand(hand, Pose(position=lens - part + np.array([0.3, 0.3, -0.3]), turn=still))
            assert not world.before_lens(hand)


@pytest.mark.parametrize("family", ["sweets", "crisps", "frozen_greens", "pouch"])
def test_a_soft_bag_lies_down_and_rests(family, small_look):
    world = World(small_look, {"bag": product("train", family, 0)})
    world.put("bag", standing(world.products["bag"], (0.05, 0.0), 0.4))
    world.advance(1.5)
    assert world.inside("bag")
    assert world.speed("bag") < 0.02
    assert world.pose("bag").position[2] < 1.2 * world.products["bag"].half[1]


EXPECTED = {
    "single_add": [["added"]],
    "single_remove": [["removed"]],
    "swap": [["added", "removed"]],
    "two_at_once": [["added", "added"], ["removed", "removed"]],
    "same_twice": [["added", "added"]],
    "thrown_in": [["added"]],
    "covered": [["added"]],
    "full_basket": [["added"], ["removed"]],
    "half_out": [["added"]],
    "second_hand": [["added"], ["removed"]],
}


def test_every_situation_can_be_simulated():
    assert set(RANDOM) == set(SITUATIONS)


@pytest.mark.parametrize("situation", RANDOM)
def test_each_situation_yields_its_truth(situation):
    script = random_script(3, "train", situation=situation, fps=15, size=(160, 120))
    play, moments, inside = played(script.look, script.story, 15, (3, 11))
    kinds = sorted(event.type for event in play.events)
    assert kinds in EXPECTED.get(situation, [[]])
    assert play.consistent
    assert moments[-1].weight_g == pytest.approx(inside[-1], abs=15)
    idle = situation not in EXPECTED or situation == "second_hand"
    assert [d.situation for d in play.distractors] == ([situation] if idle else [])
    for event in play.events:
        assert event.situation == situation
        assert event.start <= event.t <= event.end
    play.world.advance(2.0)
    for event in play.events:
        assert play.world.inside(event.item) == (event.type == "added")
        assert event.type == "removed" or play.world.speed(event.item) < 0.05
    held = sum(play.world.products[item].mass_g for item in play.world.contents())
    assert play.world.weight_g == pytest.approx(held, abs=10)


def test_what_covers_an_item_lies_over_it():
    script = random_script(3, "train", situation="covered", fps=15, size=(160, 120))
    play, _, _ = played(script.look, script.story, 15, (3, 11))
    (action,) = script.story.visits[0].actions
    above, below = play.world.pose(action.item).position, play.world.pose(action.onto).position
    assert above[2] > below[2]
    assert np.linalg.norm(above[:2] - below[:2]) < 0.08


def test_a_thrown_item_comes_without_a_hand():
    script = random_script(3, "train", situation="thrown_in", fps=15, size=(160, 120))
    _, moments, _ = played(script.look, script.story, 15, (3, 11))
    assert not any(moment.held for moment in moments)
    assert not any({"left", "right"} & set(moment.movers) for moment in moments)
    (item,) = {name for moment in moments for name in moment.movers}
    assert item == script.story.throws[0].item


def test_a_rehearsal_leaves_no_trace(small_look):
    world = World(small_look, {"can": product("train", "soda_can", 0), "tea": product("train", "tea", 0)})
    world.put("can", standing(world.products["can"], (0.0, 0.0), 0.0))
    world.advance(0.5)
    before = world.data.qpos.copy(), world.weight_g
    with world.rehearsal():
        world.put("tea", standing(world.products["tea"], (0.02, 0.0), 0.0))
        world.advance(0.3)
        assert world.inside("tea")
        assert not np.allclose(world.pose("can").position, before[0][:3])
    assert not world.inside("tea")
    assert np.array_equal(world.data.qpos, before[0])
    assert world.weight_g == before[1]
    assert world.blocked("tea", standing(world.products["tea"], (0.02, 0.0), 0.0))
    assert not world.blocked("tea", standing(world.products["tea"], (0.15, 0.05), 0.0))


@pytest.mark.parametrize("move", [CartMove(kind="roll", start=1.0, duration=2.0, strength=0.5)])
def test_a_roll_comes_as_far_as_its_push_drives_it(move):
    times = np.linspace(0.5, 3.5, 30_001)
    speed = np.cumsum([move.acceleration(t)[0] for t in times]) * 1e-4
    assert abs(speed[-1]) < 0.01
    assert speed.max() == pytest.approx(0.5, abs=0.01)
    assert np.sum(speed) * 1e-4 == pytest.approx(move.way(3.5), abs=0.01)


def test_a_trip_never_takes_what_is_not_there(small_look):
    for seed in range(12):
        story = random_story(np.random.default_rng(seed), small_look, "val", None)
        present = set(story.initial)
        for visit in story.visits:
            for action in visit.actions:
                if action.kind == "place":
                    present |= {action.item, action.beside}
                elif action.kind in ("grasp", "touch") and action.item is not None:
                    assert action.item in present | {throw.item for throw in story.throws}
                    if action.kind == "grasp":
                        present.discard(action.item)
        assert story.duration > story.visits[-1].end
        assert 1 <= len(story.visits) + len(story.throws) + len(story.moves) <= 2 * MOST_VISITS


def test_a_full_basket_has_no_spot(small_look):
    taken = [((0.0, 0.0), 0.5)]
    assert free_spot(np.random.default_rng(0), small_look.basket, product("train", "tea", 0), taken) is None


def test_visits_do_not_overlap_unless_two_hands_are_meant(small_look):
    plan = Plan(np.random.default_rng(0), small_look, "train")
    plan.stock(3)
    for _ in range(4):
        empty_hand(plan)
    visits = plan.story().visits
    assert all(a.end < b.start for a, b in pairwise(visits))

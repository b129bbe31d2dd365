"""Collage clips: what the truth says is what the pictures show, in every situation."""

import json
from collections import Counter
from dataclasses import replace

import av
import numpy as np
import pytest
from cutout_folder import write_boxed, write_cutouts

from smartcart.datasets.collage.clip import Clip, frames, write_clip
from smartcart.datasets.collage.gallery import CutoutGallery
from smartcart.datasets.collage.motion import Ride, Stay
from smartcart.datasets.collage.plan import CollagePlan
from smartcart.datasets.collage.situations import IDLE, RANDOM, fill
from smartcart.datasets.collage.stage import SIZE, draw_stage
from smartcart.datasets.collage.webcam import Webcam, draw_faults
from smartcart.datasets.photos.backgrounds import sources
from smartcart.datasets.photos.cutouts import read_cutouts
from smartcart.models.dataset.frame_truth import read_frames
from smartcart.models.dataset.truth import read_truth
from smartcart.models.labels import HAND
from smartcart.scripts.main import main


def nothing(_):
    return False


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Cut-outs, and a data.yaml with a small jar in the middle of its one photo."""
    folder = tmp_path_factory.mktemp("material")
    return write_cutouts(folder), write_boxed(folder / "set", "4 0.5 0.5 0.1 0.15")


@pytest.fixture(scope="module")
def gallery(material):
    return CutoutGallery.of(read_cutouts(material[0], "train"))


def planned(material, gallery, situation, seed=3):
    """A plan with some things at the start and one visit of a situation (None for a whole clip)."""
    for attempt in range(20):
        rng = np.random.default_rng([seed, attempt])
        plan = CollagePlan(rng, gallery, draw_stage(rng, sources([material[1]]), nothing))
        if situation is None:
            fill(plan)
            return plan
        plan.stock(0 if situation == "full_basket" else 3)
        if RANDOM[situation](plan):
            return plan
    raise AssertionError(f"no room for {situation}")


def clip_of(plan):
    return Clip(name="c", plan=plan, fps=12.0, fall=0.5, shutter_s=0.01)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("situation", [*RANDOM, None])
def test_at_the_end_there_is_what_the_events_say(material, gallery, situation, seed):
    plan = planned(material, gallery, situation, seed)
    end = plan.duration - 1 / 12
    lying = Counter(thing.label for thing in plan.things if thing.at(end) is not None)
    count = Counter(plan.initial)
    for event in plan.events:
        count[event.label] += 1 if event.type == "added" else -1
    assert +count == lying + Counter(plan.stage.standing)
    assert "jar" in plan.initial
    assert situation is None or bool(plan.events) == (situation not in IDLE)
    assert situation is None or {event.situation for event in plan.events} <= {situation}


@pytest.mark.parametrize("situation", sorted(RANDOM))
def test_an_event_is_when_it_happens_and_within_its_visit(material, gallery, situation):
    plan = planned(material, gallery, situation)
    for event in plan.events:
        thing = next(thing for thing in plan.things if thing.name == event.item)
        assert event.start <= event.t <= event.end
        if event.type == "added":
            assert not isinstance(thing.at(event.t - 0.05), Stay)
            assert isinstance(thing.at(event.t + 0.05), Stay)
            place = thing.at(event.t + 0.05).place(event.t)
            assert plan.stage.inside(place.x, place.y)
        else:
            before, after = (thing.at(t).place(t) for t in (event.t - 0.06, event.t + 0.02))
            assert plan.stage.inside(before.x, before.y)
            assert not plan.stage.inside(after.x, after.y)


@pytest.mark.parametrize("situation", ["single_add", "single_remove", "rearrange", "swap", "thrown_in", "covered"])
def test_nothing_jumps_when_it_is_taken_or_let_go(material, gallery, situation):
    plan = planned(material, gallery, situation)
    for thing in plan.things:
        for before, after in zip(thing.stretches, thing.stretches[1:], strict=False):
            assert before.end == after.start
            old, new = before.place(before.end), after.place(after.start)
            assert np.hypot(old.x - new.x, old.y - new.y) < 1.5
            assert abs(np.sin(old.turn - new.turn)) < 0.02
        if isinstance(last := thing.stretches[-1], Ride):
            x, y = last.place(last.end).x, last.place(last.end).y
            assert not (-thing.radius < x < SIZE[0] + thing.radius and -thing.radius < y < SIZE[1] + thing.radius)


def test_what_is_half_out_sticks_out_of_the_picture(material, gallery):
    for seed in range(2):
        plan = planned(material, gallery, "half_out", seed)
        thing = next(thing for thing in plan.things if thing.name == plan.events[-1].item)
        place = thing.at(plan.duration).place(plan.duration)
        assert plan.stage.inside(place.x, place.y)
        *_, (_, _, line) = frames(replace(clip_of(plan), fps=1.0))
        box, visible = next((item["box"], item["visible"]) for item in line["items"] if item["id"] == thing.name)
        assert 0.45 < visible < 0.95
        assert min(box[0], box[1], 1 - box[2], 1 - box[3]) < 0.01


def test_a_full_basket_is_a_heap_of_which_the_top_is_within_reach(material, gallery):
    for seed in range(3):
        plan = planned(material, gallery, "full_basket", seed)
        assert len(plan.initial) >= 7
        _, _, line = next(frames(clip_of(plan)))
        visible = {item["id"]: item["visible"] for item in line["items"]}
        assert min(visible.values()) > 0.2, "what nobody ever sees is not there"
        taken = [event.item for event in plan.events if event.type == "removed"]
        assert all(visible[item] > 0.5 for item in taken)
        ((_, (x1, y1, x2, y2)),) = plan.stage.goods
        owner = next(frames(clip_of(plan)))[1].owner
        assert (owner[round(y1 * 480) : round(y2 * 480), round(x1 * 640) : round(x2 * 640)] >= 0).mean() < 0.25


def test_a_heap_is_there_from_the_start_or_not_at_all(material, gallery):
    plan = planned(material, gallery, "single_add")
    assert not RANDOM["full_basket"](plan)


def test_a_hand_that_only_touches_leaves_the_picture_as_it_was(material, gallery):
    shown = {t: canvas.light for t, canvas, _ in frames(clip_of(planned(material, gallery, "touch")))}
    first, last = min(shown), max(shown)
    assert np.array_equal(shown[first], shown[last])
    assert any(np.abs(light - shown[first]).max() > 30 for light in shown.values())


def test_the_photos_own_goods_are_never_laid_upon_by_what_comes_to_rest(material, gallery):
    for seed in range(4):
        plan = planned(material, gallery, None, seed)
        *_, (_, canvas, _) = frames(clip_of(plan))
        ((_, (x1, y1, x2, y2)),) = plan.stage.goods
        box = canvas.owner[round(y1 * 480) : round(y2 * 480), round(x1 * 640) : round(x2 * 640)]
        assert (box >= 0).mean() < 0.25


def test_every_line_tells_what_is_in_its_frame(material, gallery):
    held = hands = 0
    for t, canvas, line in frames(clip_of(planned(material, gallery, "single_add"))):
        assert line["t"] == pytest.approx(t, abs=1e-3)
        for item in line["items"]:
            x1, y1, x2, y2 = (round(v * SIZE[k % 2]) for k, v in enumerate(item["box"]))
            assert (canvas.owner[y1:y2, x1:x2] >= 0).any()
            held += item["held"]
        hands += len(line["hands"])
    assert held > 5
    assert hands > 10


def test_boxes_move_with_the_picture_when_the_cart_is_bumped(material, gallery):
    plan = planned(material, gallery, "cart_moved")
    lines = {t: {item["id"]: item["box"] for item in line["items"]} for t, _, line in frames(clip_of(plan))}
    before = lines[0.0]
    moved = [
        np.subtract(box[:2], before[name][:2]) * SIZE
        for t, boxes in lines.items()
        for name, box in boxes.items()
        if plan.moves[0].start < t < plan.moves[0].end
    ]
    assert np.abs(moved).max() > 0.5
    assert lines[max(lines)] == before


def test_a_clip_is_whole_and_comes_again(material, gallery, tmp_path):
    found = sources([material[1]])
    seconds = [write_clip(5, "train", folder, gallery, found, nothing) for folder in _two_folders(tmp_path)]
    truth = read_truth(tmp_path / "a" / "collage_train_000005.truth.json")
    assert 12 <= truth.fps <= 15
    with av.open(str(tmp_path / "a" / truth.video)) as video:
        count = sum(1 for _ in video.decode(video=0))
    lines = read_frames(tmp_path / "a" / "collage_train_000005.frames.jsonl")
    assert count == len(lines) == round(seconds[0] * truth.fps)
    assert any(thing.label == HAND for line in lines for thing in line.things)
    assert 3 <= len(truth.events) <= 7
    for name in ("truth.json", "frames.jsonl", "mp4"):
        first, again = ((tmp_path / folder / f"collage_train_000005.{name}").read_bytes() for folder in "ab")
        assert first == again, name


def test_the_camera_has_noise_and_moves_with_the_cart():
    rng = np.random.default_rng(1)
    camera = Webcam(rng, replace(draw_faults(rng), shade=None, stuck=0.0), (160, 120), 12)
    light = np.zeros((120, 160, 3), np.float32)
    light[:, 80:] = 200
    still, again, moved = (
        camera.film(light, t, shake).astype(int) for t, shake in ((0, (0, 0)), (1, (0, 0)), (2, (9, 0)))
    )
    assert 0 < np.abs(still - again).mean() < 12
    assert moved[60, 84].mean() < 60 < still[60, 84].mean()


def test_the_command_films_clips_and_those_that_are_there_stay(material, tmp_path, capsys):
    cutouts, boxed = material
    words = ["datasets", "collage", "clips", "--cutouts", str(cutouts), "--backgrounds", str(boxed)]
    words += ["--seeds", "1:2", "--split", "test", "--out", str(tmp_path), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [f"collage_test_000001.{name}" for name in ("frames.jsonl", "mp4", "truth.json")]
    assert report["clips"] == 1
    before = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["media_seconds"] == report["media_seconds"]
    assert before == [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]


def _two_folders(folder):
    for name in "ab":
        (folder / name).mkdir()
        yield folder / name

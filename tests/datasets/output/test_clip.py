"""Clips: the same seed gives the same files, boxes lie on the pixels, and OpenCV can play them."""

import json
from itertools import combinations, islice

import cv2
import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.output.clip import clip_files, drafts, film, length_s, random_script
from smartcart.datasets.output.frames import FOLDERS, write_scene
from smartcart.datasets.output.yolo import write_data_yaml, yolo_line
from smartcart.datasets.scene.rendering import Eye
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.scene.stocking import standing
from smartcart.datasets.scene.visibility import seen_items
from smartcart.datasets.scene.zone import basket_zone, in_zone
from smartcart.datasets.story.moment import random_moments
from smartcart.models.dataset.truth import read_truth
from smartcart.models.labels import LABELS

pytestmark = pytest.mark.usefixtures("opengl")


def filmed(folder, seed):
    script = random_script(seed, "train", situation="single_add", fps=10, size=(160, 120))
    folder.mkdir()
    assert sum(1 for _ in film(script, folder)) == script.frames
    return script, clip_files(folder, script.name)


@pytest.fixture
def frames_folder(tmp_path):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return filmed(tmp_path_factory.mktemp("clip") / "a", 31)


def test_the_same_seed_gives_the_same_bytes(clip, tmp_path):
    _, first = clip
    _, again = filmed(tmp_path / "b", 31)
    for name in ("truth", "frames", "video"):
        assert getattr(first, name).read_bytes() == getattr(again, name).read_bytes(), name


def test_a_clip_is_whole(clip):
    script, files = clip
    truth = read_truth(files.truth)
    lines = [json.loads(line) for line in files.frames.read_text().splitlines()]
    video = cv2.VideoCapture(str(files.video))
    frames = 0
    while video.read()[0]:
        frames += 1
    video.release()
    assert frames == len(lines) == script.frames
    assert truth.size == (160, 120)
    assert [e.type for e in truth.events] == ["added"]
    assert len(truth.zone) >= 3
    item = truth.events[0].item
    held = [line["t"] for line in lines for seen in line["items"] if seen["id"] == item and seen["held"]]
    assert held
    assert max(held) <= truth.events[0].t


def test_the_length_of_a_clip_that_is_there_needs_no_second_look(clip, tmp_path):
    script, files = clip
    assert length_s(files) == pytest.approx(script.frames / script.fps)
    assert length_s(clip_files(tmp_path, "none")) is None


def test_every_box_lies_in_the_picture_and_is_not_empty(clip):
    _, files = clip
    boxes = 0
    for text in files.frames.read_text().splitlines():
        line = json.loads(text)
        for seen in [*line["items"], *line["hands"]]:
            x1, y1, x2, y2 = seen["box"]
            assert 0 <= x1 < x2 <= 1
            assert 0 <= y1 < y2 <= 1
            assert 0.1 < seen.get("visible", 1.0) <= 1.0
            boxes += 1
    assert boxes > 10


def test_a_box_lies_on_the_pixels_and_within_the_whole_outline():
    from smartcart.datasets.output.demo_clip import demo_script
    from smartcart.datasets.products.products import product

    look = demo_script().look
    world = World(look, {"carton": product("train", "milk_carton", 0), "banana": product("train", "banana", 0)})
    world.put("carton", standing(world.products["carton"], (0.1, 0.08), 0.2))
    world.put("banana", standing(world.products["banana"], (0.0, -0.08), 0.9))
    world.refresh()
    with Eye(world) as eye:
        shot = eye.look()
    seen = {item.name: item for item in seen_items(world, shot)}
    assert set(seen) == {"carton", "banana"}
    for name, item in seen.items():
        rows, columns = np.nonzero(shot.mask(name))
        assert item.box == (columns.min() / 640, rows.min() / 480, (columns.max() + 1) / 640, (rows.max() + 1) / 480)
        assert np.allclose(item.box, item.amodal, atol=0.008)
    assert seen["carton"].visible > 0.9


@pytest.mark.parametrize("family", ["banana", "wine", "mug", "spray", "bagel", "broccoli"])
def test_what_nothing_hides_is_wholly_visible(family):
    from smartcart.datasets.output.demo_clip import demo_script
    from smartcart.datasets.products.products import product

    world = World(demo_script().look, {"it": product("train", family, 0)})
    world.put("it", standing(world.products["it"], (0.05, 0.02), 0.7))
    world.refresh()
    with Eye(world) as eye:
        (seen,) = seen_items(world, eye.look())
    assert seen.visible > 0.97


def test_what_is_hidden_behind_another_is_less_visible():
    from smartcart.datasets.output.demo_clip import demo_script
    from smartcart.datasets.products.products import product

    look = demo_script().look
    world = World(look, {"front": product("train", "cereal", 0), "behind": product("train", "juice_carton", 0)})
    world.put("front", standing(world.products["front"], (0.0, 0.03), np.pi / 2))
    world.put("behind", standing(world.products["behind"], (0.14, 0.155), np.pi / 2))
    world.refresh()
    with Eye(world) as eye:
        seen = {item.name: item for item in seen_items(world, eye.look())}
    assert 0.1 < seen["behind"].visible < 0.8
    x1, _, x2, y2 = seen["behind"].amodal
    assert x1 <= seen["behind"].box[0] + 0.01
    assert x2 >= seen["behind"].box[2] - 0.01
    assert y2 > seen["behind"].box[3]


def test_the_zone_holds_the_floor_and_not_the_aisle(small_look):
    zone = basket_zone(small_look)
    assert len(zone) >= 4
    for point, inside in (((0.0, 0.0, 0.05), True), ((0.1, 0.1, 0.1), True), ((0.5, 0.6, 0.0), False)):
        (pixel,), _ = small_look.camera.project(np.array([point]))
        assert in_zone(zone, pixel[0] / 160, pixel[1] / 120) == inside


def test_frames_are_the_same_for_a_number_and_their_labels_are_valid(frames_folder):
    boxes = write_scene(range(6, 7), "val", frames_folder, 1)
    assert [path.name for path in (frames_folder / "images").iterdir()] == ["val_000006.jpg"]
    picture = cv2.imread(str(frames_folder / "images" / "val_000006.jpg"))
    assert picture.shape == (480, 640, 3)
    lines = (frames_folder / "labels" / "val_000006.txt").read_text().splitlines()
    assert len(lines) == boxes
    for line in lines:
        number, x, y, w, h = line.split()
        assert int(number) < len(LABELS)
        assert float(w) > 0
        assert float(h) > 0
        assert float(x) - float(w) / 2 >= -1e-6
        assert float(y) + float(h) / 2 <= 1 + 1e-6
    again = list(random_moments(1, "val"))[2]
    assert [yolo_line(label, box).strip() for label, box in again.boxes] == lines
    assert json.loads((frames_folder / "truth" / "val_000006.json").read_text()) == again.truth
    assert len(again.truth["items"]) + len(again.truth["hands"]) == boxes
    assert (
        cv2.imencode(".jpg", again.picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
        == (frames_folder / "images" / "val_000006.jpg").read_bytes()
    )


def test_the_moments_of_a_scene_differ(frames_folder):
    write_scene(range(0, 4), "train", frames_folder, 0)
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in (frames_folder / "images").iterdir()]
    assert len(pictures) == 4
    for one, other in combinations(pictures, 2):
        assert np.abs(one.astype(int) - other).mean() > 8


def test_frames_that_are_there_stay(frames_folder):
    (frames_folder / "images" / "train_000001.jpg").write_bytes(b"kept")
    (frames_folder / "labels" / "train_000001.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (frames_folder / "truth" / "train_000001.json").write_text("{}\n")
    assert write_scene(range(1, 2), "train", frames_folder, 0) == 1
    assert (frames_folder / "images" / "train_000001.jpg").read_bytes() == b"kept"


def test_data_yaml_names_the_shared_classes(tmp_path):
    yaml = pytest.importorskip("yaml")
    write_data_yaml(tmp_path, "train")
    data = yaml.safe_load((tmp_path / "data.yaml").read_text())
    assert list(data["names"].values()) == list(LABELS)
    assert data["train"] == "images"
    assert "val" not in data


def test_a_hand_is_on_one_visit_at_a_time():
    stories = [draft.story for seed in (500564, *range(15)) for draft in islice(drafts(seed, "test"), 2)]
    for story in stories:
        free = dict.fromkeys(("left", "right"), -1.0)
        for visit in story.visits:
            assert visit.start >= free[visit.hand] + 0.1
            free[visit.hand] = visit.end


def test_a_random_look_shows_the_basket():
    for seed in range(40, 46):
        zone = basket_zone(random_script(seed, "train", situation="empty_hand").look)
        assert cv2.contourArea(np.array(zone, np.float32)) > 0.2

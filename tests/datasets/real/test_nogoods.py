"""Pictures without goods: what has no box is known not to be there, hands keep theirs, faces are not kept."""

import json

import cv2
import numpy as np
import pytest
from cutout_folder import write_boxed, write_cutouts

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.collage.gallery import CutoutGallery
from smartcart.datasets.collage.picture import collage
from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.backgrounds import Background
from smartcart.datasets.photos.cutouts import read_cutouts
from smartcart.datasets.photos.faces import faces, veiled
from smartcart.datasets.real.nogoods import read_no_goods, write_no_goods
from smartcart.datasets.story.moment import empty_moment
from smartcart.models.dataset.detection_dataset import read_dataset
from smartcart.models.labels import HAND, LABELS
from smartcart.scripts.main import main

BOX = "2 0.25 0.5 0.3 0.9"
HAND_BOX = f"{LABELS.index(HAND)} 0.3 0.3 0.2 0.3"


def nobody(_):
    return False


def empty_set(folder, box=HAND_BOX, judges=LABELS):
    """A data.yaml that judges every class, with one photo of a hand."""
    file = write_boxed(folder, box)
    file.write_text(file.read_text() + f"val: images\njudges: {list(judges)}\n")
    return file


def written(folder, number):
    name = f"nogoods_train_{number:06d}"
    boxes = [[float(v) for v in line.split()] for line in (folder / "labels" / f"{name}.txt").read_text().splitlines()]
    return cv2.imread(str(folder / "images" / f"{name}.jpg")), boxes


@pytest.fixture
def out(tmp_path):
    for name in ("images", "labels"):
        (tmp_path / "out" / name).mkdir(parents=True)
    return tmp_path / "out"


def test_a_set_that_does_not_judge_every_class_is_not_known_to_be_empty(tmp_path):
    with pytest.raises(DataError, match="unlabelled goods"):
        read_no_goods([empty_set(tmp_path / "hands", judges=["hand"])], (), "train")


def test_a_set_with_goods_is_not_empty(tmp_path):
    with pytest.raises(DataError, match="contains goods"):
        read_no_goods([empty_set(tmp_path / "goods", box=BOX)], (), "train")


def test_a_set_without_the_part_of_a_split_is_named(tmp_path):
    with pytest.raises(DataError, match="no part 'val'"):
        read_no_goods((), [write_boxed(tmp_path / "set")], "val")


def test_the_ground_is_cut_from_beside_the_boxes(tmp_path, out):
    data = write_boxed(tmp_path / "set", BOX)
    photo = np.full((480, 640, 3), 128, np.uint8)
    photo[24:456, 64:256] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "set" / "images" / "a.png"), photo)
    found = read_no_goods((), [data], "train")
    for number in range(6):
        assert write_no_goods(number, "train", out, found, hands=nobody, carts=False) == 0
        assert np.abs(written(out, number)[0].astype(int) - 128).max() < 12


def test_a_ground_with_a_hand_that_nobody_boxed_is_left_out(tmp_path, out):
    found = read_no_goods((), [write_boxed(tmp_path / "set", BOX)], "train")
    with pytest.raises(DataError, match="no room"):
        write_no_goods(0, "train", out, found, hands=lambda _: True, carts=False)


def test_a_hand_is_in_a_picture_with_its_box_or_not_at_all(tmp_path, out):
    data = empty_set(tmp_path / "hands")
    photo = np.full((480, 640, 3), 128, np.uint8)
    photo[72:216, 128:256] = (120, 150, 205)
    cv2.imwrite(str(tmp_path / "hands" / "images" / "a.png"), photo)
    found = read_no_goods([data], (), "train")
    counts = [write_no_goods(number, "train", out, found, hands=nobody, carts=False) for number in range(8)]
    assert set(counts) <= {0, 1}
    for number, count in enumerate(counts):
        picture, boxes = written(out, number)
        skin = picture[..., 2].astype(int) - picture[..., 0] > 40
        assert bool(count) == bool(skin.sum() > 60)
        for label, x, y, w, h in boxes:
            assert LABELS[int(label)] == HAND
            inside = skin[
                int((y - h / 2) * 480) : int((y + h / 2) * 480), int((x - w / 2) * 640) : int((x + w / 2) * 640)
            ]
            assert inside.mean() > 0.9


def test_no_face_is_kept_and_what_lies_on_a_hand_is_none():
    data = pytest.importorskip("skimage.data")
    portrait = np.ascontiguousarray(data.astronaut()[..., ::-1])
    ((x1, y1, x2, y2),) = faces(portrait)
    done = veiled(portrait)
    assert faces(done) == []
    assert np.array_equal(done[y2:], portrait[y2:])
    detail = [cv2.Laplacian(one[y1:y2, x1:x2], cv2.CV_64F).std() for one in (done, portrait)]
    assert detail[0] < 0.3 * detail[1]
    hand = ("hand", (x1 / 512, y1 / 512, x2 / 512, y2 / 512))
    assert np.array_equal(veiled(portrait, (hand,)), portrait)


@pytest.mark.usefixtures("opengl")
def test_an_empty_cart_shows_hands_at_most():
    for seed in range(2):
        made = empty_moment(np.random.default_rng(seed))
        assert made.truth["items"] == []
        assert {label for label, _ in made.boxes} <= {HAND}


def test_nogoods_writes_a_set_that_judges_every_class(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    data = empty_set(tmp_path / "hands")
    words = ["datasets", "nogoods", "--empty", str(data), "--no-carts", "--count", "2", "--seed", "5"]
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 2
    (part,) = read_dataset(tmp_path / "out" / "data.yaml").train
    assert part.judges == set(LABELS)
    assert {box.label for photo in part.photos for box in photo.boxes} <= {HAND}


def test_nogoods_names_what_is_missing(tmp_path, capsys):
    words = ["datasets", "nogoods", "--count", "1", "--seed", "5", "--out", str(tmp_path / "out")]
    assert main([*words, "--no-carts"]) == 2
    assert "--empty" in capsys.readouterr().err
    assert main([*words, "--ground", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err


def test_scraps_of_empty_photos_lie_among_the_goods_without_a_box(tmp_path):
    (tmp_path / "cutouts").mkdir()
    gallery = CutoutGallery.of(read_cutouts(write_cutouts(tmp_path / "cutouts"), "train"))
    data = empty_set(tmp_path / "hands")
    cv2.imwrite(str(tmp_path / "hands" / "images" / "a.png"), np.full((480, 640, 3), (20, 200, 20), np.uint8))
    empty = read_no_goods([data], (), "train").empty
    warm = np.full((480, 640, 3), (200, 120, 60), np.uint8)
    warm[:, 320:] = (60, 120, 200)
    green = 0
    for seed in range(6):
        picture, boxes = collage(np.random.default_rng(seed), gallery, Background(picture=warm), empty)
        seen = picture[..., 1].astype(int) - np.maximum(picture[..., 0], picture[..., 2]) > 20
        green += seen.any()
        for _, (x1, y1, x2, y2) in boxes:
            inside = seen[int(y1 * 480) : int(y2 * 480), int(x1 * 640) : int(x2 * 640)]
            assert inside.mean() < 0.9, "no box is of a scrap"
    assert green >= 2


def test_the_given_empty_sets_judge_every_class():
    from smartcart.datasets.real.definition import given, read_definition

    for name in given():
        if name.endswith("_empty"):
            assert set(read_definition(name).judges) == set(LABELS), name

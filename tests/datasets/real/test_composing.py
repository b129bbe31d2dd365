"""Simulated things on real pictures: exact boxes, untouched surroundings, nothing unboxed to be recognised."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.backgrounds import BackgroundSource, draw_background, sources
from smartcart.datasets.real.blend import blend
from smartcart.datasets.real.composing import PICTURES, compositions
from smartcart.models.labels import LABELS
from smartcart.scripts.main import main


def nothing(_):
    return False


@pytest.fixture
def photos(tmp_path):
    """A folder with one noisy photo, and the photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    picture = np.random.default_rng(0).integers(60, 200, (480, 640, 3)).astype(np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 3)
    cv2.imwrite(str(folder / "a.png"), picture)
    return folder


@pytest.fixture
def boxed(tmp_path):
    """A data.yaml whose one photo holds a carton in its left half."""
    for name in ("images", "labels"):
        (tmp_path / "set" / name).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "set" / "images" / "a.png"), np.full((480, 640, 3), 128, np.uint8))
    (tmp_path / "set" / "labels" / "a.txt").write_text("2 0.25 0.5 0.3 0.4\n")
    names = "".join(f"  {k}: {label}\n" for k, label in enumerate(LABELS))
    (tmp_path / "set" / "data.yaml").write_text(f"train: images\nval: images\nnames:\n{names}")
    return tmp_path / "set" / "data.yaml"


def test_far_from_the_things_the_photo_is_untouched_and_shadows_only_darken():
    things = np.full((480, 640, 3), 220, np.uint8)
    mask = np.zeros((480, 640), bool)
    mask[200:260, 300:340] = True
    things[mask] = (200, 30, 30)
    things[262:300, 300:340] = 110
    photo = np.full((480, 640, 3), 150, np.uint8)
    done = blend(things, mask, ~mask, photo).astype(int)
    assert np.abs(done[:150] - 150).max() <= 2
    assert done[280, 320].max() < 120
    assert done[230, 320, 0] > 2 * done[230, 320, 1]
    edge = done[230, 297:304, 1]
    assert (np.diff(edge) <= 1).all(), "no bright seam between thing and photo"


def test_a_cut_takes_its_boxes_with_it(boxed):
    ((source,),) = sources([boxed])
    for seed in range(8):
        cut = draw_background(np.random.default_rng(seed), [[source]], (320, 240), lambda _: True)
        ((label, (x1, y1, x2, y2)),) = cut.boxes
        assert label == "carton"
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        assert (x2 - x1) / (y2 - y1) == pytest.approx(0.3 / 0.4, rel=0.35)


def test_what_nobody_has_boxed_and_the_model_recognises_is_blurred_away(photos):
    found = sources([photos])
    sharp = draw_background(np.random.default_rng(3), found, (320, 240), nothing).picture
    away = draw_background(np.random.default_rng(3), found, (320, 240), lambda _: True).picture
    assert cv2.Laplacian(away, cv2.CV_64F).std() < 0.5 * cv2.Laplacian(sharp, cv2.CV_64F).std()


def test_a_light_probe_is_looked_into(tmp_path):
    probe = np.random.default_rng(0).random((64, 128, 3)).astype(np.float32) * 4
    cv2.imwrite(str(tmp_path / "room.hdr"), probe)
    cut = draw_background(np.random.default_rng(0), sources([tmp_path]), (64, 48), nothing)
    assert cut.picture.shape == (48, 64, 3)
    assert 20 < cut.picture.mean() < 235


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_broken_background_is_named(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.jpg"):
        draw_background(np.random.default_rng(0), sources([tmp_path]), (64, 48), nothing)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="no pictures"):
        sources([tmp_path])


@pytest.mark.usefixtures("opengl")
def test_the_same_number_gives_the_same_pictures_and_boxes_lie_on_what_was_laid_over(tmp_path):
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((480, 640, 3), 128, np.uint8))
    found = [[BackgroundSource(file=grey, boxes=())]]
    first = list(compositions(5, "val", found, nothing))
    again = list(compositions(5, "val", found, nothing))
    assert len(first) == PICTURES
    for (picture, boxes), (same, same_boxes) in zip(first, again, strict=True):
        assert boxes == same_boxes
        assert np.array_equal(picture, same)
    boxes = [(picture, box) for picture, seen in first for _, box in seen]
    assert len(boxes) > PICTURES
    for picture, (x1, y1, x2, y2) in boxes:
        inside = picture[round(y1 * 480) : round(y2 * 480), round(x1 * 640) : round(x2 * 640)].astype(int)
        assert np.abs(inside - 128).max() > 25, "there is something in every box"


@pytest.mark.usefixtures("opengl")
def test_compose_writes_a_yolo_folder_and_keeps_the_photos_own_boxes(boxed, tmp_path, capsys):
    words = ["datasets", "compose", "--backgrounds", str(boxed), "--count", "2", "--seed", "9", "--split", "val"]
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["images"] == 2
    stems = ["composed_val_000009", "composed_val_000010"]
    assert sorted(path.stem for path in (tmp_path / "out" / "images").iterdir()) == stems
    lines = [(tmp_path / "out" / "labels" / f"{stem}.txt").read_text() for stem in stems]
    assert sum(text.count("\n") for text in lines) == report["boxes"]
    assert any(line.startswith("2 ") for text in lines for line in text.splitlines())
    before = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "images").iterdir())]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert before == [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "images").iterdir())]


def test_compose_names_what_is_missing(tmp_path, capsys):
    words = ["datasets", "compose", "--count", "1", "--seed", "1", "--out", str(tmp_path / "out")]
    assert main([*words, "--backgrounds", str(tmp_path / "none")]) == 2
    assert "no pictures" in capsys.readouterr().err
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((64, 64, 3), np.uint8))
    assert main([*words, "--backgrounds", str(tmp_path), "--model", str(tmp_path / "none.onnx")]) == 2
    assert "none.onnx" in capsys.readouterr().err

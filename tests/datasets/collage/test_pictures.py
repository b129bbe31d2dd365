"""Collages: boxes of what is visible, arms that leave the picture, splits that share no photo, faults by name."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cutout_folder import block, disc, row_of, write_boxed, write_cutouts

from smartcart.datasets.collage.arms import armed, reaching
from smartcart.datasets.collage.canvas import Canvas, Place, Shadow
from smartcart.datasets.collage.gallery import CutoutGallery
from smartcart.datasets.collage.light import fitted, light_of
from smartcart.datasets.collage.picture import collage
from smartcart.datasets.collage.piece import Piece, PiecePart, cleaned
from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.backgrounds import Background
from smartcart.datasets.photos.cutouts import TABLE, read_cutouts
from smartcart.models.labels import LABELS
from smartcart.scripts.main import main

GREY = np.full((480, 640, 3), 128, np.uint8)


def piece_of(picture, label="apple"):
    rgba = cleaned(picture)
    height, width = rgba.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    return Piece(rgba=rgba, parts=(PiecePart(label=label, corners=corners),), anchor=(width / 2, height / 2))


@pytest.fixture
def cutouts(tmp_path):
    (tmp_path / "cutouts").mkdir()
    return write_cutouts(tmp_path / "cutouts")


def test_a_box_is_of_what_is_left_to_see():
    canvas, lower, upper = Canvas.over(GREY), piece_of(block((0, 0, 255), 100, 100)), piece_of(block((255, 0, 0)))
    canvas.lay(lower, Place(x=300, y=200), 0)
    box, share = canvas.seen(lower, Place(x=300, y=200), 0, 0)
    assert [box[0] * 640, box[2] * 640] == pytest.approx([254, 346], abs=3)
    assert share > 0.97
    canvas.lay(upper, Place(x=270, y=200), 1)
    box, share = canvas.seen(lower, Place(x=300, y=200), 0, 0)
    assert [box[0] * 640, box[2] * 640] == pytest.approx([297, 346], abs=3)
    assert share == pytest.approx(0.5, abs=0.08)


def test_what_lies_outside_the_picture_does_not_count_as_visible():
    canvas, piece = Canvas.over(GREY), piece_of(block((0, 0, 255), 100, 100))
    canvas.lay(piece, Place(x=0, y=200), 0)
    box, share = canvas.seen(piece, Place(x=0, y=200), 0, 0)
    assert box[0] == 0
    assert share == pytest.approx(0.5, abs=0.05)


def test_what_is_turned_and_enlarged_lies_in_its_box():
    canvas, piece, place = Canvas.over(GREY), piece_of(block((0, 0, 255))), Place(x=300, y=200, turn=0.7, scale=1.4)
    canvas.lay(piece, place, 0)
    box, share = canvas.seen(piece, place, 0, 0)
    rows, columns = np.nonzero(np.abs(canvas.light - 128).max(2) > 60)
    assert [v * 640 for v in box[::2]] == pytest.approx([columns.min(), columns.max() + 1], abs=2)
    assert [v * 480 for v in box[1::2]] == pytest.approx([rows.min(), rows.max() + 1], abs=2)
    assert share > 0.9


def test_a_shadow_only_darkens_and_ends():
    canvas, piece = Canvas.over(GREY), piece_of(disc((0, 0, 255)))
    canvas.shade(piece, Place(x=300, y=200), [Shadow(dx=20, dy=0, blur=6, depth=0.5)])
    assert canvas.light.max() <= 128
    assert canvas.light[200, 320].max() < 90
    assert (canvas.light[:60] == 128).all()
    assert not canvas.covered.any()


def test_motion_blurs_along_the_way_only():
    canvas, piece = Canvas.over(GREY), piece_of(block((0, 0, 0), 60, 60))
    canvas.lay(piece, Place(x=300, y=200), 0, smear=(20.0, 0.0))
    across, down = np.diff(canvas.light[200, 240:300, 0]).min(), np.diff(canvas.light[140:200, 300, 0]).min()
    assert across > -20 > down


def test_a_piece_takes_on_the_light_of_the_picture():
    rng, piece = np.random.default_rng(0), piece_of(disc((150, 150, 150)))
    warm = np.full((480, 640, 3), (60, 110, 170), np.uint8)
    blue, _, red = fitted(rng, piece, light_of(warm)).rgba[43, 43, :3].astype(int)
    assert red > 1.3 * blue
    grey = fitted(rng, piece_of(disc((20, 20, 220))), light_of(GREY)).rgba[43, 43, :3]
    assert np.ptp(grey) == 0, "in a grey picture everything is grey"


@pytest.mark.parametrize(("x", "y", "turn"), [(300, 100, 0.0), (100, 240, 1.5), (320, 380, 3.1), (500, 200, -1.2)])
def test_an_arm_leaves_the_picture_on_its_side(cutouts, x, y, turn):
    hand = next(c for c in read_cutouts(cutouts, "train") if c.label == "hand")
    piece = reaching(hand)
    assert piece is not None
    place = Place(x=x, y=y, turn=turn)
    canvas = Canvas.over(GREY)
    canvas.lay(armed(piece, place, (640, 480)), place, 0)
    edges = {"down": canvas.owner[-1], "left": canvas.owner[:, 0], "up": canvas.owner[0], "right": canvas.owner[:, -1]}
    side = {0.0: "down", 1.5: "left", 3.1: "up", -1.2: "right"}[turn]
    assert np.count_nonzero(edges[side] == 0) > 20
    box, _ = canvas.seen(armed(piece, place, (640, 480)), place, 0, 0)
    assert max((box[2] - box[0]) * 640, (box[3] - box[1]) * 480) < 190, "the box is of the hand, not of its arm"


def test_the_boxes_of_a_collage_hold_what_was_laid_and_the_photos_own_stays(cutouts):
    gallery = CutoutGallery.of(read_cutouts(cutouts, "train"))
    green = np.full((480, 640, 3), (90, 150, 90), np.uint8)
    photo = Background(picture=green, boxes=(("jar", (0.0, 0.0, 0.1, 0.1)),))
    labels = set()
    for seed in range(30):
        picture, boxes = collage(np.random.default_rng(seed), gallery, photo)
        again, same = collage(np.random.default_rng(seed), gallery, photo)
        assert np.array_equal(picture, again)
        assert boxes == same
        for label, (x1, y1, x2, y2) in boxes:
            assert 0 <= x1 < x2 <= 1
            assert 0 <= y1 < y2 <= 1
            inside = picture[round(y1 * 480) : round(y2 * 480), round(x1 * 640) : round(x2 * 640)].astype(int)
            assert label == "jar" or np.abs(np.diff(inside, axis=2) - [60, -60]).max() > 40
            labels.add(label)
    assert labels == {"apple", "orange", "carton", "can", "hand", "jar"}


def test_splits_share_no_photo_and_copies_of_one_go_together():
    names = [f"shop/{k}.jpg" for k in range(400)]
    splits = [row_of(name).split(()) for name in names]
    assert {split: splits.count(split) > 30 for split in ("train", "val", "test")} == dict.fromkeys(splits, True)
    assert all(row_of(f"{k}_jpg.rf.aa").split(()) == row_of(f"{k}_jpg.rf.bb").split(()) for k in range(40))
    assert all(row_of(name, "kept").split(("kept",)) == "test" for name in names)


def test_a_cutout_is_of_one_split_only(cutouts):
    train, test = ({c.file for c in read_cutouts(cutouts, split)} for split in ("train", "test"))
    assert len(train) == len(test) == 6
    assert not train & test
    assert len(read_cutouts(cutouts, "test", ["drawn"])) == 12
    with pytest.raises(DataError, match="no goods of split train"):
        read_cutouts(cutouts, "train", ["drawn"])
    with pytest.raises(DataError, match="no source set is called 'drwan'"):
        read_cutouts(cutouts, "train", ["drwan"])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: cv2.imwrite(str(f / "train_apple.png"), GREY[:50, :50]), r"train_apple\.png: has no alpha"),
        (lambda f: cv2.imwrite(str(f / "train_can.png"), np.full((9, 9, 4), 255, np.uint8)), r"train_can\.png: .*same"),
        (lambda f: (f / "train_can.png").unlink(), r"line \d+: .*train_can\.png does not exist"),
        (lambda f: (f / "train_can.png").write_bytes(b"no"), r"train_can\.png: cannot be read"),
        (lambda f: (f / TABLE).unlink(), r"cutouts\.csv: cannot be read"),
        (lambda f: (f / TABLE).write_text("file,label\n"), r"cutouts\.csv: has no column 'source_set'"),
    ],
)
def test_a_cutout_that_cannot_be_used_is_refused_by_name(cutouts, spoil, told):
    spoil(cutouts)
    with pytest.raises(DataError, match=told):
        read_cutouts(cutouts, "train")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (",can,", ",tin,", "'tin' is not in the class list"),
        (",no,b,", ",no,x,", "letters of l, r, t and b"),
        ("carton:35,4,50,80", "carton:35,4,50", "is not LABEL:left,top,width,height"),
        ("carton:35,4,50,80 ", "", "a held item needs its own box and the hand's"),
    ],
)
def test_a_row_that_says_something_wrong_is_named(cutouts, old, new, told):
    table = cutouts / TABLE
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DataError, match=told) as error:
        read_cutouts(cutouts, "train")
    assert "line" in str(error.value)


def test_the_command_writes_a_yolo_folder_and_what_is_there_stays(cutouts, tmp_path, capsys):
    words = ["datasets", "collage", "pictures", "--cutouts", str(cutouts), "--count", "3", "--seed", "7"]
    words += ["--backgrounds", str(write_boxed(tmp_path / "set")), "--out", str(tmp_path / "out"), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    stems = [f"collage_train_{k:06d}" for k in (7, 8, 9)]
    assert sorted(path.stem for path in (tmp_path / "out" / "images").iterdir()) == stems
    lines = [(tmp_path / "out" / "labels" / f"{stem}.txt").read_text() for stem in stems]
    assert sum(text.count("\n") for text in lines) == report["boxes"]
    assert f"{len(LABELS) - 1}: {LABELS[-1]}" in (tmp_path / "out" / "data.yaml").read_text()
    before = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "images").iterdir())]
    assert main(words) == 0
    assert before == [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "images").iterdir())]


def test_the_command_says_what_is_wrong(cutouts, tmp_path, capsys):
    words = ["datasets", "collage", "pictures", "--count", "1", "--seed", "1", "--out", str(tmp_path / "out")]
    words += ["--backgrounds", str(write_boxed(tmp_path / "set"))]
    assert main([*words, "--cutouts", str(cutouts), "--split", "val"]) == 2
    assert "no goods of split val" in capsys.readouterr().err
    cv2.imwrite(str(cutouts / "train_apple.png"), GREY[:50, :50])
    assert main([*words, "--cutouts", str(cutouts)]) == 2
    assert "train_apple.png: has no alpha" in capsys.readouterr().err
    assert not Path(tmp_path / "out").exists()

"""Real surfaces: nothing changes unless they are asked for, splits share none, faults are named."""

import csv
import dataclasses
import json

import cv2
import numpy as np
import pytest
from cutout_folder import block, write_boxed, write_cutouts

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.cutouts import Cutout, read_table, split_of_name
from smartcart.datasets.products.products import product
from smartcart.datasets.scene.camera import Camera, Lens
from smartcart.datasets.scene.rendering import Eye
from smartcart.datasets.scene.scenery import draw_look
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.skins.dressing import WEARS, dressed
from smartcart.datasets.skins.prints import Print, prints
from smartcart.datasets.skins.props import PLAIN, read_props
from smartcart.datasets.skins.scans import COLUMNS, TABLE, read_scans
from smartcart.datasets.skins.surroundings import read_places
from smartcart.scripts.main import main

CUBE = """v 0 0 0
v 0.1 0 0
v 0 0.1 0
v 0 0 0.1
vt 0 0
vt 1 0
vt 0 1
f 1/1 2/2 3/3
f 1/1 2/2 4/3
f 1/1 3/2 4/3
f 2/1 3/2 4/3
"""


def write_scan(folder, name="crackers", label="box", size=("0.1", "0.1", "0.1"), mass="0.2"):
    """A scanned thing of four triangles, and the table with its row."""
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.obj").write_text(CUBE)
    cv2.imwrite(str(folder / name / f"{name}.jpg"), np.full((32, 32, 3), (20, 40, 200), np.uint8))
    with (folder / TABLE).open("w", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, (name, label, *size, mass), ("bowl", "none", 1, 1, 1, "")])
    return folder


def name_of(split, start):
    """A name of that split which begins so."""
    return next(name for k in range(1000) if split_of_name(name := f"{start}{k}") == split)


def worn(label, colour=(10, 200, 30)):
    return Print(name="real", label=label, picture=np.full((80, 60, 3), colour, np.uint8))


def test_without_props_nothing_is_drawn_and_every_scene_stays_as_it_was():
    rng, same = np.random.default_rng(4), np.random.default_rng(4)
    look, cereal = draw_look(np.random.default_rng(1)), product("val", "cereal", 1)
    assert PLAIN.furnish(rng, look) is look
    assert PLAIN.dress(rng, cereal) is cereal
    assert rng.random() == same.random()


def test_a_scan_has_its_size_mass_and_texture(tmp_path):
    (scan,) = read_scans(write_scan(tmp_path))
    made = scan.product()
    assert (made.label, made.mass_g, made.half, made.solid) == ("box", 200.0, (0.05, 0.05, 0.05), "box")
    (part,) = made.parts
    assert part.mesh.faces.shape == (4, 3)
    assert part.mesh.vertices[part.mesh.faces[0]].tolist() == [[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]]
    assert part.mesh.uv[part.mesh.faces[3]].tolist() == [[0, 0], [1, 0], [0, 1]]
    assert part.picture[0, 0, 0] > 150, "red first"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "toy"}, "class 'toy'"),
        ({"size": ("10", "0.1", "0.1")}, "0.5 to 60 cm"),
        ({"size": ("x", "0.1", "0.1")}, "must be numbers"),
        ({"mass": "-1"}, "under 20 kg"),
    ],
)
def test_a_wrong_row_of_the_table_of_scans_is_named(change, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read_scans(write_scan(tmp_path, **change))


def test_a_scan_without_texture_or_with_a_broken_mesh_is_named(tmp_path):
    folder = write_scan(tmp_path)
    (folder / "crackers" / "crackers.obj").write_text("v 0 0\nf 1 2 3\n")
    with pytest.raises(DataError, match="not a mesh of triangles"):
        read_scans(folder)[0].product()
    (folder / "crackers" / "crackers.jpg").unlink()
    with pytest.raises(DataError, match="no texture"):
        read_scans(folder)


def test_prints_of_one_product_go_to_one_split_whatever_their_files_are_called(tmp_path):
    cutouts = []
    for k, colour in enumerate([(200, 20, 20)] * 6 + [(20, 200, 20)] * 6):
        file = tmp_path / f"carton{k}.png"
        cv2.imwrite(str(file), block(colour))
        cutouts.append(
            Cutout(
                file=file, label="carton", source_set="s", source_file=file.name, held=False, arm_leaves="", boxes=()
            )
        )
    parts = [{one.name for one in prints(cutouts, split)} for split in ("train", "val", "test")]
    assert sum(map(len, parts)) == 12
    assert all(len(part) in (0, 6, 12) for part in parts)


def test_no_print_of_one_split_is_in_another(tmp_path):
    table = read_table(write_cutouts(tmp_path))
    names = [{one.name for one in prints(table, split)} for split in ("train", "val", "test")]
    assert sum(map(len, names)) == len(set().union(*names))


@pytest.mark.parametrize(
    ("family", "label"), [("cereal", "bag"), ("milk_carton", "carton"), ("crisps", "bag"), ("jam", "can")]
)
def test_a_product_wears_a_print_and_keeps_its_shape(family, label):
    plain = product("train", family, 3)
    real = dressed(np.random.default_rng(0), plain, worn(label))
    assert (real.label, real.half, real.mass_g) == (plain.label, plain.half, plain.mass_g)
    assert real.name != plain.name
    assert len(real.parts) == len(plain.parts)
    sheet = next(part.picture for part in real.parts if part.picture is not None)
    assert (np.abs(sheet.astype(int) - (10, 200, 30)).max(2) < 3).mean() > 0.35


def test_the_metal_of_a_can_stays_metal():
    plain = product("train", "soda_can", 3).parts[0].picture
    real = dressed(np.random.default_rng(0), product("train", "soda_can", 3), worn("can")).parts[0].picture
    assert np.array_equal(real[0], plain[0])
    assert np.array_equal(real[-1], plain[-1])
    assert (real[len(real) // 2] == (10, 200, 30)).all(1).mean() > 0.9


def test_every_class_wears_prints_of_classes_that_have_some():
    assert {name for names in WEARS.values() for name in names} <= set(WEARS)


def test_a_floor_is_cut_from_between_the_boxes_and_splits_share_no_picture(tmp_path):
    folder = tmp_path / "set"
    data = write_boxed(folder, box="2 0.25 0.5 0.5 1.0")
    picture = np.full((480, 640, 3), 128, np.uint8)
    picture[:, :320] = (0, 0, 255)
    for split in ("train", "test"):
        stem = name_of(split, split)
        cv2.imwrite(str(folder / "images" / f"{stem}.png"), picture)
        (folder / "labels" / f"{stem}.txt").write_text("2 0.25 0.5 0.5 1.0\n")
    (folder / "images" / "a.png").unlink()
    train, test = read_places([data], "train"), read_places([data], "test")
    assert {one.file for one in train.floors}.isdisjoint(one.file for one in test.floors)
    drawn = [train.draw(np.random.default_rng(k)).floor for k in range(24)]
    floors = [floor for floor in drawn if floor is not None]
    assert len(floors) > 8
    red = [(np.abs(floor.astype(int) - (255, 0, 0)).max(2) < 60).mean() for floor in floors]
    assert max(red) < 0.35, "boxes are loose, so a rim of what is in them is allowed"


def test_a_folder_that_holds_no_skins_is_named(tmp_path, capsys):
    pictures = tmp_path / "nothing"
    pictures.mkdir()
    words = [
        "datasets",
        "frames",
        "--count",
        "1",
        "--seed",
        "1",
        "--skins",
        str(pictures),
        "--out",
        str(tmp_path / "o"),
    ]
    assert main(words) == 2
    assert "objects.csv" in capsys.readouterr().err
    words = ["datasets", "clips", "--seeds", "1:2", "--unrendered", "--skins", str(pictures), "--out", str(tmp_path)]
    assert main(words) == 2
    assert "renders nothing" in capsys.readouterr().err


@pytest.mark.usefixtures("opengl")
def test_frames_wear_skins_in_real_surroundings(tmp_path, capsys):
    places = tmp_path / "places"
    places.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3)).astype(np.uint8)
    cv2.imwrite(str(places / f"{name_of('val', 'shelf')}.png"), noise)
    cv2.imwrite(str(places / f"{name_of('val', 'room')}.hdr"), noise.astype(np.float32) / 255)
    scans = write_scan(tmp_path / "scans", name=name_of("val", "crackers"))
    plain = ["datasets", "frames", "--count", "1", "--seed", "8", "--split", "val", "--json"]
    assert main([*plain, "--out", str(tmp_path / "plain")]) == 0
    words = ["--skins", str(scans), "--surroundings", str(places), "--out", str(tmp_path / "real")]
    assert main([*plain, *words]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 1
    first, second = (cv2.imread(str(tmp_path / name / "images" / "val_000008.jpg")) for name in ("plain", "real"))
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


@pytest.mark.usefixtures("opengl")
def test_the_faces_of_a_room_meet_without_a_seam_and_stand_upright(tmp_path):
    azimuth, height = np.meshgrid(np.linspace(0, 2 * np.pi, 128), np.linspace(1, -1, 64))
    file = tmp_path / f"{name_of('train', 'room')}.hdr"
    probe = np.dstack([0.5 + 0.4 * np.cos(azimuth), 0.5 + 0.4 * np.sin(azimuth), 0.5 + 0.4 * height])
    cv2.imwrite(str(file), probe.astype(np.float32))
    props = read_props((), (tmp_path,), "train")
    looks = (props.furnish(np.random.default_rng(k), draw_look(np.random.default_rng(1))) for k in range(20))
    look = next(one for one in looks if one.surroundings.room is not None)
    lens = Lens(width=64, height=64, fov=70.0, barrel=0.0)
    world = World(
        dataclasses.replace(look, passers=(), camera=Camera(lens=lens, place=(0, 0, 9), target=(1, 0, 10))), {}
    )
    with Eye(world) as eye:
        for angle in np.radians([0, 45, 90, 135, 180, 225, 270, 315]):
            place = 0.0, 0.0, 9.0
            aim = float(9 * np.cos(angle)), float(9 * np.sin(angle)), 14.0
            world.aim(Camera(lens=lens, place=place, target=aim))
            world.refresh()
            picture = eye.look().picture.astype(int)
            across, down = np.abs(np.diff(picture, axis=1)), np.abs(np.diff(picture, axis=0))
            assert max(across.max(), down.max()) < 24, f"a seam at {np.degrees(angle)}"
            assert picture[4, 32, 0] > picture[60, 32, 0], "the probe's red grows upwards"

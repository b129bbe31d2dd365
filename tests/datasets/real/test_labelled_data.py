"""``stats``, ``sheet`` and ``convert`` on small data sets of every form."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.output.annotated import samples
from smartcart.datasets.output.statistics import statistics
from smartcart.datasets.real.definition import given, read_definition
from smartcart.models.dataset.detection_dataset import read_dataset
from smartcart.scripts.main import main


def picture(path: Path, width: int = 80, height: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 128, np.uint8))


@pytest.fixture
def yolo(tmp_path):
    folder = tmp_path / "yolo"
    for name in ("a", "b"):
        picture(folder / "train" / "images" / f"{name}.jpg")
    labels = folder / "train" / "labels"
    labels.mkdir()
    (labels / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.2 0.1 0.2 0.4 0.1 0.4\n")
    (folder / "data.yaml").write_text("train: ../train/images\nnc: 2\nnames: [Cola, person]\n")
    return folder


@pytest.fixture
def coco(tmp_path):
    folder = tmp_path / "coco"
    picture(folder / "a.jpg")
    document = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 80, "height": 40}],
        "categories": [{"id": 3, "name": "Cola"}, {"id": 5, "name": "person"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [30, 10, 20, 20]},
            {"image_id": 7, "category_id": 5, "bbox": [0, 0, 100, 40]},
        ],
    }
    (folder / "labels.json").write_text(json.dumps(document))
    return folder / "labels.json"


@pytest.fixture
def voc(tmp_path):
    folder = tmp_path / "voc"
    picture(folder / "JPEGImages" / "a.jpg")
    (folder / "Annotations").mkdir()
    (folder / "Annotations" / "a.xml").write_text(
        "<annotation><filename>a.jpg</filename><size><width>80</width><height>40</height></size>"
        "<object><name>Cola</name><bndbox><xmin>31</xmin><ymin>11</ymin><xmax>50</xmax><ymax>30</ymax></bndbox></object>"
        "<object><name>person</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
        "</annotation>"
    )
    return folder


@pytest.mark.parametrize("form", ["yolo", "coco", "voc"])
def test_every_form_becomes_the_same_data_set(form, request, tmp_path, capsys):
    source = request.getfixturevalue(form)
    out = tmp_path / "out"
    words = ["datasets", "convert", str(source), "--map", "Cola=bottle,person=-", "--out", str(out), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["classes"] == {"bottle": 1}
    assert report["dropped"] == {"person": 1}
    dataset = read_dataset(out / "data.yaml")
    boxes = [box for part in dataset.train for photo in part.photos for box in photo.boxes]
    assert [box.label for box in boxes] == ["bottle"]
    assert boxes[0].corners == pytest.approx((0.375, 0.25, 0.625, 0.75), abs=1e-5)
    assert dataset.train[0].judges == {"bottle"}


def test_a_class_that_is_not_mapped_is_named(coco, tmp_path, capsys):
    assert main(["datasets", "convert", str(coco), "--out", str(tmp_path / "out")]) == 2
    assert "'Cola'" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["Cola", "Cola=lamp", "=bottle"])
def test_a_wrong_class_map_is_named(wrong, coco, tmp_path, capsys):
    assert main(["datasets", "convert", str(coco), "--map", wrong, "--out", str(tmp_path / "out")]) == 2
    assert "class map" in capsys.readouterr().err


def test_a_file_name_that_leads_out_of_the_folder_is_refused(coco, tmp_path, capsys):
    coco.write_text(coco.read_text().replace("a.jpg", "../../a.jpg"))
    assert main(["datasets", "convert", str(coco), "--map", "Cola=can,person=-", "--out", str(tmp_path / "o")]) == 2
    assert "leads out" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]", '{"images": []}', '{"images": [{}], "annotations": [], "categories": []}'])
def test_a_malformed_coco_file_is_one_sentence(text, tmp_path, capsys):
    (tmp_path / "bad.json").write_text(text)
    assert main(["datasets", "convert", str(tmp_path / "bad.json"), "--out", str(tmp_path / "o")]) == 2
    assert "is not a COCO" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["<a", "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "<annotation/>"])
def test_a_malformed_voc_file_is_one_sentence(text, voc, tmp_path, capsys):
    (voc / "Annotations" / "a.xml").write_text(text)
    assert main(["datasets", "convert", str(voc), "--out", str(tmp_path / "o")]) == 2
    assert "is not a VOC file" in capsys.readouterr().err


DEFINITIONS = {
    "yolo": """
form = "yolo"
classes = ["Cola", "person"]
map = {Cola = "bottle", person = "-"}
[train]
images = "yolo/train/images"
labels = "yolo/train/labels"
""",
    "coco": """
form = "coco"
map = {Cola = "bottle", person = "-"}
[val]
images = "coco"
labels = "coco/labels.json"
""",
    "voc": """
form = "voc"
judges = ["bottle", "can"]
ignore_below = 0.04
map = {Cola = "bottle", person = "-"}
[train]
images = "voc/JPEGImages"
labels = "voc/Annotations"
[val]
images = "voc/JPEGImages"
labels = "voc/Annotations"
""",
}


@pytest.mark.parametrize("form", DEFINITIONS)
def test_a_definition_finds_its_parts_below_the_root(form, request, tmp_path, capsys):
    request.getfixturevalue(form)
    (tmp_path / "it.toml").write_text(DEFINITIONS[form])
    words = ["datasets", "convert", str(tmp_path / "it.toml"), "--root", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    dataset = read_dataset(tmp_path / "o" / "data.yaml")
    assert [bool(dataset.train), bool(dataset.val)] == [form != "coco", form != "yolo"]
    assert report["classes"] == {"bottle": 2 if form == "voc" else 1}
    for part in (*dataset.train, *dataset.val):
        assert part.judges == ({"bottle", "can"} if form == "voc" else {"bottle"})
        assert part.ignore_below == (0.04 if form == "voc" else 0)
        (box,) = (box for photo in part.photos for box in photo.boxes)
        assert box.corners == pytest.approx((0.375, 0.25, 0.625, 0.75), abs=1e-5)
    assert main(words) == 2
    assert "already contains pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "is not a TOML file"),
        ('form = "xml"\n', "'form' must be one of"),
        ('form = "voc"\n', "neither [train] nor [val]"),
        ('form = "voc"\n[train]\nimages = "/etc"\nlabels = "a"\n', "below the root"),
        ('form = "voc"\n[train]\nimages = "a"\nlabels = "../../a"\n', "below the root"),
        ('form = "voc"\n[train]\nimages = "a"\n', "'images' and 'labels'"),
        ('form = "voc"\nmap = {a = "lamp"}\n', "'map' must lead to"),
        ('form = "voc"\njudges = "can"\n', "'judges' must be a list"),
        ('form = "voc"\nlabel = 1\n', "unknown entry 'label'"),
        ('form = "yolo"\n[train]\nimages = "none"\nlabels = "none"\n', "no such folder"),
        ('form = "voc"\nsqueezed = "yes"\n', "'squeezed' must be true or false"),
        ('form = "voc"\n[train]\nimages = "a"\nlabels = "a"\nonly = "b*"\n', "'only' must be a list of strings"),
    ],
)
def test_a_malformed_definition_is_one_sentence(text, says, tmp_path, capsys):
    (tmp_path / "bad.toml").write_text(text)
    words = ["datasets", "convert", str(tmp_path / "bad.toml"), "--root", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main(words) == 2
    assert says in capsys.readouterr().err


SCENES = """
form = "yolo"
classes = ["bottle", "person"]
map = {person = "-"}
[train]
images = "yolo/train/images"
labels = "yolo/train/labels"
without = ["b*"]
[val]
images = "yolo/train/images"
labels = "yolo/train/labels"
only = ["b*"]
"""


def converted(text, tmp_path):
    (tmp_path / "it.toml").write_text(text)
    words = ["datasets", "convert", str(tmp_path / "it.toml"), "--root", str(tmp_path), "--out", str(tmp_path / "o")]
    return main(words)


def test_a_definition_splits_a_set_by_the_names_of_its_pictures(yolo, tmp_path, capsys):
    assert converted(SCENES, tmp_path) == 0
    dataset = read_dataset(tmp_path / "o" / "data.yaml")
    names = [[photo.image.stem[-1] for photo in part.photos] for part in (*dataset.train, *dataset.val)]
    assert names == [["a"], ["b"]]
    assert converted(SCENES.replace('only = ["b*"]', 'only = ["c*"]'), tmp_path) == 2
    assert "no picture matches c*" in capsys.readouterr().err


def test_photos_that_were_pressed_into_squares_are_drawn_out_again(yolo, tmp_path):
    for name in ("a", "b"):
        picture(yolo / "train" / "images" / f"{name}.jpg", 80, 80)
    assert converted("squeezed = true" + SCENES, tmp_path) == 0
    shapes = {cv2.imread(str(file)).shape[:2] for file in (tmp_path / "o").rglob("*.jpg")}
    assert shapes <= {(80, 60), (60, 80)}


def test_a_folder_names_the_one_thing_that_its_pictures_show(tmp_path):
    picture(tmp_path / "shop" / "Fruit" / "Apple" / "Gala" / "1.jpg")
    picture(tmp_path / "shop" / "Fruit" / "Lime" / "2.jpg")
    text = 'form = "folders"\nmap = {"Fruit/Apple" = "apple", "Fruit/Lime" = "-"}\n[train]\n'
    assert converted(text + 'images = "shop"\nlabels = "shop"\n', tmp_path) == 0
    photos = read_dataset(tmp_path / "o" / "data.yaml").train[0].photos
    assert [[box.label for box in photo.boxes] for photo in photos] == [["apple"], []]


def test_a_definition_needs_its_root(capsys):
    assert main(["datasets", "convert", "beverage3", "--out", "x"]) == 2
    assert "--root" in capsys.readouterr().err
    assert main(["datasets", "convert", "nothing", "--root", "x", "--out", "x"]) == 2
    assert "beverage3" in capsys.readouterr().err


def test_the_given_definitions_are_whole_and_bear_no_machine_path():
    assert set(given()) >= {"beverage3", "bottles_cups", "grocerystore_boxes", "hands_bare", "hands_gesture"}
    for name in given():
        defined = read_definition(name)
        assert defined.source
        assert defined.licence
        assert set(defined.parts) <= {"train", "val"}


@pytest.mark.parametrize("name", ["grocerystore_boxes", "bottles_cups"])
def test_a_given_set_is_converted(name, tmp_path, capsys):
    root = Path(__file__).parents[4] / "shared" / "data"
    if not (root / name).is_dir():
        pytest.skip(f"the photos of {name} are not here")
    assert main(["datasets", "convert", name, "--root", str(root), "--out", str(tmp_path / "o"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    dataset = read_dataset(tmp_path / "o" / "data.yaml")
    assert report["dropped"] == {}
    assert len(dataset.train[0].photos) + len(dataset.val[0].photos) == report["images"] > 80
    assert "hand" in dataset.val[0].judges


HOSTILE = {
    "deep.json": "[" * 100_000,
    "infinite.json": '{"categories": [{"id": 1e999, "name": "a"}], "annotations": [], "images": []}',
    "flat.json": '{"categories": [{"id": 1, "name": "can"}], "annotations": [{"image_id": 1, "category_id": 1, '
    '"bbox": [0, 0, 1, 1]}], "images": [{"id": 1, "width": 0, "height": 0, "file_name": "a"}]}',
    "binary.json": "\udcff",
    "bomb.yaml": "a: &a [x,x]\nb: &b [*a,*a,*a]\nnames: [*b,*b]\ntrain: images\n",
    "deep.yaml": "names: " + "[" * 5000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_label_files_are_one_sentence(name, tmp_path, capsys):
    (tmp_path / name).write_text(HOSTILE[name], encoding="utf-8", errors="surrogateescape")
    assert main(["datasets", "convert", str(tmp_path / name), "--out", str(tmp_path / "o")]) == 2
    assert name in capsys.readouterr().err


def test_a_class_number_without_a_name_is_refused_with_those_that_have_one(yolo, tmp_path, capsys):
    (yolo / "train" / "labels" / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n7 0.5 0.5 0.25 0.5\n")
    assert main(["datasets", "convert", str(yolo), "--map", "Cola=can,person=-", "--out", str(tmp_path / "out")]) == 2
    assert "a.txt line 2: its 'names' have no class 7 (only 0 Cola, 1 person)" in capsys.readouterr().err


def test_boxes_over_the_edge_are_cut_those_outside_left_out_and_both_are_said(yolo, tmp_path, capsys):
    lines = "0 0.95 0.5 0.3 0.2\n0 1.4 0.5 0.3 0.2\n0 0.5 0.5 0.2 0.2\n0 0.9001 0.5 0.2 0.2\n"
    (yolo / "train" / "labels" / "a.txt").write_text(lines)
    out = tmp_path / "out"
    assert main(["datasets", "convert", str(yolo), "--map", "Cola=can,person=-", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "; boxes clipped at their picture's edge: 1" in said
    assert "; boxes outside their picture, omitted: 1" in said
    (part,) = read_dataset(out / "data.yaml").train
    corners = [box.corners for photo in part.photos for box in photo.boxes]
    assert len(corners) == 3
    assert all(0 <= v <= 1.00001 for box in corners for v in box)


def test_boxes_that_are_no_boxes_are_left_out_and_counted(coco, tmp_path, capsys):
    document = json.loads(coco.read_text())
    document["annotations"] = [
        {"image_id": 7, "category_id": 3, "bbox": box}
        for box in ([float("nan"), 0, 10, 10], [0, 0, -10, -10], [500, 500, 10, 10], [0, 0, float("inf"), 10])
    ]
    document["annotations"].append({"image_id": 7, "category_id": 3, "bbox": [0, 0, 40, 40], "iscrowd": 1})
    coco.write_text(json.dumps(document))
    words = ["datasets", "convert", str(coco), "--map", "Cola=can", "--out", str(tmp_path / "o"), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["dropped"] == {"Cola": 3}
    assert report["classes"] == {"can": 1}, "what reaches beyond the picture is cut at its border"


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "not json",
        '{"items": [{"label": "can", "box": [0, 0, NaN, 1], "visible": 1}], "hands": []}',
        '{"items": [{"label": "can", "box": [0, 0, 1], "visible": 1}], "hands": []}',
        '{"items": [{"label": "lamp", "box": [0, 0, 1, 1], "visible": 1}], "hands": []}',
        '{"items": [], "hands": [{"box": [0, 0, 1e300, 1]}]}',
        "[" * 100_000,
    ],
)
def test_a_malformed_frame_line_is_one_sentence(line, tmp_path, capsys):
    (tmp_path / "c.frames.jsonl").write_text(line + "\n")
    for command in (["stats", str(tmp_path)], ["sheet", str(tmp_path), "--out", str(tmp_path / "s.png")]):
        assert main(["datasets", *command]) == 2
        assert "line 1" in capsys.readouterr().err


def test_where_nothing_can_be_written_is_one_sentence(clip, coco, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for command in (
        ["stats", str(clip), "--out", str(tmp_path / "file" / "s.png")],
        ["sheet", str(clip), "--out", str(tmp_path / "file" / "s.png")],
        ["convert", str(coco), "--map", "Cola=can,person=-", "--out", str(tmp_path / "file" / "o")],
    ):
        assert main(["datasets", *command]) == 2
        assert "cannot be written" in capsys.readouterr().err


def test_nothing_labelled_is_one_sentence(tmp_path, capsys):
    for command in (["stats", str(tmp_path)], ["sheet", str(tmp_path), "--out", "x.jpg"]):
        assert main(["datasets", *command]) == 2
        assert "data.yaml" in capsys.readouterr().err


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    video = cv2.VideoWriter(str(folder / "c.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (80, 40))
    items = [{"id": "can_0", "label": "can", "box": [0.0, 0.0, 0.5, 0.5], "visible": 0.75}]
    lines = []
    for k in range(4):
        video.write(np.full((40, 80, 3), 50 * k, np.uint8))
        lines.append(json.dumps({"t": k / 10, "weight_g": 0, "items": items if k else [], "hands": []}))
    video.release()
    (folder / "c.frames.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_stats_count_clips_and_plot(clip, tmp_path, capsys):
    plot = tmp_path / "plots" / "stats.png"
    assert main(["datasets", "stats", str(clip), "--out", str(plot), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["images"], report["empty"], report["boxes"]) == (4, 1, 3)
    assert report["classes"] == {"can": 3}
    assert report["median_size"] == {"can": 0.5}
    assert report["visibility"][7] == 3
    assert cv2.imread(str(plot)).shape == (840, 1280, 3)
    grid = statistics(samples(clip)).positions
    assert grid[:12, :16].min() == 3
    assert grid[12:].max() == grid[:, 16:].max() == 0


def test_a_sheet_shows_frames_and_photos_with_boxes(clip, yolo, tmp_path, capsys):
    assert main(["datasets", "convert", str(yolo), "--map", "Cola=can,person=-", "--out", str(tmp_path / "y")]) == 0
    sheet = tmp_path / "sheet.png"
    words = ["datasets", "sheet", str(clip), str(tmp_path / "y"), "--out", str(sheet), "--count", "5", "--columns", "3"]
    assert main(words) == 0
    assert cv2.imread(str(sheet)).shape == (480, 960, 3)
    assert "5 pictures" in capsys.readouterr().out


def test_the_sheets_of_one_seed_are_the_same(clip, tmp_path):
    for name in ("a.png", "b.png"):
        assert main(["datasets", "sheet", str(clip), "--out", str(tmp_path / name), "--seed", "3"]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()

"""``smartcart datasets`` as a user types it."""

import json
import subprocess
import sys
from ctypes.util import find_library

import pytest

from smartcart.scripts.main import main

CALL = "import sys; from smartcart.scripts.main import main; sys.exit(main())"


def test_help_teaches_by_an_example(capsys):
    for words in (
        [],
        ["clip"],
        ["clips"],
        ["frames"],
        ["compose"],
        ["collage"],
        ["collage", "pictures"],
        ["nogoods"],
        ["stats"],
        ["sheet"],
        ["convert"],
    ):
        with pytest.raises(SystemExit) as stop:
            main(["datasets", *words, "--help"])
        assert stop.value.code == 0
        assert "For example:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["datasets", "clip", "--seed", "900000", "--split", "train", "--out", "x"],
        ["datasets", "frames", "--count", "10", "--seed", "899995", "--out", "x"],
        ["datasets", "clips", "--seeds", "900000:900002", "--split", "val", "--out", "x"],
    ],
)
def test_seeds_kept_for_checks_are_refused_elsewhere(words, capsys, tmp_path, monkeypatch):
    pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert "reserved for checks" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["clips", "--seeds", "5:5", "--out", "x"],
        ["clips", "--seeds", "abc", "--out", "x"],
        ["frames", "--count", "0", "--seed", "1", "--out", "x"],
        ["clip", "--seed", "-1", "--out", "x"],
        ["clip", "--seed", "1", "--fps", "0", "--out", "x"],
        ["clip", "--seed", "1", "--situation", "dance", "--out", "x"],
        ["clip", "--out", "x"],
    ],
)
def test_bad_arguments_are_named(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["datasets", *words])
    assert stop.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.usefixtures("opengl")
def test_frames_writes_a_yolo_folder(tmp_path, capsys):
    words = ["datasets", "frames", "--count", "2", "--seed", "3", "--out", str(tmp_path), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["images"] == 2
    assert sorted(p.stem for p in (tmp_path / "images").iterdir()) == ["train_000003", "train_000004"]
    assert sorted(p.stem for p in (tmp_path / "labels").iterdir()) == ["train_000003", "train_000004"]


@pytest.mark.usefixtures("opengl")
def test_neither_display_nor_home_nor_settings_are_needed(tmp_path):
    words = ["datasets", "frames", "--count", "1", "--seed", "4", "--out", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-c", CALL, *words], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "images" / "train_000004.jpg").exists()


@pytest.mark.parametrize("missing", ["bogus", "osmesa"])
def test_without_opengl_one_sentence_says_what_to_install(missing, tmp_path):
    if find_library("OSMesa") and missing == "osmesa":
        pytest.skip("libosmesa6 is installed here")
    pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")
    run = subprocess.run(
        [sys.executable, "-c", CALL, "datasets", "clip", "--seed", "1", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env={"MUJOCO_GL": missing, "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 2
    assert "libegl1 libegl-mesa0 libgl1-mesa-dri" in run.stderr
    assert "Traceback" not in run.stderr

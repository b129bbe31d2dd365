"""``scripts/train_all``: its chain, stopped in the middle of each training, with a stand-in for the long commands."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smartcart.scripts.models.training_table import right

ROOT = Path(__file__).parents[3]
STAND_IN = """\
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as log:
    print(*words, file=log)
out = Path(words[words.index("--out") + 1]) if "--out" in words else None
did = " ".join(words[:2])
def put(file, text="x"):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
if did == "datasets convert":
    if "absent" in words:
        sys.exit(2)
    put(out / "data.yaml")
elif did == "models train":
    put(out / "weights" / "start.pt"), put(out / "weights" / "last.pt")
    if "--resume" not in words:
        sys.exit(137)  # killed after an epoch
    put(out / "record.json", json.dumps({"start": {"file": "eye.onnx"}, "seconds": 5, "losses": {"box": 1.0},
        "fingerprint": "f" * 64, "data": [{"set": "tins", "part": "train/images", "photos": 7}]}))
elif did == "models recogniser":
    put(out.with_suffix(".log"), json.dumps({"pass": 3, "seconds": 4.0}) + "\\n")
    if "--resume" not in words:
        put(out.with_suffix(".resume.pt"))
        sys.exit(137)
    put(out)
elif did == "models names":
    named = 0.5 if "trained.onnx" in " ".join(words) else 0.75
    print(json.dumps({"tins/val": {"boxes": 4, "found": 0.5, "precision": None, "named": named}}))
elif did == "models average":
    put(out / "weights" / "last.pt")
elif did == "models export":
    put(out, out.name)
elif out:
    put(out / "data.yaml")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two definitions, whose ``smartcart`` does nothing but say that it was called."""
    if os.name != "posix":
        pytest.skip("a shell script")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "train_all", tmp_path / "scripts")
    for name in ("tins", "absent"):
        (tmp_path / "datasets" / "definitions").mkdir(parents=True, exist_ok=True)
        (tmp_path / "datasets" / "definitions" / f"{name}.toml").write_text("")
    (tmp_path / "photos" / "cutouts").mkdir(parents=True)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "stand_in.py").write_text(STAND_IN)
    (programs / "smartcart").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{programs}/stand_in.py" "$@"\n')
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for program in ("smartcart", "python"):
        (programs / program).chmod(0o755)
    return tmp_path


def test_a_chain_that_is_stopped_in_each_training_goes_on_and_tells_what_made_the_files(checkout: Path) -> None:
    out, calls = checkout / "out", checkout / "calls.log"
    words = [str(checkout / "scripts" / "train_all"), str(checkout / "photos"), "0.05", str(out)]
    statuses = [
        subprocess.run(words, capture_output=True, timeout=60, env=os.environ | {"CALLS": str(calls)}).returncode
        for _ in range(3)
    ]
    assert statuses == [137, 137, 0]
    done = [" ".join(line.split()[:2]) for line in calls.read_text().splitlines()]
    assert [done.count(step) for step in ("datasets convert", "datasets frames", "datasets collage")] == [2, 1, 1]
    assert [done.count(step) for step in ("models train", "models recogniser", "models average")] == [2, 2, 1]
    assert not [line for line in calls.read_text().splitlines() if "--resume" in line and "--data" in line]
    assert (out / "eye.onnx").read_text() == "mean.onnx"  # it names more of the photos
    card = (out / "card.md").read_text()
    assert "| detector chosen | mean of start (0.4) and end (0.6) |" in card
    assert "trained 0.250, mean 0.375" in card
    assert "| tins/val | 4 | 0.500 | - | 0.750 |" in card
    assert (
        subprocess.run(words, capture_output=True, timeout=60, env=os.environ | {"CALLS": str(calls)}).returncode == 0
    )
    assert len(calls.read_text().splitlines()) == len(done), "nothing is done again"


def test_it_stops_by_itself_where_nothing_may_run_for_long(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "stand_in.py").write_text("import time\ntime.sleep(60)\n")
    words = [str(checkout / "scripts" / "train_all"), str(checkout / "photos"), "0.05", str(checkout / "out")]
    assert (
        subprocess.run(words, capture_output=True, timeout=50, env=os.environ | {"MINUTES": "0.01"}).returncode == 124
    )


def test_sets_without_items_have_no_say() -> None:
    some = {"boxes": 4, "found": 0.5, "named": 1.0}
    none = {"boxes": 0, "found": None, "named": None}
    assert right({"a": some, "b": none, "c": some | {"found": 0.0, "named": None}}) == 0.25
    assert right(json.loads('{"b": {"boxes": 0, "found": null, "named": null}}')) == 0.0

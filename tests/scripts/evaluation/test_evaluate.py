"""``smartcart evaluate`` on clips made here: true boxes, noise, baselines, room at fault, pictures of errors."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import SMARTCART

from smartcart.models.dataset.truth import Truth, TruthEvent, write_truth

FPS = 15
ZONE = ((0.0, 0.25), (1.0, 0.25), (1.0, 1.0), (0.0, 1.0))


def evaluate(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SMARTCART, "evaluate", *map(str, words)], capture_output=True, text=True, timeout=180)


def item(name: str, x: float, y: float, *, held: bool) -> dict[str, object]:
    box = [x - 0.06, max(0.0, y - 0.1), x + 0.06, y + 0.1]
    label = name.split("_")[0]
    return {"id": name, "product": name, "label": label, "box": box, "amodal": box, "visible": 1.0, "held": held}


def line(t: float) -> dict[str, object]:
    """A hand brings a can between 2 and 3 s, and is gone at 4.5 s."""
    items = [item("bottle_0", 0.2, 0.6, held=False)]
    y = min(0.6, 0.6 * (t - 2))
    if t >= 2.1:
        items.append(item("can_0", 0.6, y, held=t < 3.2))
    reach = y - 0.1 if t < 3.2 else 0.5 - 0.5 * (t - 3.2)
    hands = (
        [{"side": "right", "box": [0.52, max(0.0, reach - 0.1), 0.68, reach + 0.1]}] if t > 2.1 and reach > 0 else []
    )
    return {"t": round(t, 4), "weight_g": 0, "items": items, "hands": hands}


@pytest.fixture
def unrendered(tmp_path: Path) -> Path:
    event = TruthEvent(type="added", label="can", t=3.2, start=2.2, end=4.0, situation="single_add")
    truth = Truth(video="a.mp4", fps=FPS, size=(640, 480), zone=ZONE, initial={"bottle": 1}, events=(event,))
    write_truth(tmp_path / "a.truth.json", truth)
    rows = "".join(json.dumps(line(i / FPS)) + "\n" for i in range(7 * FPS))
    (tmp_path / "a.frames.jsonl").write_text(rows)
    return tmp_path


def test_true_boxes_stand_in_for_a_video_that_is_not_there(unrendered: Path) -> None:
    told = evaluate(unrendered, "--json", "--baselines")
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert list(figures["groups"]) == ["unrendered"]
    assert (figures["tp"], figures["fp"], figures["fn"]) == (1, 0, 0)
    assert set(figures["baselines"]) == {"line_crossing", "direction_sum", "count_difference"}
    assert all(other["tp"] == 1 for other in figures["baselines"].values()), "a clear visit is told by all"
    assert sum(figures["errors"].values()) == 0


def test_the_table_names_situation_and_group(unrendered: Path) -> None:
    told = evaluate(unrendered, "--baselines").stdout
    assert "unrendered: 1 clips, 1 events" in told
    assert "single_add" in told
    assert "line crossing" in told


@pytest.mark.parametrize(
    ("note", "group"),
    [("collage of real cut-outs, seed 1", "collage"), ("simulated, seed 1", "rendered"), ("read by eye", "real")],
)
def test_collages_renderings_and_recordings_are_never_pooled(unrendered: Path, note: str, group: str) -> None:
    file = unrendered / "a.truth.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"note": note}))
    (unrendered / "a.mp4").write_bytes(b"")
    told = evaluate(unrendered, "--true-boxes", "--json")
    assert list(json.loads(told.stdout)["groups"]) == [group], told.stderr


def test_noise_needs_a_noise_model_and_true_boxes_need_frames(unrendered: Path) -> None:
    (unrendered / "noise.json").write_text("{}")
    assert "not a noise model" in evaluate(unrendered, "--noise", unrendered / "noise.json").stderr
    (unrendered / "a.frames.jsonl").unlink()
    told = evaluate(unrendered, "--true-boxes")
    assert told.returncode == 2
    assert "frames.jsonl" in told.stderr


def test_noise_is_fitted_on_rendered_clips_only(unrendered: Path) -> None:
    told = evaluate(unrendered, "--fit-noise", unrendered / "noise.json")
    assert told.returncode == 2
    assert "needs rendered clips" in told.stderr


def test_what_went_wrong_is_shown_in_pictures(unrendered: Path) -> None:
    truth = json.loads((unrendered / "a.truth.json").read_text())
    truth["events"][0]["label"] = "tub"
    (unrendered / "a.truth.json").write_text(json.dumps(truth))
    clip = cv2.VideoWriter(str(unrendered / "a.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (640, 480))
    for _ in range(7 * FPS):
        clip.write(np.full((480, 640, 3), 90, np.uint8))
    clip.release()
    told = evaluate(unrendered, "--true-boxes", "--hard-cases", unrendered / "sheet.png")
    assert "1 of 1 errors as pictures" in told.stderr
    sheet = cv2.imread(str(unrendered / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (214, 1280, 3), "one error, five moments"
    coloured = (sheet.max(axis=2).astype(int) - sheet.min(axis=2) > 60).sum(axis=0).reshape(5, 256).sum(axis=1)
    assert (coloured[-3:] > 1.5 * coloured[0]).all(), "of the boxes, two stand there from the third moment on"


def test_a_sheet_that_could_not_be_written_is_refused_before_the_work(unrendered: Path) -> None:
    for sheet in (unrendered / "sheet.xyz", unrendered / "nowhere" / "sheet.jpg"):
        told = evaluate(unrendered, "--hard-cases", sheet)
        assert told.returncode == 2
        assert "name a .jpg or .png file in a folder that exists" in told.stderr


def test_a_truth_that_removes_what_is_not_there_is_refused_by_name(unrendered: Path) -> None:
    truth = json.loads((unrendered / "a.truth.json").read_text())
    truth["events"][0] |= {"type": "removed"}
    (unrendered / "a.truth.json").write_text(json.dumps(truth))
    told = evaluate(unrendered)
    assert told.returncode == 2
    assert "a.truth.json: at 3.2 s a can is removed that is not in the basket" in told.stderr


def test_of_many_clips_the_bad_ones_are_named_and_the_others_count(unrendered: Path) -> None:
    bad = (unrendered / "a.truth.json").read_text()
    (unrendered / "b.truth.json").write_text(bad.replace("a.mp4", "b.mp4"))
    (unrendered / "b.mp4").write_bytes(b"no video")
    (unrendered / "c.truth.json").write_text("{}")
    told = evaluate(unrendered, "--json")
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert (figures["clips"], figures["tp"]) == (1, 1)
    assert [one["clip"] for one in figures["left_out"]] == ["b", "c"]
    assert "left out" in told.stderr and "b.mp4: is not a video" in told.stderr
    (unrendered / "a.truth.json").unlink()
    assert evaluate(unrendered).returncode == 2, "where none counts there is no table"

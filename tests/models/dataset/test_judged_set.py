"""Labelled pictures of any kind reach an evaluation, or are refused by name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("yaml", reason="needs the extra train")

from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset
from smartcart.models.dataset.judged_set import clip_set, photo_sets
from smartcart.scripts.main import main

ToySet = Callable[..., Path]
CLIPS = Path(__file__).parents[2] / "datasets" / "clips"
BOTTLE_CLIP = Path(__file__).parents[4] / "shared" / "data" / "intel-sample-videos" / "bottle-first-part.mp4"
BOTTLE_BOXES = Path(__file__).parents[1] / "bottle_clip.boxes.jsonl"


HELD = {"label": "can", "box": [0.1, 0.1, 0.4, 0.6], "visible": 0.7, "held": True}
HAND = {"side": "right", "box": [0.2, 0.0, 0.5, 0.3]}


def a_clip() -> Path:
    return min(CLIPS.glob("single_add*.mp4"))


@pytest.fixture
def clip_with_frames(tmp_path: Path) -> Path:
    """A clip whose first 60 frames have a line each, in the form that the simulator writes."""
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(a_clip(), clip)
    lines = [{"t": n / 30, "weight_g": 0.0, "items": [HELD], "hands": [HAND] if n % 2 else []} for n in range(60)]
    clip.with_suffix(".frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return clip


def test_a_simulated_clip_brings_its_own_boxes(clip_with_frames: Path) -> None:
    one = clip_set(clip_with_frames, every=15)
    pictures = list(one.pictures())
    assert len(pictures) == one.size == 4
    assert one.judges == {"can", "hand"}
    assert [len(truth) for _, truth in pictures] == [1, 2, 1, 2]
    (box,) = pictures[0][1]
    assert (box.held, box.visible, box.corners) == (True, 0.7, (0.1, 0.1, 0.4, 0.6))
    assert np.array_equal(next(iter(one.pictures()))[0], pictures[0][0])


def test_frames_boxed_by_eye_may_be_few(tmp_path: Path) -> None:
    lines = [{"frame": n, "items": [{"label": "can", "box": [0, 0, 1, 1], "held": False}], "hands": []} for n in (2, 5)]
    boxes = tmp_path / "b.jsonl"
    boxes.write_text("".join(json.dumps(line) + "\n" for line in lines))
    one = clip_set(a_clip(), boxes)
    assert one.size == 2
    assert one.judges == {"can"}
    assert [truth[0].corners for _, truth in one.pictures()] == [(0, 0, 1, 1)] * 2


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"items": []}',
        '{"items": [], "hands": [{"box": [0, 0, 1]}]}',
        '{"items": [{"label": "cow", "box": [0, 0, 1, 1], "held": 1}], "hands": []}',
    ],
)
def test_malformed_boxes_are_refused_with_their_line(tmp_path: Path, line: str) -> None:
    boxes = tmp_path / "b.jsonl"
    boxes.write_text('{"items": [], "hands": []}\n' + line + "\n")
    with pytest.raises(DatasetError, match=r"b\.jsonl line 2"):
        clip_set(a_clip(), boxes)


def test_a_clip_that_ends_before_its_boxes_is_refused(tmp_path: Path) -> None:
    boxes = tmp_path / "b.jsonl"
    boxes.write_text('{"frame": 100000, "items": [], "hands": []}\n')
    with pytest.raises(DatasetError, match="boxes up to frame 100000"):
        list(clip_set(a_clip(), boxes).pictures())
    with pytest.raises(DatasetError, match="cannot be read"):
        clip_set(tmp_path / "none.mp4")


def test_a_truth_folder_tells_what_is_held_and_visible(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    truth = tmp_path / "val" / "truth"
    truth.mkdir()
    photo = read_dataset(file).val[0].photos[0]
    assert photo.boxes[0].held is None
    told = {"items": [{"visible": 0.4, "held": True}], "hands": []}
    (truth / f"{photo.image.stem}.json").write_text(json.dumps(told))
    box = read_dataset(file).val[0].photos[0].boxes[0]
    assert (box.visible, box.held) == (0.4, True)
    (truth / f"{photo.image.stem}.json").write_text("{}")
    with pytest.raises(DatasetError, match="is not the truth of a picture"):
        read_dataset(file)


def test_evaluate_tells_recall_and_draws_it(
    tmp_path: Path, clip_with_frames: Path, write_toy_set: ToySet, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra train")
    words = [
        "models",
        "evaluate",
        "--data",
        str(write_toy_set(tmp_path)),
        "--clip",
        str(clip_with_frames),
        "--every",
        "15",
    ]
    assert main([*words, "--plots", str(tmp_path / "plots"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["images"] == sum(one.size for one in photo_sets([tmp_path / "data.yaml"])) + 4
    assert report["recall"]["by_kind"]["items"]["total"] > 0
    for name in ("confusions.png", "recall.png", "worst.jpg"):
        picture = cv2.imread(str(tmp_path / "plots" / name))
        assert picture is not None
        assert np.ptp(picture) > 100


@pytest.mark.parametrize("words", [[], ["--boxes", "x", "--data", "y"]])
def test_evaluate_needs_pictures(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "evaluate", *words]) == 2
    assert "--clip" in capsys.readouterr().err


def test_the_boxes_of_the_real_clip_fit_it() -> None:
    if not BOTTLE_CLIP.exists():
        pytest.skip("the real bottle clip is not here")
    one = clip_set(BOTTLE_CLIP, BOTTLE_BOXES)
    truth = [box for _, boxes in one.pictures() for box in boxes]
    counts = [sum(box.held is held for box in truth) for held in (False, True, None)]
    assert counts == [92, 12, 14]

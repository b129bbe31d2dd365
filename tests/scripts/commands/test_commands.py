"""The commands as a user types them: what they print, and how they refuse."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import SMARTCART

from smartcart.scripts.main import COMMANDS, CommandError
from smartcart.scripts.require import holds

DEMO = Path(__file__).parents[3] / "datasets" / "demo" / "demo.mp4"
SQUARE = ["0.1,0.1", "0.9,0.1", "0.9,0.9", "0.1,0.9"]


def smartcart(*words: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [SMARTCART, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of the demo's clip, with things in the basket."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    capture = cv2.VideoCapture(str(DEMO))
    for _ in range(400):
        capture.grab()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (640, 480))
    for _ in range(30):
        writer.write(capture.read()[1])
    writer.release()
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_an_example(command: str) -> None:
    told = smartcart(command, "--help")
    assert told.returncode == 0
    assert f"smartcart {command}" in told.stdout.split("xample", 1)[-1], "an example of its own"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["replay", "none.mp4"], "no such video file"),
        (["replay", "97"], "camera 97 does not answer"),
        (["edge", "--source", "97", "--sink", "/dev/null"], "camera 97 does not answer"),
        (["replay", DEMO, "--model", "README.md"], "is not an ONNX model"),
        (["replay", DEMO, "--model", "none.onnx"], "no such model file"),
        (["replay", DEMO, "--zone", "none.toml"], "smartcart calibrate"),
        (["replay", DEMO, "--detections", "none.jsonl"], "cannot be read"),
        (["evaluate", "none"], "no such file or folder"),
        (
            ["calibrate", "--source", DEMO, "--zone", "/tmp/x.toml", "--polygon", "0,0", "1,1", "1,0", "0,1"],
            "crosses itself",
        ),
        (["edge", "--source", DEMO, "--cart", "a/b", "--sink", "/dev/null"], "letters, digits"),
        (["edge", "--source", DEMO, "--broker", "here"], "look like mqtt://"),
        (["demo", "--source", "none.mp4", "--headless", "--port", "0"], "no such video file"),
    ],
    ids=lambda v: " ".join(map(str, v))[:50] if isinstance(v, list) else None,
)
def test_what_cannot_run_says_why_in_one_sentence_and_exits_with_2(words: list[str | Path], reason: str) -> None:
    told = smartcart(*words)
    assert told.returncode == 2
    assert reason in told.stderr
    assert "Traceback" not in told.stderr


def test_calibrate_writes_a_zone_and_a_picture_of_it(tmp_path: Path) -> None:
    zone, picture = tmp_path / "zone.toml", tmp_path / "zone.png"
    told = smartcart("calibrate", "--source", DEMO, "--zone", zone, "--picture", picture, "--polygon", *SQUARE)
    assert told.returncode == 0, told.stderr
    assert "polygon" in zone.read_text()
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.shape == (480, 640, 3)


@pytest.mark.parametrize("name", ["seen.webm", "seen.mp4"])
def test_replay_writes_decisions_a_summary_a_video_and_detections(short_clip: Path, tmp_path: Path, name: str) -> None:
    video, recorded = tmp_path / name, tmp_path / "seen.jsonl"
    told = smartcart("replay", short_clip, "--save-video", video, "--save-detections", recorded, "--json")
    assert told.returncode == 0, told.stderr
    summary = json.loads(told.stdout.splitlines()[-1])
    assert summary["frames"] == 30
    assert set(summary) >= {"frames", "seconds", "media_seconds", "fps", "basket"}
    capture = cv2.VideoCapture(str(video))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 30
    drawn, plain = capture.read()[1], cv2.VideoCapture(str(short_clip)).read()[1]
    assert np.abs(drawn.astype(int) - plain.astype(int)).max() > 60, "the zone is drawn"
    assert recorded.read_text().count("\n") > 0


def test_replay_refuses_a_video_that_it_cannot_encode(short_clip: Path, tmp_path: Path) -> None:
    told = smartcart("replay", short_clip, "--save-video", tmp_path / "seen.avi")
    assert told.returncode == 2
    assert "give a name that ends in .webm or .mp4" in told.stderr


def test_replay_twice_and_from_recorded_detections_gives_the_same_bytes(tmp_path: Path) -> None:
    recorded = tmp_path / "seen.jsonl"
    zone = tmp_path / "zone.toml"
    assert smartcart("calibrate", "--source", DEMO, "--zone", zone, "--polygon", *SQUARE).returncode == 0
    first = smartcart("replay", DEMO, "--zone", zone, "--save-detections", recorded)
    second = smartcart("replay", DEMO, "--zone", zone)
    assert first.stdout == second.stdout
    assert first.stdout.count('"type"') >= 4
    from_file = smartcart("replay", DEMO, "--zone", zone, "--detections", recorded)
    assert from_file.stdout == first.stdout


def test_the_edge_writes_events_to_a_file_and_ends_its_session(short_clip: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    told = smartcart("edge", "--source", short_clip, "--sink", events, "--speed", "max")
    assert told.returncode == 0, told.stderr
    kinds = [json.loads(line)["type"] for line in events.read_text().splitlines()]
    assert kinds[0] == "session_started"
    assert kinds[-1] == "session_ended"


def test_evaluate_gets_the_demo_clip_right() -> None:
    told = smartcart("evaluate", DEMO, "--json", "--require", "event_accuracy == 1 and cacc == 1 and clips == 1")
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["events"] >= 4
    assert figures["by_situation"]["touch"]["fp"] == 0
    assert set(figures["errors"]) == {"detector", "id_switch", "visit", "class"}


def test_evaluate_gets_the_real_bottle_clip_right(real_bottle_clip: Path) -> None:
    told = smartcart("evaluate", real_bottle_clip, "--json", "--require", "tp == 4 and fp == 0 and fn == 0")
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_requirement_that_does_not_hold_exits_with_1() -> None:
    told = smartcart("evaluate", DEMO, "--require", "event_accuracy > 1")
    assert told.returncode == 1
    assert "does not hold" in told.stderr


FIGURES = {"f1": 0.9, "fp": 0, "type_only": {"f1": 1.0}, "money": None}


@pytest.mark.parametrize(
    ("expression", "held"),
    [
        ("f1 >= 0.9 and fp == 0", True),
        ("type_only.f1 - f1 > 0.2", False),
        ("not fp > 0 or f1 > 1", True),
        ("money > 1", False),
    ],
)
def test_requirements_are_read(expression: str, held: bool) -> None:
    assert holds(expression, FIGURES) is held


@pytest.mark.parametrize("expression", ["f2 > 1", "open('x')", "f1.__class__ == 1", "f1 >", "().__class__"])
def test_requirements_that_reach_for_more_are_refused(expression: str) -> None:
    with pytest.raises(CommandError):
        holds(expression, FIGURES)

"""A toy training through the real command: train, kill, resume, export, detect, evaluate."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if not (importlib.util.find_spec("torch") and importlib.util.find_spec("ultralytics")):
    pytest.skip("needs the extra train", allow_module_level=True)

from smartcart.edge.capture.frames import Frame
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.models.labels import DEFAULT_RECOGNISER, ITEMS, LABELS, UNKNOWN
from smartcart.scripts.main import main

ToySet = Callable[..., Path]
GIVEN_START = Path(__file__).parents[4] / "shared" / "weights" / "yolo11n_coco_dequant.safetensors"
SMALL = ("--image-size", "64", "--batch", "4", "--threads", "1")


def command(*arguments: object) -> "subprocess.Popen[str]":
    line = [str(Path(sys.executable).with_name("smartcart")), "models", *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def kill(process: subprocess.Popen[str]) -> None:
    """Kills a training with the processes that load its pictures, which would hold its pipes open."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def run(*arguments: object) -> tuple[int, dict[str, Any], str]:
    """The command's exit status, its last line as JSON, and its stderr."""
    process = command(*arguments)
    out, err = process.communicate(timeout=240)
    lines = out.strip().splitlines()
    return process.returncode, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}, err


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, write_toy_set: ToySet) -> Path:
    return write_toy_set(tmp_path_factory.mktemp("toy"), train=8, val=2)


@pytest.fixture(scope="module")
def trained(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four epochs that was killed after the first and resumed."""
    out = tmp_path_factory.mktemp("runs") / "toy"
    process = command("train", "--data", toy, "--out", out, "--epochs", 4, *SMALL)
    deadline = time.monotonic() + 120
    while not (out / "weights" / "last.pt").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no epoch ended"
        time.sleep(0.01)
    kill(process)
    assert "seconds" not in json.loads((out / "record.json").read_text())
    status, record, err = run("train", "--resume", "--out", out, "--json")
    assert status == 0, err
    assert record["seconds"] > 0
    return out


@pytest.fixture(scope="module")
def exported(trained: Path) -> tuple[Path, dict[str, Any]]:
    file = trained.parent / "toy.onnx"
    weights = trained / "weights" / "last.pt"
    status, report, err = run(
        "export", "--weights", weights, "--out", file, "--size", "96x64", "--source", "toy, CC0", "--json"
    )
    assert status == 0, err
    return file, report


def test_a_killed_training_goes_on_where_it_was(trained: Path) -> None:
    rows = (trained / "results.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [1, 2, 3, 4]
    record = json.loads((trained / "record.json").read_text())
    assert [(entry["part"], entry["photos"]) for entry in record["data"]] == [("train/images", 8)]
    assert record["recipe"]["image_size"] == 64
    assert set(record["versions"]) >= {"torch", "ultralytics", "python"}
    assert len(record["fingerprint"]) == 64


def test_the_given_data_set_stays_as_it_was(trained: Path, toy: Path) -> None:
    assert {path.suffix for path in toy.parent.rglob("*") if path.is_file()} == {".png", ".txt", ".yaml"}


def test_a_finished_training_is_not_resumed_nor_overwritten(trained: Path, toy: Path) -> None:
    status, _, err = run("train", "--resume", "--out", trained)
    assert (status, "finished" in err) == (2, True)
    status, _, err = run("train", "--data", toy, "--out", trained)
    assert (status, "already contains a training" in err) == (2, True)


def test_the_exported_file_carries_names_size_layout_and_origin(
    exported: tuple[Path, dict[str, Any]], trained: Path
) -> None:
    _, report = exported
    metadata = report["metadata"]
    assert metadata["names"] == str(dict(enumerate(LABELS)))
    assert metadata["imgsz"] == "[64, 96]"
    assert metadata["task"] == "detect"
    assert metadata["head_layout"] == "[1, 4 + classes, N]"
    assert metadata["license"] == "AGPL-3.0-only"
    assert metadata["sources"] == "toy, CC0"
    assert metadata["photos_sha256"] == json.loads((trained / "record.json").read_text())["fingerprint"]
    assert len(metadata["recipe_sha256"]) == len(metadata["weights_sha256"]) == 64
    assert report["pixels_off"] < 0.5
    assert report["megabytes"] < 12


def test_the_edge_runs_the_exported_file_on_any_rectangle(exported: tuple[Path, dict[str, Any]]) -> None:
    detector = OnnxDetector(exported[0], confidence=0.0001)
    assert detector.labels == LABELS
    for height, width in ((64, 96), (96, 64), (54, 96)):
        image = np.full((height, width, 3), 120, np.uint8)
        for detection in detector.detect(Frame(image=image, index=0, time=0.0)):
            assert detection.label in LABELS
            assert 0 <= detection.box.x1 < detection.box.x2 <= 1


def test_evaluate_judges_the_val_part_and_names_what_it_cannot_judge(
    exported: tuple[Path, dict[str, Any]], toy: Path
) -> None:
    status, figures, err = run("evaluate", "--data", toy, "--model", exported[0], "--json")
    assert status == 0, err
    assert figures["images"] == 2
    assert set(figures["per_class"]) == {"bottle", "can"}
    assert set(figures["per_class"]["can"]) == {"map50", "map50_95", "boxes"}
    assert "hand" in figures["not_judged"]
    assert 0 <= figures["map50_95"] <= figures["map50"] <= 1


@pytest.mark.skipif(not GIVEN_START.exists(), reason=f"{GIVEN_START.name} is not given here")
def test_a_state_dict_is_a_start_and_another_networks_is_not(toy: Path, tmp_path: Path) -> None:
    start = ("train", "--data", toy, "--weights", GIVEN_START, "--epochs", 1, *SMALL)
    status, record, err = run(*start, "--out", tmp_path / "fits", "--json")
    assert status == 0, err
    assert record["start"]["file"] == GIVEN_START.name
    status, _, err = run(*start, "--out", tmp_path / "other", "--network", "yolo11s.yaml")
    assert (status, "does not fit yolo11s.yaml" in err) == (2, True)


def python(code: str, *arguments: object) -> Any:
    """What the code prints as JSON, from a process of its own: Ultralytics changes other libraries when imported."""
    process = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(process, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


START = """
import json, sys
from pathlib import Path
import numpy as np, torch
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.models.training.start_weights import open_model
from smartcart.models.training.training import quiet_libraries
from smartcart.models.training.recipe import Recipe, TrainingError
quiet_libraries()
file, other = map(Path, sys.argv[1:])
picture = np.random.default_rng(2).uniform(0, 1, (1, 3, 64, 96)).astype(np.float32)
network = open_model(Recipe(), file).model.eval()
with torch.no_grad():
    ours = network(torch.from_numpy(picture))[0].numpy()
off = float(np.abs(ours - OnnxDetector(file).infer(picture)).max())
refused = []
for recipe, weights in ((Recipe(network="yolo11s.yaml"), file), (Recipe(), other)):
    try:
        open_model(recipe, weights)
    except TrainingError as error:
        refused.append(str(error))
print(json.dumps({"off": off, "names": list(network.names.values()), "refused": refused}))
"""


def test_an_exported_eye_is_a_start_that_computes_the_same(
    exported: tuple[Path, dict[str, Any]], toy: Path, tmp_path: Path
) -> None:
    file, _ = exported
    told = python(START, file, _copied(toy, tmp_path / "no.onnx"))
    assert told["off"] < 1e-2
    assert told["names"] == list(LABELS)
    assert "does not fit yolo11s.yaml" in told["refused"][0]
    assert "not an exported detector" in told["refused"][1]
    status, record, err = run(
        "train", "--data", toy, "--weights", file, "--epochs", 1, "--out", tmp_path / "more", *SMALL, "--json"
    )
    assert status == 0, err
    assert record["start"]["file"] == file.name


MEAN = """
import json, sys
from pathlib import Path
from smartcart.models.training.start_weights import open_model
from smartcart.models.training.training import quiet_libraries
from smartcart.models.training.recipe import Recipe
quiet_libraries()
first, second, mean = (open_model(Recipe(), Path(file)).model.float().state_dict() for file in sys.argv[1:])
moving = [name for name in mean if mean[name].dtype.is_floating_point]
print(json.dumps({
    "apart": max(float((first[n] - second[n]).abs().max()) for n in moving),
    "off": max(float((mean[n] - 0.25 * first[n] - 0.75 * second[n]).abs().max()) for n in moving),
}))
"""


def test_a_training_is_averaged_with_its_start(trained: Path, tmp_path: Path) -> None:
    start, last = trained / "weights" / "start.pt", trained / "weights" / "last.pt"
    status, record, err = run(
        "average", "--weights", start, last, "--shares", 2, 3, "--out", tmp_path / "mean", "--json"
    )
    assert status == 0, err
    assert [part["share"] for part in record["averaged"]] == [0.4, 0.6]
    status, _, err = run(
        "export", "--weights", tmp_path / "mean" / "weights" / "last.pt", "--out", tmp_path / "mean.onnx"
    )
    assert status == 0, err


def test_checkpoints_are_averaged(trained: Path, toy: Path, tmp_path: Path) -> None:
    first = trained / "weights" / "last.pt"
    status, _, err = run(
        "train", "--data", toy, "--weights", first, "--epochs", 1, "--out", tmp_path / "more", *SMALL, "--json"
    )
    assert status == 0, err
    second, out = tmp_path / "more" / "weights" / "last.pt", tmp_path / "mean"
    order = ("average", "--weights", first, second, "--shares", 1, 3, "--out", out, "--json")
    status, record, err = run(*order)
    assert status == 0, err
    assert [part["share"] for part in record["averaged"]] == [0.25, 0.75]
    assert (
        record["averaged"][0]["training"]["fingerprint"]
        == json.loads((trained / "record.json").read_text())["fingerprint"]
    )
    told = python(MEAN, first, second, out / "weights" / "last.pt")
    assert told["apart"] > 1e-3
    assert told["off"] < told["apart"] / 20, "kept in 16 bits"
    status, report, err = run(
        "export", "--weights", out / "weights" / "last.pt", "--out", tmp_path / "mean.onnx", "--json"
    )
    assert status == 0, err
    assert report["metadata"]["photos_sha256"] == record["fingerprint"]
    assert run(*order)[0] == 2, "it does not write over a run"


def _copied(file: Path, to: Path) -> Path:
    to.write_bytes(file.read_bytes())
    return to


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["train"], "give either --data"),
        (["train", "--resume", "--out", "nowhere"], "contains no training to resume"),
        (["train", "--data", "nowhere.yaml", "--out", "unused"], "nowhere.yaml: cannot be read"),
        (["export", "--weights", "nowhere.pt", "--out", "unused.onnx"], "no such checkpoint"),
        (["export", "--weights", "nowhere.pt", "--out", "unused.onnx", "--size", "300x200"], "multiples of 32"),
        (["average", "--weights", "a.pt", "--out", "unused"], "two checkpoints or more"),
        (["average", "--weights", "a.pt", "b.pt", "--shares", "1", "nan", "--out", "unused"], "each above 0"),
        (["average", "--weights", "a.pt", "b.pt", "--out", "unused"], "a.pt: no such .pt checkpoint"),
        (["evaluate", "--data", "nowhere.yaml", "--model", "nowhere.onnx"], "nowhere.onnx"),
    ],
)
def test_what_cannot_run_says_why_in_one_sentence(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert len(err.strip().splitlines()) == 1


def test_start_weights_that_are_missing_or_no_checkpoint_are_refused(toy: Path, tmp_path: Path) -> None:
    status, _, err = run("train", "--data", toy, "--out", tmp_path / "a", "--weights", tmp_path / "none.pt")
    assert (status, "nothing is downloaded" in err) == (2, True)
    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"junk")
    status, _, err = run("train", "--data", toy, "--out", tmp_path / "b", "--weights", junk)
    assert (status, "not a checkpoint" in err) == (2, True)
    status, _, err = run("export", "--weights", junk, "--out", tmp_path / "junk.onnx")
    assert (status, "not a checkpoint" in err) == (2, True)
    assert not (tmp_path / "junk.onnx").exists()


def test_an_int8_file_is_smaller_and_finds_the_same(exported: tuple[Path, dict[str, Any]], toy: Path) -> None:
    file, _ = exported
    small = file.with_name("toy-int8.onnx")
    status, report, err = run("quantize", "--model", file, "--data", toy, "--out", small, "--pictures", 6, "--json")
    assert status == 0, err
    assert report["pictures"] == 6
    assert small.stat().st_size < 0.6 * file.stat().st_size
    one, other = (OnnxDetector(model) for model in (file, small))
    assert one.labels == other.labels
    picture = np.random.default_rng(1).uniform(0, 1, (1, 3, 64, 96)).astype(np.float32)
    assert one.infer(picture).shape == other.infer(picture).shape
    assert float(np.abs(one.infer(picture)[:, 4:] - other.infer(picture)[:, 4:]).max()) < 0.1


def test_what_cannot_be_quantized_is_refused(exported: tuple[Path, dict[str, Any]], toy: Path, tmp_path: Path) -> None:
    file, _ = exported
    status, _, err = run("quantize", "--model", file, "--data", toy, "--out", tmp_path / "x.onnx", "--pictures", 0)
    assert (status, "no pictures" in err) == (2, True)
    status, _, err = run("quantize", "--model", toy, "--data", toy, "--out", tmp_path / "x.onnx")
    assert (status, "is not an ONNX model" in err) == (2, True)
    assert not (tmp_path / "x.onnx").exists()


RATES = """
import json
import os
import signal
from ultralytics import YOLO
from smartcart.models.training.trainer import _trainer
from smartcart.models.training.training import quiet_libraries
from smartcart.models.training.recipe import Recipe
quiet_libraries()
network = YOLO("yolo11n.yaml", task="detect").model
optimizer = object.__new__(_trainer(Recipe(backbone_rate=0.25))).build_optimizer(network, name="AdamW", lr=1e-3)
rates = {id(weight): group["lr"] for group in optimizer.param_groups for weight in group["params"]}
layers = [sorted({rates[id(weight)] for weight in layer.parameters()}) for layer in network.model]
print(json.dumps({"layers": layers, "weights": [len(rates), len(list(network.parameters()))]}))
"""


def test_the_backbone_learns_at_its_own_rate() -> None:
    told = python(RATES)
    assert all(rates in ([], [2.5e-4]) for rates in told["layers"][:10])
    assert all(rates in ([], [1e-3]) for rates in told["layers"][10:])
    assert told["weights"][0] == told["weights"][1]


def test_a_recogniser_is_trained_from_an_eye_and_names_crops(
    toy: Path, exported: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    from smartcart.edge.vision.detection import Box
    from smartcart.edge.vision.recogniser import OnnxRecogniser

    file = tmp_path / "namer.onnx"
    given = ("--epochs", 2, "--batch", 4, "--side", 32, "--threads", 1, "--source", "toy, CC0")
    status, record, err = run("recogniser", "--data", toy, "--weights", exported[0], "--out", file, *given, "--json")
    assert status == 0, err
    assert record["crops"] >= 8
    assert 0 <= record["right"]["toy0/val/images"]["right"] <= 1
    recogniser = OnnxRecogniser(file)
    assert recogniser.labels == (*ITEMS, UNKNOWN)
    passes = [json.loads(line)["pass"] for line in file.with_suffix(".log").read_text().splitlines()]
    assert passes == [1, 2]
    [named] = recogniser.recognise(np.zeros((48, 64, 3), np.uint8), [Box(0.2, 0.2, 0.8, 0.8)])
    assert sum(named.values()) == pytest.approx(1, abs=1e-4)


def test_a_recogniser_whose_training_was_killed_goes_on_where_it_stood(
    toy: Path, exported: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "namer.onnx"
    log = file.with_suffix(".log")
    given = ("--epochs", 4, "--batch", 4, "--side", 32, "--threads", 1)
    process = command("recogniser", "--data", toy, "--weights", exported[0], "--out", file, *given)
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_text().endswith("\n")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no pass ended"
        time.sleep(0.01)
    kill(process)
    status, record, err = run("recogniser", "--resume", "--out", file, "--json")
    assert status == 0, err
    passes = [json.loads(line)["pass"] for line in log.read_text().splitlines()]
    assert passes[-1] == 4
    assert passes[0] == 1
    assert len(passes) < 8, "it began anew"
    assert record["recipe"]["epochs"] == 4
    status, _, err = run("recogniser", "--resume", "--out", file)
    assert status == 2
    assert "is finished" in err


GOES_ON = """
import json
import os
import signal
from pathlib import Path
import numpy as np
import onnxruntime
import torch
from smartcart.models.labels import DEFAULT_RECOGNISER
from smartcart.models.recogniser.network import start_network
crops = np.random.default_rng(1).integers(0, 255, (8, 3, 96, 96), np.uint8)
network = start_network(DEFAULT_RECOGNISER, crops).eval()
given = crops.astype(np.float32) / 255
with torch.no_grad():
    ours = network(torch.from_numpy(given)).softmax(1).numpy()
[theirs] = onnxruntime.InferenceSession(DEFAULT_RECOGNISER).run(None, {"crops": given})
free = all(weight.requires_grad for weight in network.parameters())
print(json.dumps({"off": float(abs(ours - theirs).max()), "most": float(theirs.max()), "free": free}))
"""


def test_a_training_goes_on_with_a_recogniser() -> None:
    told = python(GOES_ON)
    assert told["off"] < 1e-3 < 0.2 < told["most"]
    assert told["free"]


def test_a_recogniser_of_other_items_is_no_start(toy: Path, tmp_path: Path) -> None:
    import onnx

    graph = onnx.load(DEFAULT_RECOGNISER)
    onnx.helper.set_model_props(graph, {"task": "classify", "names": "{0: 'chair', 1: 'table'}"})
    onnx.save(graph, tmp_path / "furniture.onnx")
    status, _, err = run(
        "recogniser", "--data", toy, "--weights", tmp_path / "furniture.onnx", "--out", tmp_path / "namer.onnx"
    )
    assert status == 2
    assert "furniture.onnx: names other items than bottle" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--weights", "missing.pt"), "no such file"),
        (("--weights", __file__), "must be a .pt, a .safetensors or an .onnx file"),
        (("--side", "50"), "a multiple of 32"),
        (("--data", "missing.yaml"), "cannot be read"),
    ],
)
def test_a_recogniser_that_cannot_be_trained_is_refused_in_words(
    arguments: tuple[str, str], words: str, toy: Path, tmp_path: Path
) -> None:
    given = {"--data": str(toy), "--out": str(tmp_path / "namer.onnx")} | dict([arguments])
    status, _, err = run("recogniser", *(word for pair in given.items() for word in pair))
    assert status == 2
    assert words in err
    assert not (tmp_path / "namer.onnx").exists()

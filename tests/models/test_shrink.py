"""Weights in 16 or 8 bits: a smaller file, the same answers, and a start for a training all the same."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from smartcart.models.labels import DEFAULT_RECOGNISER
from smartcart.scripts.main import main

onnx = pytest.importorskip("onnx", reason="the extra train is not installed")


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("halved") / "small.onnx"
    assert main(["models", "shrink", "--model", str(DEFAULT_RECOGNISER), "--out", str(out)]) == 0
    return out


def answers(file: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(file)
    crops = np.random.default_rng(1).random((4, 3, 96, 96), np.float32)
    return np.asarray(session.run(None, {session.get_inputs()[0].name: crops})[0])


def test_a_halved_file_answers_as_before_from_half_the_bytes(halved: Path) -> None:
    assert halved.stat().st_size < 0.6 * 4_500_000
    assert np.abs(answers(halved) - answers(DEFAULT_RECOGNISER)).max() < 0.02


def test_halving_twice_changes_nothing(halved: Path, tmp_path: Path) -> None:
    assert main(["models", "shrink", "--model", str(halved), "--out", str(tmp_path / "again.onnx")]) == 0
    assert (tmp_path / "again.onnx").read_bytes() == halved.read_bytes()


def test_a_training_starts_from_a_halved_file(halved: Path) -> None:
    pytest.importorskip("torch", reason="the extra train is not installed")
    from smartcart.models.training.start_weights import read_export

    whole, half = read_export(DEFAULT_RECOGNISER), read_export(halved)
    assert whole.layers.keys() == half.layers.keys()
    for name, weight in whole.layers.items():
        assert (weight.float() - half.layers[name]).abs().max() <= 1e-3 * max(1.0, float(weight.abs().max()))


def test_eight_bits_are_a_quarter_and_nearly_as_good(halved: Path, tmp_path: Path) -> None:
    out = tmp_path / "eight.onnx"
    assert main(["models", "shrink", "--bits", "8", "--model", str(halved), "--out", str(out)]) == 0
    assert out.stat().st_size < 0.7 * halved.stat().st_size
    assert np.abs(answers(out) - answers(halved)).max() < 0.1
    pytest.importorskip("torch", reason="the extra train is not installed")
    from smartcart.models.training.start_weights import read_export

    half, eight = read_export(halved), read_export(out)
    assert half.layers.keys() == eight.layers.keys()
    for name, weight in half.layers.items():
        assert (weight - eight.layers[name]).abs().max() <= 0.005 * max(1e-3, float(weight.abs().max()))


def test_what_is_no_onnx_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rubbish.onnx").write_bytes(b"no model")
    assert main(["models", "shrink", "--model", str(tmp_path / "rubbish.onnx"), "--out", str(tmp_path / "o.onnx")]) == 2
    assert "cannot be read as an ONNX file" in capsys.readouterr().err
    assert not (tmp_path / "o.onnx").exists()

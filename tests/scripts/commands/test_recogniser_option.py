"""Which recogniser a command works with."""

import argparse
import shutil
from pathlib import Path

import pytest

from smartcart.edge.vision.detector import ModelError, OnnxDetector
from smartcart.edge.vision.recognising_detector import RecognisingDetector
from smartcart.edge.vision.zone import DEFAULT_ZONE
from smartcart.models.labels import DEFAULT_MODEL, DEFAULT_RECOGNISER, INT8_MODEL
from smartcart.scripts.pipeline import open_detector
from smartcart.scripts.pipeline_options import add_eye_options


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_eye_options(parser)
    return parser.parse_args(words)


def test_the_shipped_eyes_have_the_shipped_recogniser() -> None:
    assert isinstance(open_detector(options(), DEFAULT_ZONE), RecognisingDetector)
    assert isinstance(open_detector(options("--model", str(INT8_MODEL)), DEFAULT_ZONE), RecognisingDetector)
    assert isinstance(open_detector(options("--recogniser", "none"), DEFAULT_ZONE), OnnxDetector)


def test_another_eye_has_none_unless_it_is_given(tmp_path: Path) -> None:
    eye = shutil.copyfile(DEFAULT_MODEL, tmp_path / "mine.onnx")
    assert isinstance(open_detector(options("--model", str(eye)), DEFAULT_ZONE), OnnxDetector)


def test_a_recogniser_that_names_what_the_eye_does_not_find_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'smartcart[dev]'")
    graph = onnx.load(DEFAULT_RECOGNISER)
    onnx.helper.set_model_props(graph, {"names": str(dict(enumerate(["sofa", *map(str, range(17))])))})
    onnx.save(graph, tmp_path / "furniture.onnx")
    with pytest.raises(ModelError, match="sofa"):
        open_detector(options("--recogniser", str(tmp_path / "furniture.onnx")), DEFAULT_ZONE)
    with pytest.raises(ModelError, match="no such model file"):
        open_detector(options("--recogniser", str(tmp_path / "missing.onnx")), DEFAULT_ZONE)

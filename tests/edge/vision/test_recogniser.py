"""The recogniser on small real ONNX files, and on files that are none."""

from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.detector import ModelError
from smartcart.edge.vision.recogniser import OnnxRecogniser
from smartcart.models.labels import DEFAULT_MODEL

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'smartcart[dev]'")

RED_BLUE = np.zeros((100, 200, 3), np.uint8)
RED_BLUE[:, :100, 2], RED_BLUE[:, 100:, 0] = 255, 255
COLOURS = {0: "tomato", 1: "apple", 2: "box"}
LEFT, RIGHT = Box(0.1, 0.2, 0.4, 0.8), Box(0.6, 0.2, 0.9, 0.8)


def colour_namer(path: Path, names: dict[int, str] | None, end: str = "Softmax", side: int | str = 32) -> Path:
    """A classifier that names a crop by its strongest colour: its output is the mean of each channel, as a softmax."""
    from onnx import TensorProto, helper

    mean = helper.make_node("ReduceMean", ["crops"], ["means"], axes=[2, 3], keepdims=0)
    share = helper.make_node(end, ["means"], ["likelihoods"], **{"axis": 1} if end == "Softmax" else {})
    graph = helper.make_graph(
        [mean, share],
        "colours",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("likelihoods", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if names:
        helper.set_model_props(model, {"names": str(names)})
    onnx.save(model, path)
    return path


def test_each_box_gets_every_label_with_its_probability(tmp_path: Path) -> None:
    recogniser = OnnxRecogniser(colour_namer(tmp_path / "colours.onnx", COLOURS))
    left, right = recogniser.recognise(RED_BLUE, [LEFT, RIGHT])
    assert recogniser.labels == ("tomato", "apple", "box")
    assert max(left, key=lambda label: left[label]) == "tomato"
    assert max(right, key=lambda label: right[label]) == "box"
    assert sum(left.values()) == pytest.approx(1)
    assert recogniser.recognise(RED_BLUE, []) == []
    assert recogniser.model.name == "colours"


def test_a_file_that_is_no_recogniser_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("nothing")
    cases = {
        tmp_path / "missing.onnx": "no such model file",
        tmp_path / "text.onnx": "is not an ONNX model",
        colour_namer(tmp_path / "nameless.onnx", None): "contains no class names",
        colour_namer(tmp_path / "few.onnx", {0: "tomato"}): "are not those of a recogniser",
        colour_namer(tmp_path / "logits.onnx", COLOURS, end="Neg"): "probabilities do not sum to 1",
        colour_namer(tmp_path / "free.onnx", COLOURS, side="side"): "crops with a side of side",
        colour_namer(tmp_path / "large.onnx", COLOURS, side=100_000): "crops with a side of 100000",
        DEFAULT_MODEL: "a detector goes to --model",
    }
    for path, words in cases.items():
        with pytest.raises(ModelError, match=words):
            OnnxRecogniser(path)

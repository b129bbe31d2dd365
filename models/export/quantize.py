"""Quantizes an exported detector to int8: weights and activations of the body in 8 bits, the head stays in fp32.

The head adds small offsets to large coordinates, and its scores are close to 0: 8 bits would destroy it.
"""

import re
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.export.detector import ExportError
from smartcart.models.training.training import MissingExtraError, sha256

Floats = NDArray[np.float32]

LAYER: Final = re.compile(r"^/model\.(\d+)/")


def quantize(model: Path, tensors: Iterable[Floats], out: Path) -> Path:
    """Writes ``out``, with the metadata of ``model`` and its origin.

    Args:
        model: an exported detector in fp32.
        tensors: inputs as the edge prepares them, ``[1, 3, height, width]`` in [0, 1]; some 100 training pictures of
            the detector determine the range of every activation.
        out: the file to write.

    Raises:
        ExportError: the model cannot be read or has no numbered layers, or there are no tensors.
        MissingExtraError: the extra is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    graph = _load(model)
    name, pictures = graph.graph.input[0].name, iter(tensors)
    first = next(pictures, None)
    if first is None:
        raise ExportError("no pictures to determine the range of the activations; give a data set with a 'train' part")
    inputs = ({name: tensor} for tensor in chain([first], pictures))

    class CalibrationPictures(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Floats] | None:
            return next(inputs, None)

    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "int8.onnx"
        quantize_static(
            str(model),
            str(written),
            CalibrationPictures(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # otherwise sums of products overflow on processors without VNNI
            nodes_to_exclude=_head(model, graph),
        )
        small = onnx.load(written)
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    onnx.helper.set_model_props(small, metadata | {"precision": "int8, head fp32", "fp32_sha256": sha256(model)})
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(small, out)
    return out


def _load(model: Path) -> Any:
    import onnx

    try:
        return onnx.load(model)
    except Exception as error:  # protobuf and the file system each raise their own errors
        raise ExportError(f"{model}: not a readable ONNX file ({error})") from error


def _head(model: Path, graph: Any) -> list[str]:
    """The nodes of the last layer: the exporter numbers layers in the names of their nodes."""
    layers = {node.name: int(match[1]) for node in graph.graph.node if (match := LAYER.match(node.name))}
    if not layers:
        raise ExportError(f"{model}: its nodes have no layer numbers, so the head is unknown; export it again")
    head = max(layers.values())
    return [node.name for node in graph.graph.node if layers.get(node.name, head) == head]

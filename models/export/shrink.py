"""Smaller files: weights stored in 16 or 8 bits, but still computed with in 32.

They are converted back by nodes of constants only, which ONNX Runtime folds when it loads the file, so speed and memory
stay the same. With 8 bits each output channel of a convolution has its own scale; everything else has 16.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from smartcart.models.export.detector import ExportError

if TYPE_CHECKING:
    import onnx

Bits = Literal[16, 8]

HALF: Final = ".half"
EIGHT: Final = ".eight"
SCALE: Final = ".scale"
WHOLE: Final = ".whole"
LEAST: Final = 64
"""Number of values; a smaller weight is not changed."""
LEAST_OF_EIGHT: Final = 2048
MOST: Final = 127


def shrink(model: Path, out: Path, bits: Bits = 16) -> Path:
    """Writes ``out`` from an ONNX file whose weights have 32 bits, or 16 by this function.

    Raises:
        ExportError: the file cannot be read, or a weight does not fit into 16 bits.
    """
    import onnx

    try:
        loaded = onnx.load(model)
    except Exception as error:  # protobuf and the file system each raise their own errors
        raise ExportError(f"{model}: cannot be read as an ONNX file ({error})") from error
    shrink_weights(loaded.graph, bits)
    onnx.checker.check_model(loaded)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    onnx.save(loaded, part)
    return part.replace(out)


def shrink_weights(graph: "onnx.GraphProto", bits: Bits = 16) -> None:
    """Stores the large weights of a graph in fewer bits.

    Raises:
        ExportError: one is too large for 16 bits.
    """
    _grow(graph)
    bring_back: list[onnx.NodeProto] = []
    for weight in list(graph.initializer):
        size = int(np.prod(weight.dims))
        if weight.data_type != weight.FLOAT or size < LEAST:
            continue
        in_eight = bits == 8 and len(weight.dims) == 4 and size >= LEAST_OF_EIGHT
        bring_back += _in_eight(graph, weight) if in_eight else _in_sixteen(weight)
    nodes = [*bring_back, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _grow(graph: "onnx.GraphProto") -> None:
    """Converts weights of 16 bits back to 32."""
    from onnx import numpy_helper

    halves = {one.name: one for one in graph.initializer if one.data_type == one.FLOAT16}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves]:
        half = halves[node.input[0]]
        half.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(half).astype(np.float32), node.output[0]))
        graph.node.remove(node)


def _in_sixteen(weight: "onnx.TensorProto") -> "list[onnx.NodeProto]":
    from onnx import helper, numpy_helper

    name, value = weight.name, numpy_helper.to_array(weight)
    if np.abs(value).max() > np.finfo(np.float16).max:
        raise ExportError(f"{name}: contains a weight of {np.abs(value).max():g}, too large for 16 bits")
    weight.CopyFrom(numpy_helper.from_array(value.astype(np.float16), name + HALF))
    return [helper.make_node("Cast", [name + HALF], [name], to=weight.FLOAT)]


def _in_eight(graph: "onnx.GraphProto", weight: "onnx.TensorProto") -> "list[onnx.NodeProto]":
    from onnx import helper, numpy_helper

    name, value = weight.name, numpy_helper.to_array(weight)
    scale = np.abs(value).max((1, 2, 3), keepdims=True) / MOST
    scale[scale == 0] = 1
    weight.CopyFrom(numpy_helper.from_array(np.round(value / scale).astype(np.int8), name + EIGHT))
    graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), name + SCALE))
    return [
        helper.make_node("Cast", [name + EIGHT], [name + WHOLE], to=weight.FLOAT),
        helper.make_node("Mul", [name + WHOLE, name + SCALE], [name]),
    ]

"""Weights in 16 bits: a file of half the size that computes in 32 bits as before.

Each large weight is kept as a 16-bit float and cast back; ONNX Runtime does that once, when it loads the file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from smartcart.models.export.detector import ExportError

if TYPE_CHECKING:
    import onnx

SUFFIX: Final = ".half"
LEAST_HALVED: Final = 64


def halve(model: Path, out: Path) -> Path:
    """Writes ``out`` from an ONNX file; a file that is halved already stays as it is.

    Raises:
        ExportError: the file cannot be read, or a weight has no 16-bit form.
    """
    import onnx

    try:
        loaded = onnx.load(model)
    except Exception as error:  # protobuf and the file system each raise their own
        raise ExportError(f"{model}: cannot be read as an ONNX file ({error})") from error
    halve_weights(loaded.graph)
    onnx.checker.check_model(loaded)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    onnx.save(loaded, part)
    return part.replace(out)


def halve_weights(graph: "onnx.GraphProto") -> None:
    """Halves the large weights of a graph.

    Raises:
        ExportError: one is too large for 16 bits.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < LEAST_HALVED:
            continue
        name, value = weight.name, numpy_helper.to_array(weight)
        if np.abs(value).max() > np.finfo(np.float16).max:
            raise ExportError(f"{name}: holds a weight of {np.abs(value).max():g}, too large for 16 bits")
        weight.CopyFrom(numpy_helper.from_array(value.astype(np.float16), name + SUFFIX))
        casts.append(helper.make_node("Cast", [name + SUFFIX], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

"""The embedding as an ONNX file: backbone, learned layer and length 1, its weights in 8 bits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smartcart.models.embedding.projection import Projection
from smartcart.models.export.shrink import shrink_weights

if TYPE_CHECKING:
    import onnx

LICENCE: Final = "Apache-2.0"


def write_embedding(
    features: "onnx.ModelProto", projection: Projection, out: Path, *, record: Mapping[str, Any], sources: Sequence[str]
) -> None:
    """Writes the network atomically.

    Args:
        features: the backbone, input ``crops``, output ``features``.
        record: the training's; ``like``, ``sharpness``, the chosen candidate and the recipe go into the file.
        sources: the training data sets, with author and licence.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.ModelProto()
    model.CopyFrom(features)
    graph = model.graph
    for name, value in (("centre", projection.centre), ("matrix", projection.matrix)):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
    graph.node.extend(
        [
            helper.make_node("Sub", ["features", "centre"], ["centred"]),
            helper.make_node("MatMul", ["centred", "matrix"], ["projected"]),
            helper.make_node("LpNormalization", ["projected"], ["embeddings"], axis=1, p=2),
        ]
    )
    del graph.output[:]
    width = projection.matrix.shape[1]
    graph.output.append(helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", width]))
    shrink_weights(graph, bits=8)
    metadata = {
        "task": "embed",
        "description": "smartcart embedding: products by their looks",
        "author": "the smartcart project, on EfficientNet-Lite0",
        "license": LICENCE,
        "like": f"{record['like']:.4f}",
        "sharpness": f"{record['sharpness']:.2f}",
        "chosen": str(record["chosen"]),
        "recipe": str(record["recipe"]),
        "sources": "\n".join(sources),
    }
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    onnx.save(model, part)
    part.replace(out)

"""A trained recogniser as an ONNX file."""

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from smartcart.models.recogniser.cut import NAMES

LICENCE: Final = "AGPL-3.0-only"
OPSET: Final = 17


def export_recogniser(
    network: Any, out: Path, *, side: int, temperature: float, record: Mapping[str, Any], sources: Sequence[str]
) -> None:
    """Writes the network with its softmax atomically.

    Args:
        network: from ``[N, 3, side, side]`` in [0, 1] to scores; its last part is a linear layer.
        out: the file to write.
        side: of a crop, in pixels.
        temperature: the divisor of the scores before the softmax; it is merged into the last layer's weights.
        record: the training's; its recipe, start and fingerprint go into the file.
        sources: the training data sets, with author and licence.
    """
    import onnx
    import torch

    sharpened = copy.deepcopy(network).cpu().eval().to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        for weight in sharpened[-1].parameters():
            weight /= temperature
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    torch.onnx.export(
        torch.nn.Sequential(sharpened, torch.nn.Softmax(1)),
        (torch.zeros(1, 3, side, side),),
        str(part),
        input_names=["crops"],
        output_names=["likelihoods"],
        dynamic_axes={"crops": {0: "n"}, "likelihoods": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    graph = onnx.load(part)
    metadata = {
        "names": str(dict(enumerate(NAMES))),
        "task": "classify",
        "description": "smartcart recogniser: names an item from its crop",
        "author": "the smartcart project, trained with PyTorch",
        "license": LICENCE,
        "recipe": json.dumps(record["recipe"]),
        "start_sha256": record["start"]["sha256"],
        "photos_sha256": record["fingerprint"],
        "temperature": f"{temperature:.3f}",
        "sources": "\n".join(sources),
    }
    onnx.helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    onnx.save(graph, part)
    part.replace(out)

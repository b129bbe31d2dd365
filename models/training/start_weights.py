"""The network that a training starts from: a checkpoint, a state dict, an exported detector, or random weights.

Starting from an exported detector needs no download, so a store can teach the shipped detector its own products. The
exporter folds each batch norm into the convolution before it; the trainer restores the norms' statistics.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartcart.models.training.recipe import Recipe, TrainingError

if TYPE_CHECKING:
    import torch
    from ultralytics import YOLO

CLASS_BRANCHES: Final = "cv3"


def open_model(recipe: Recipe, weights: Path | None) -> "YOLO":
    """The network with its start weights.

    Args:
        recipe: names the network if the weights do not contain it.
        weights: a ``.pt`` checkpoint, a ``.safetensors`` state dict, an ``.onnx`` file in fp32 that this project
            exported, or None for random weights.

    Raises:
        TrainingError: the weights cannot be read, or do not fit the network.
    """
    from ultralytics import YOLO

    if weights is None:
        return YOLO(recipe.network, task="detect")
    if weights.suffix == ".safetensors":
        return _from_state_dict(recipe.network, weights)
    if weights.suffix == ".onnx":
        return _from_export(recipe.network, weights)
    if weights.suffix != ".pt":
        raise TrainingError(f"{weights}: start weights must be a .pt, a .safetensors or an .onnx file")
    try:
        model = YOLO(weights)
    except Exception as error:  # an invalid file fails in as many ways as pickles can
        raise TrainingError(f"{weights}: not a checkpoint that can be loaded ({error})") from error
    if model.task != "detect":
        raise TrainingError(f"{weights}: the model's task is {model.task}, not detection")
    return model


def _from_state_dict(network: str, weights: Path) -> "YOLO":
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from ultralytics import YOLO

    model = YOLO(network, task="detect")
    try:
        state = {name: tensor.float() for name, tensor in load_file(weights).items()}
        model.model.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise TrainingError(f"{weights}: does not fit {network}: {str(error)[:200]}") from error
    return _as_start(model)


def _from_export(network: str, weights: Path) -> "YOLO":
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel

    export = read_export(weights)
    model = YOLO(network, task="detect")
    model.model = _shaped_like(DetectionModel, network, export.layers, weights)
    model.model.names = dict(export.names)
    fill(model.model, export.layers, weights, network)
    return _as_start(model)


@dataclass(frozen=True, slots=True)
class ExportedStart:
    """The contents of an ONNX file of this project.

    Attributes:
        task: ``detect`` for a detector, ``classify`` for a recogniser.
        names: its classes, by number.
        layers: weights and offsets by the network's names for them.
    """

    task: str
    names: Mapping[int, str]
    layers: Mapping[str, "torch.Tensor"]


def read_export(weights: Path) -> ExportedStart:
    """Reads a detector or a recogniser that was exported here, in fp32.

    Raises:
        TrainingError: the file cannot be read, or does not name its classes.
    """
    import onnx

    try:
        graph = onnx.load(weights)
        metadata = {entry.key: entry.value for entry in graph.metadata_props}
        names = ast.literal_eval(metadata["names"])
    except Exception as error:  # protobuf, the file system and the metadata each raise their own errors
        raise TrainingError(f"{weights}: not an exported detector or recogniser with class names ({error})") from error
    return ExportedStart(metadata.get("task", "detect"), names, _layers(graph.graph))


def fill(network: "torch.nn.Module", layers: Mapping[str, "torch.Tensor"], weights: Path, description: str) -> None:
    """Gives a network the weights of an export; the norms folded into them become the identity.

    Raises:
        TrainingError: the export lacks a layer, or one has another shape; ``weights`` and ``description`` are the names
            of the file and the network for the message.
    """
    import torch

    state = {name: _value(name, old, layers) for name, old in network.state_dict().items()}
    missing = [name for name, value in state.items() if value is None]
    if missing:
        raise TrainingError(f"{weights}: has no {missing[0]}; a network in fp32 that was exported here is needed")
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise TrainingError(f"{weights}: does not fit {description}: {str(error)[:200]}") from error
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_var -= norm.eps  # so that it divides by exactly 1


def _layers(graph: Any) -> Mapping[str, Any]:
    """Weights and offsets by the name of their layer; equal tensors are stored once, under one of their names."""
    import torch
    from onnx.numpy_helper import to_array

    stored = {tensor.name: torch.tensor(to_array(tensor)).float() for tensor in graph.initializer}
    for node in graph.node:  # weights stored in 16 or 8 bits are converted back
        if node.op_type in ("Cast", "Mul") and all(name in stored for name in node.input):
            stored[node.output[0]] = torch.stack([*torch.broadcast_tensors(*map(stored.get, node.input))]).prod(0)
    given: dict[str, Any] = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            names = dict(zip(("weight", "bias"), node.input[1:], strict=False))
            given |= {f"{_layer(node.name)}.{part}": stored[name] for part, name in names.items() if name in stored}
    return given


def _layer(node: str) -> str:
    """``/model.23/cv2.0/cv2.0.2/Conv`` is a node of the layer ``model.23.cv2.0.2``."""
    layer: list[str] = []
    for part in node.strip("/").split("/")[:-1]:
        if layer and part.startswith(f"{layer[-1]}."):
            layer.pop()
        layer.append(part)
    return ".".join(layer)


def _shaped_like(kind: Any, network: str, given: Mapping[str, Any], weights: Path) -> Any:
    """The network with class branches as wide, and as many classes, as in the file."""
    import torch

    ends = [name for name in given if f".{CLASS_BRANCHES}." in name and name.endswith(".2.weight")]
    if not ends:
        raise TrainingError(f"{weights}: its class branches are of an unknown form; give a .pt checkpoint instead")
    classes, width = given[ends[0]].shape[:2]
    shaped = kind(network, nc=int(width), verbose=False)
    for branch in getattr(shaped.model[-1], CLASS_BRANCHES):
        branch[-1] = torch.nn.Conv2d(int(width), int(classes), 1)
    shaped.model[-1].nc = int(classes)
    return shaped


def _value(name: str, old: Any, given: Mapping[str, Any]) -> Any:
    """A tensor of the network as in the file, or None; a folded norm only adds its convolution's offset."""
    import torch

    layer, _, last = name.rpartition(".")
    if not layer.endswith(".bn"):
        return given.get(name)
    if last == "bias":
        return given.get(layer.removesuffix("bn") + "conv.bias")
    return torch.zeros_like(old) if last in ("running_mean", "num_batches_tracked") else torch.ones_like(old)


def _as_start(model: "YOLO") -> "YOLO":
    model.ckpt = {"model": model.model}  # otherwise the trainer would start again from random weights
    model.overrides["pretrained"] = True
    return model

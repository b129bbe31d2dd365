"""Exports a trained detector to ONNX: free height and width, provenance in the metadata, checked against PyTorch.

Height and width stay free because that costs nothing at run time and lets the detector choose the rectangle that fits
the camera (416x320 for 4:3, 416x256 for 16:9).
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.errors import ModelsError
from smartcart.models.training.training import RECORD, MissingExtraError, quiet_libraries, sha256

if TYPE_CHECKING:
    from ultralytics import YOLO

OPSET: Final = 17
LICENCE: Final = "AGPL-3.0-only"
STRIDE: Final = 32
MOST_PIXELS_OFF: Final = 0.5
MOST_SCORE_OFF: Final = 1e-3

Floats = NDArray[np.float32]


class ExportError(ModelsError):
    """A model cannot be exported, or the exported file differs from the checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The written file and the largest difference of its output from PyTorch's on a test picture."""

    file: Path
    megabytes: float
    metadata: Mapping[str, str]
    pixels_off: float
    score_off: float


def export(weights: Path, *, out: Path, size: tuple[int, int] = (416, 320), sources: Sequence[str] = ()) -> Export:
    """Writes ``out``; if the check fails, no file is left.

    Args:
        weights: a ``.pt`` checkpoint. A ``record.json`` of its training beside it or one folder up provides the
            fingerprints of recipe and photos.
        out: the ONNX file to write.
        size: width and height in pixels for a runtime that does not choose its own; multiples of 32.
        sources: the training data sets, with author and licence, one a line.

    Raises:
        ExportError: the checkpoint is unusable, or the file's output differs from PyTorch's.
        TrainingError: the extra is not installed.
    """
    if any(side <= 0 or side % STRIDE for side in size):
        raise ExportError(f"{size[0]}x{size[1]}: both sides must be multiples of {STRIDE}")
    if not weights.is_file():
        raise ExportError(f"{weights}: no such checkpoint")
    quiet_libraries()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _export(weights, Path(folder), out, size, sources)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error


def _export(weights: Path, folder: Path, out: Path, size: tuple[int, int], sources: Sequence[str]) -> Export:
    import onnx
    from ultralytics import YOLO

    copy = folder / "eye.pt"
    shutil.copyfile(weights, copy)  # the exporter writes beside its checkpoint
    try:
        model = YOLO(copy)
    except Exception as error:  # an invalid file fails in as many ways as pickles can
        raise ExportError(f"{weights}: not a checkpoint that can be loaded ({error})") from error
    width, height = size
    written = Path(
        model.export(format="onnx", imgsz=[height, width], dynamic=True, simplify=True, opset=OPSET, device="cpu")
    )
    graph = onnx.load(written)
    metadata = {entry.key: entry.value for entry in graph.metadata_props} | dict(_own_metadata(weights, sources))
    metadata["head_layout"] = "[1, N, 6]" if metadata.get("end2end") == "True" else "[1, 4 + classes, N]"
    onnx.helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    onnx.save(graph, written)
    pixels_off, score_off = _check(YOLO(copy), written, size)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(written, out)
    megabytes = out.stat().st_size / 1e6
    return Export(file=out, megabytes=megabytes, metadata=metadata, pixels_off=pixels_off, score_off=score_off)


def _own_metadata(weights: Path, sources: Sequence[str]) -> Mapping[str, str]:
    own = {
        "description": "smartcart eye: items and hands in a cart",
        "author": "the smartcart project, trained with Ultralytics",
        "license": LICENCE,
        "weights_sha256": sha256(weights),
        "sources": "\n".join(sources),
    }
    for record_file in (weights.parent / RECORD, weights.parent.parent / RECORD):
        if record_file.is_file():
            record: Mapping[str, Any] = json.loads(record_file.read_text(encoding="utf-8"))
            own["recipe_sha256"] = sha256(record_file)
            own["photos_sha256"] = str(record["fingerprint"])
            break
    return own


def _check(model: "YOLO", file: Path, size: tuple[int, int]) -> tuple[float, float]:
    """The largest differences from PyTorch in box edges (pixels) and scores, at the size given and at another."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import: no telemetry about this machine
    import onnxruntime as ort
    import torch

    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    network = model.model.float().eval()
    pixels_off, score_off = 0.0, 0.0
    for width, height in (size, (size[0] + STRIDE, size[1])):
        picture = check_picture(width, height)
        with torch.no_grad():
            expected = network(torch.from_numpy(picture))
        ours = session.run(None, {session.get_inputs()[0].name: picture})[0]
        theirs = (expected[0] if isinstance(expected, tuple | list) else expected).numpy()
        if ours.shape != theirs.shape:
            raise ExportError(f"the exported file gives {ours.shape} where PyTorch gives {theirs.shape}")
        off = np.abs(ours - theirs)
        end_to_end = ours.shape[-1] == 6
        pixels_off = max(pixels_off, float((off[..., :4] if end_to_end else off[:, :4]).max()))
        score_off = max(score_off, float((off[..., 4:] if end_to_end else off[:, 4:]).max()))
    if pixels_off > MOST_PIXELS_OFF or score_off > MOST_SCORE_OFF:
        raise ExportError(
            f"the exported file differs from PyTorch by {pixels_off:.3f} pixels and {score_off:.5f} in score"
        )
    return pixels_off, score_off


def check_picture(width: int, height: int) -> Floats:
    """A picture with edges, slopes and grain, the same on every machine: ``[1, 3, height, width]`` in [0, 1]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grain = np.random.default_rng(1).normal(0, 0.03, (3, height, width))
    slope = np.stack([x / width, y / height, (x + y) / (width + height)])
    bottle = (abs(x - width / 2) < width / 10) & (abs(y - height / 2) < height / 4)
    picture = np.clip(np.where(bottle, 0.9 - slope, slope) + grain, 0, 1)
    return picture[None].astype(np.float32)

"""The recogniser: what an item is, told from its crop; the port, and the adapter for a classifier in ONNX form."""

import ast
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from smartcart.edge.detection import Box
from smartcart.edge.detector import ModelError
from smartcart.edge.events import ModelName
from smartcart.edge.frames import Image
from smartcart.models.crop import item_crop

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import: nothing of this machine is to be told
import onnxruntime as ort


class Recogniser(Protocol):
    """Names items from their crops."""

    @property
    def model(self) -> ModelName: ...

    @property
    def labels(self) -> Sequence[str]: ...

    def recognise(self, image: Image, boxes: Sequence[Box]) -> Sequence[Mapping[str, float]]:
        """For each box of a picture (height x width x 3, 8 bits), every label with its probability; they sum to 1."""
        ...


class OnnxRecogniser:
    """Names with an image classifier: input ``[N, 3, side, side]``, output ``[N, labels]`` probabilities.

    Args:
        path: the model file; its metadata must hold ``names`` (class number to label).
        threads: ONNX Runtime's threads within one operator.

    Raises:
        ModelError: the file is missing, is not ONNX, lacks the names, or is no such classifier.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            names = ast.literal_eval(self._session.get_modelmeta().custom_metadata_map["names"])
            self.labels: Sequence[str] = tuple(str(names[number]) for number in range(len(names)))
        except KeyError:
            raise ModelError(f"{path}: holds no class names; train it with `smartcart models recogniser`") from None
        except Exception as error:  # ONNX Runtime's own exceptions have no public base but Exception
            raise ModelError(f"{path}: is not an ONNX model that this ONNX Runtime can load ({error})") from error
        self.model = ModelName(name=path.stem, hash=hashlib.sha256(path.read_bytes()).hexdigest()[:12])
        self._input, shape = self._session.get_inputs()[0].name, self._session.get_inputs()[0].shape
        gives = self._session.get_outputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or gives[1:] != [len(self.labels)]:
            raise ModelError(
                f"{path}: input {list(shape)} and output {list(gives)} are not those of a recogniser, "
                f"[N, 3, side, side] and [N, {len(self.labels)}]; an eye goes to --model"
            )
        self._side = int(shape[2])

    def recognise(self, image: Image, boxes: Sequence[Box]) -> Sequence[Mapping[str, float]]:
        if not boxes:
            return []
        crops = [item_crop(image, box, self._side) for box in boxes]
        tensor = cv2.dnn.blobFromImages(crops, 1 / 255, swapRB=True).astype(np.float32, copy=False)
        rows = self._session.run(None, {self._input: tensor})[0]
        return [dict(zip(self.labels, map(float, row), strict=True)) for row in rows]

"""The recogniser: what an item is, told from its crop; the port, and the adapter for a classifier in ONNX form."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from smartcart.edge.capture.frames import Image
from smartcart.edge.contract.events import ModelName
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.model_file import FLOAT, ModelError, class_names, open_model
from smartcart.models.crop import item_crop


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
        self._session = open_model(path, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.labels: Sequence[str] = class_names(path, metadata, "train it with `smartcart models recogniser`")
        self.model = ModelName(name=path.stem, hash=hashlib.sha256(path.read_bytes()).hexdigest()[:12])
        self._input, shape = self._session.get_inputs()[0].name, self._session.get_inputs()[0].shape
        gives = self._session.get_outputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or gives[1:] != [len(self.labels)]:
            raise ModelError(
                f"{path}: input {list(shape)} and output {list(gives)} are not those of a recogniser, "
                f"[N, 3, side, side] and [N, {len(self.labels)}]; an eye goes to --model"
            )
        kind = self._session.get_inputs()[0].type
        if kind != FLOAT or isinstance(shape[0], int):
            raise ModelError(
                f"{path}: takes crops as {kind} {list(shape)}; 32-bit floats and any number "
                "of crops at a time are needed, as `smartcart models recogniser` writes it"
            )
        self._side = int(shape[2])

    def recognise(self, image: Image, boxes: Sequence[Box]) -> Sequence[Mapping[str, float]]:
        if not boxes:
            return []
        crops = [item_crop(image, box, self._side) for box in boxes]
        tensor = cv2.dnn.blobFromImages(crops, 1 / 255, swapRB=True).astype(np.float32, copy=False)
        rows = self._session.run(None, {self._input: tensor})[0]
        return [dict(zip(self.labels, map(float, row), strict=True)) for row in rows]

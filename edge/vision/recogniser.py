"""The recogniser: names an item from its crop; the port, and the adapter for a classifier in ONNX form."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.capture.frames import Image
from smartcart.edge.contract.events import ModelName
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.model_file import FLOAT, ModelError, class_names, model_name, open_model, run_model
from smartcart.models.crop import item_crop

Floats = NDArray[np.float32]

MOST_SIDE: Final = 1024
A_LITTLE: Final = 0.05
"""Tolerance for the sum of a quantized model's probabilities."""


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
        path: the model file; its metadata must contain ``names`` (class number to label).
        threads: ONNX Runtime's threads within one operator.

    Raises:
        ModelError: the file is missing, is not ONNX, lacks the names, or is not such a classifier.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = open_model(path, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.labels: Sequence[str] = class_names(path, metadata, "train it with `smartcart models recogniser`")
        self.model = model_name(path)
        shape = self._session.get_inputs()[0].shape
        gives = self._session.get_outputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or gives[1:] != [len(self.labels)]:
            raise ModelError(
                f"{path}: input {list(shape)} and output {list(gives)} are not those of a recogniser, [N, 3, side, "
                f"side] and [N, {len(self.labels)}]; a detector goes to --model"
            )
        kind = self._session.get_inputs()[0].type
        if kind != FLOAT or isinstance(shape[0], int):
            raise ModelError(
                f"{path}: takes crops as {kind} {list(shape)}; 32-bit floats and any number "
                "of crops at a time are needed, as `smartcart models recogniser` writes it"
            )
        if not (isinstance(shape[2], int) and 0 < shape[2] <= MOST_SIDE):
            raise ModelError(f"{path}: takes crops with a side of {shape[2]}; 1 to {MOST_SIDE} pixels are supported")
        self._path, self._side = path, shape[2]
        shares = self._shares(np.zeros((1, 3, self._side, self._side), np.float32))
        if not (np.isfinite(shares).all() and (shares >= -A_LITTLE).all() and abs(shares.sum() - 1) < A_LITTLE):
            raise ModelError(f"{path}: its probabilities do not sum to 1; export it with a softmax at its end")

    def recognise(self, image: Image, boxes: Sequence[Box]) -> Sequence[Mapping[str, float]]:
        if not boxes:
            return []
        crops = [item_crop(image, box, self._side) for box in boxes]
        tensor = cv2.dnn.blobFromImages(crops, 1 / 255, swapRB=True).astype(np.float32, copy=False)
        return [dict(zip(self.labels, map(float, row), strict=True)) for row in self._shares(tensor)]

    def _shares(self, crops: Floats) -> Floats:
        shares = run_model(self._path, self._session, crops)
        if shares.shape != (len(crops), len(self.labels)):
            raise ModelError(f"{self._path}: gives {list(shares.shape)} for {len(crops)} crops: not a recogniser")
        return shares

"""The embedder: a crop as a vector of length 1; the port, and the adapter for a model in ONNX form."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from smartcart.edge.capture.frames import Image
from smartcart.edge.gallery.gallery_file import Embedding, Floats
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.model_file import FLOAT, ModelError, open_model
from smartcart.models.crop import item_crop

MADE_BY: Final = "`smartcart models embedding` writes one"


class Embedder(Protocol):
    """Embeds crops so that similar products lie close together."""

    @property
    def embedding(self) -> Embedding: ...

    def embed(self, image: Image, boxes: Sequence[Box]) -> Floats:
        """A vector of length 1 for each box of a picture (height x width x 3, 8 bits): ``[N, width]``."""
        ...


class OnnxEmbedder:
    """Embeds with a network: input ``[N, 3, side, side]`` in [0, 1], output ``[N, width]``.

    Args:
        path: the model file; its metadata must contain ``like`` and ``sharpness``.
        threads: ONNX Runtime's threads within one operator.

    Raises:
        ModelError: the file is missing, is not ONNX, or is not an embedding.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = open_model(path, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._input, shape = self._session.get_inputs()[0].name, self._session.get_inputs()[0].shape
        gives, kind = self._session.get_outputs()[0].shape, self._session.get_inputs()[0].type
        square = len(shape) == 4 and shape[1] == 3 and shape[2] == shape[3] and isinstance(shape[2], int)
        if metadata.get("task") != "embed" or not square or len(gives) != 2 or kind != FLOAT:
            raise ModelError(f"{path}: is not an embedding; {MADE_BY}")
        try:
            like, sharpness = float(metadata["like"]), float(metadata["sharpness"])
        except (KeyError, ValueError):
            raise ModelError(f"{path}: its metadata lacks ``like`` or ``sharpness``; {MADE_BY}") from None
        self._side = int(shape[2])
        self.embedding = Embedding(
            id=hashlib.sha256(path.read_bytes()).hexdigest()[:12], like=like, sharpness=sharpness
        )

    def embed(self, image: Image, boxes: Sequence[Box]) -> Floats:
        return self.embed_crops([item_crop(image, box, self._side) for box in boxes])

    def embed_crops(self, crops: Sequence[Image]) -> Floats:
        """Embeds crops that are already cut, each side x side x 3 or of another size."""
        if not crops:
            return np.zeros((0, 1), np.float32)
        tensor = cv2.dnn.blobFromImages(list(crops), 1 / 255, (self._side, self._side), swapRB=True)
        return np.asarray(self._session.run(None, {self._input: tensor.astype(np.float32, copy=False)})[0], np.float32)

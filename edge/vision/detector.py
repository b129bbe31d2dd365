"""The ONNX Runtime detector: reads class names, input size and head layout from the model file itself.

Two head layouts of the YOLO family are supported (Ultralytics documentation, "Export"): ``[1, 4 + classes, N]``
centre-width-height boxes with class scores, thinned by non-maximum suppression here (YOLO11), and ``[1, N, 6]`` corner
boxes with score and class, already thinned by the model (YOLO26, end to end). ``edge/vision/head.py`` distinguishes
them.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.vision.detection import Box, Detection
from smartcart.edge.vision.head import is_end_to_end, probe_picture
from smartcart.edge.vision.model_file import ModelError as ModelError
from smartcart.edge.vision.model_file import check_input, class_names, model_name, open_model, run_model
from smartcart.models.labels import HAND

Floats = NDArray[np.float32]
STRIDE = 32
PAD_GREY = 114
SIDES = 16, 4096
"""The shortest and the longest side of an input, in pixels: below it nothing is visible, above it memory runs out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """The placement of a picture in the model's input: scale, then an offset in pixels of the input."""

    scale: float
    left: int
    top: int
    width: int
    height: int


class OnnxDetector:
    """Detects with a YOLO model in ONNX form.

    Args:
        path: the model file; its metadata must contain ``names`` (class number to label).
        threads: ONNX Runtime's threads within one operator.
        confidence: detections below this are dropped.
        iou: two boxes of one class that overlap more than this are one (only for heads that are not end to end).
        hand_class: the model's name for hands, renamed to ``hand``; None if it has no such class.

    Raises:
        ModelError: the file is missing, is not ONNX, lacks the names or the hand, or has an unknown head.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        confidence: float = 0.25,
        iou: float = 0.5,
        hand_class: str | None = HAND,
    ) -> None:
        self._session = open_model(path, threads)
        self._confidence = confidence
        self._iou = iou
        metadata = self._session.get_modelmeta().custom_metadata_map
        names = class_names(path, metadata)
        self.model = model_name(path)
        self._path = path
        self._fixed, self._long_side = _input_size(path, self._session.get_inputs()[0].shape, metadata)
        check_input(path, self._session)
        width, height = self._fixed or (_whole_strides(self._long_side),) * 2
        self._end_to_end = is_end_to_end(path, self.infer(probe_picture(width, height)), len(names), metadata)
        self.labels = names if hand_class is None else _with_hand(path, names, hand_class)

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """The model's input, width and height in pixels, for a picture of this size.

        A model with a fixed input keeps it. With free axes, the long side is the one the model was trained at and the
        other is the smallest multiple of the stride that fits the picture: no work is spent on padding.
        """
        if self._fixed:
            return self._fixed
        scale = self._long_side / max(width, height)
        return _whole_strides(width * scale), _whole_strides(height * scale)

    def prepare(self, image: Image) -> tuple[Floats, Letterbox]:
        """The picture as the model's input tensor ``[1, 3, height, width]``, red-green-blue in [0, 1]."""
        height, width = image.shape[:2]
        to_width, to_height = self.input_size(width, height)
        scale = min(to_width / width, to_height / height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (to_width - inner[0]) // 2, (to_height - inner[1]) // 2
        canvas = np.full((to_height, to_width, 3), PAD_GREY, np.uint8)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=how)
        tensor = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True).astype(np.float32, copy=False)
        return tensor, Letterbox(scale=scale, left=left, top=top, width=width, height=height)

    def infer(self, tensor: Floats) -> Floats:
        """The head's raw output for one prepared picture.

        Raises:
            ModelError: it does not run on a picture of this shape.
        """
        return run_model(self._path, self._session, tensor)

    def decode(self, output: Floats, letterbox: Letterbox) -> list[Detection]:
        """Detections in normalised picture coordinates, best first."""
        if self._end_to_end:
            rows = output[0]
            corners, scores, classes = rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64)
            keep = scores >= self._confidence
            corners, scores, classes = corners[keep], scores[keep], classes[keep]
        else:
            corners, scores, classes = self._thin(output[0])
        boxes = _to_picture(corners, letterbox)
        order = np.argsort(-scores, kind="stable")
        return [
            Detection(label=self._label(int(classes[i])), confidence=float(scores[i]), box=Box(*map(float, boxes[i])))
            for i in order
            if boxes[i, 2] > boxes[i, 0] and boxes[i, 3] > boxes[i, 1]
        ]

    def detect(self, frame: Frame) -> Sequence[Detection]:
        tensor, letterbox = self.prepare(frame.image)
        return self.decode(self.infer(tensor), letterbox)

    def _label(self, number: int) -> str:
        if not 0 <= number < len(self.labels):
            raise ModelError(f"{self.model.name}: gives class number {number}, but has {len(self.labels)} names only")
        return self.labels[number]

    def _thin(self, head: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
        scores_all = head[4:]
        best = scores_all.max(axis=0)
        keep = np.flatnonzero(best >= self._confidence)
        scores, classes = best[keep], scores_all[:, keep].argmax(axis=0)
        x, y, w, h = head[:4, keep]
        corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
        if keep.size:
            rectangles = np.stack([x - w / 2, y - h / 2, w, h], axis=1)
            kept = cv2.dnn.NMSBoxesBatched(
                rectangles.tolist(), scores.tolist(), classes.tolist(), self._confidence, self._iou
            )
            chosen = np.asarray(kept, np.int64).ravel()
            corners, scores, classes = corners[chosen], scores[chosen], classes[chosen]
        return corners, scores, classes


def _with_hand(path: Path, names: tuple[str, ...], hand_class: str) -> tuple[str, ...]:
    if hand_class not in names:
        raise ModelError(
            f"{path}: has no class {hand_class!r}, so hands would count as products; name its class for hands with "
            f"--hand-class NAME; its classes are {', '.join(names[:20])}{' and more' if len(names) > 20 else ''}"
        )
    return tuple(HAND if name == hand_class else name for name in names)


def _input_size(
    path: Path, shape: Sequence[int | str | None], metadata: Mapping[str, str]
) -> tuple[tuple[int, int] | None, int]:
    """Width and height if they are fixed, and the long side; a free axis beside a fixed one is as long."""
    if len(shape) != 4 or shape[1] != 3:
        raise ModelError(f"{path}: input {list(shape)} is not one picture [1, 3, height, width]")
    fixed = [side for side in shape[2:] if isinstance(side, int)]
    long_side = max(fixed) if len(fixed) == 2 else _trained_at(path, metadata)
    if not all(SIDES[0] <= side <= SIDES[1] for side in (*fixed, long_side)):
        raise ModelError(
            f"{path}: has an input of {[*fixed, long_side]} pixels; {SIDES[0]} to {SIDES[1]} are supported"
        )
    if not fixed:
        return None, long_side
    height, width = (side if isinstance(side, int) else long_side for side in shape[2:])
    return (width, height), max(width, height)


def _trained_at(path: Path, metadata: Mapping[str, str]) -> int:
    try:
        size = ast.literal_eval(metadata.get("imgsz", "320"))
        return int(size) if isinstance(size, int | str) else max(int(side) for side in size)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ModelError(f"{path}: its input size (metadata 'imgsz') cannot be read: {error}") from error


def _whole_strides(pixels: float) -> int:
    return max(STRIDE, -(-round(pixels) // STRIDE) * STRIDE)


def _to_picture(corners: Floats, at: Letterbox) -> Floats:
    boxes = (corners - np.array([at.left, at.top] * 2, np.float32)) / np.float32(at.scale)
    boxes /= np.array([at.width, at.height] * 2, np.float32)
    clipped: Floats = np.clip(boxes, 0, 1)
    return clipped

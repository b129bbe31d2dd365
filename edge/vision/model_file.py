"""A model file in ONNX form: opening it, its class names, and whether it takes one picture of 32-bit floats."""

import ast
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import: nothing of this machine is to be told
import onnxruntime as ort

from smartcart.edge.errors import EdgeError

FLOAT: Final = "tensor(float)"
EXPORT: Final = "yolo export model=YOURS.pt format=onnx half=False batch=1"


class ModelError(EdgeError):
    """A model file cannot be used; the message says why and what would work."""


def open_model(path: Path, threads: int) -> ort.InferenceSession:
    """A session on the processor.

    Raises:
        ModelError: the file is missing, or is not ONNX.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions have no public base but Exception
        raise ModelError(f"{path}: is not an ONNX model that this ONNX Runtime can load ({error})") from error


def check_input(path: Path, session: ort.InferenceSession) -> None:
    """Refuses half precision, whole numbers, and batches of a fixed size.

    Raises:
        ModelError: with the command that exports what is wanted.
    """
    wanted = session.get_inputs()[0]
    if wanted.type != FLOAT:
        kind = "fp16 (half precision)" if "16" in wanted.type else wanted.type
        raise ModelError(f"{path}: takes pictures as {kind}; 32-bit floats are needed:  {EXPORT}")
    if len(wanted.shape) == 4 and isinstance(wanted.shape[0], int) and wanted.shape[0] != 1:
        raise ModelError(f"{path}: takes {wanted.shape[0]} pictures at a time; one is needed:  {EXPORT}")


def class_names(
    path: Path, metadata: Mapping[str, str], train: str = "export it with `smartcart models export`"
) -> tuple[str, ...]:
    """The names by class number, of metadata ``names``: a list, or numbers to names as Python or JSON writes them.

    The numbers may be texts, and may begin at 1, as some tools count: the first name is class 0 all the same.

    Raises:
        ModelError: there are none, they cannot be read, or a number is missing between them.
    """
    if "names" not in metadata:
        raise ModelError(f"{path}: holds no class names (metadata 'names'); {train}")
    try:
        raw = _read(metadata["names"])
        pairs = raw.items() if isinstance(raw, Mapping) else enumerate(raw)
        names = {int(number): str(name) for number, name in pairs}
    except (ValueError, SyntaxError, TypeError) as error:
        raise ModelError(f"{path}: its class names cannot be read: {error}") from error
    first = min(names, default=0)
    if not names or first not in (0, 1) or sorted(names) != list(range(first, first + len(names))):
        raise ModelError(f"{path}: its class names are numbered {sorted(names)}, not 0, 1, 2 and so on; {train}")
    return tuple(names[number] for number in sorted(names))


def _read(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return json.loads(text)

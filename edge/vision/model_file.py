"""A model file in ONNX form: opens and runs it, reads its class names, and checks that it takes one picture of floats.

The metadata of a file cannot be trusted: nonsense is refused with a sentence when the file is loaded.
"""

import ast
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import: no telemetry about this machine
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from smartcart.edge.contract.events import EVENT_FIELDS, ModelName, check
from smartcart.edge.errors import EdgeError

Floats = NDArray[np.float32]

FLOAT: Final = "tensor(float)"
EXPORT: Final = "yolo export model=YOURS.pt format=onnx half=False batch=1"


class ModelError(EdgeError):
    """A model file cannot be used; the message says why and what would work."""


def open_model(path: Path, threads: int) -> ort.InferenceSession:
    """A session on the processor.

    Raises:
        ModelError: the file is missing, is not ONNX, or has more than one input.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions have no public base but Exception
        raise ModelError(f"{path}: is not an ONNX model that this ONNX Runtime can load ({error})") from error
    if len(session.get_inputs()) != 1 or not session.get_outputs():
        counts = f"{len(session.get_inputs())} inputs and {len(session.get_outputs())} outputs"
        raise ModelError(f"{path}: has {counts}; a model of one input, the picture, is needed")
    return session


def model_name(path: Path) -> ModelName:
    """The model's name in events, shortened if the file's name is too long."""
    return ModelName(name=path.stem[:128], hash=hashlib.sha256(path.read_bytes()).hexdigest()[:12])


def run_model(path: Path, session: ort.InferenceSession, pictures: Floats) -> Floats:
    """The first output for ``[N, 3, height, width]``.

    Raises:
        ModelError: it does not run on pictures of this size, or returns no numbers.
    """
    try:
        return np.asarray(session.run(None, {session.get_inputs()[0].name: pictures})[0], np.float32)
    except Exception as error:  # as above
        height, width = pictures.shape[2:]
        raise ModelError(f"{path}: does not run on a {width}x{height} picture: {error}") from error


def check_input(path: Path, session: ort.InferenceSession) -> None:
    """Refuses half precision, whole numbers, and batches of a fixed size.

    Raises:
        ModelError: the message contains the command that exports a usable model.
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
    """The names by class number from metadata ``names``: a list, or numbers to names as Python or JSON writes them.

    The numbers may be strings, and may begin at 1, as some tools count; the first name is class 0 in any case.

    Raises:
        ModelError: there are none, they cannot be read, or a number is missing.
    """
    if "names" not in metadata:
        raise ModelError(f"{path}: contains no class names (metadata 'names'); {train}")
    try:
        names = _numbered(_read(metadata["names"]))
        for name in names.values():
            _check_name(name)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ModelError(f"{path}: its class names cannot be read: {error}") from error
    first = min(names, default=0)
    if not names or first not in (0, 1) or sorted(names) != list(range(first, first + len(names))):
        raise ModelError(f"{path}: its class names are numbered {sorted(names)}, not 0, 1, 2 and so on; {train}")
    if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
        raise ModelError(f"{path}: has several classes called {twice[0]!r}; {train} with a different name for each")
    return tuple(names[number] for number in sorted(names))


def _numbered(raw: Any) -> dict[int, str]:
    """A set has no order, and a string is not a list of names: both are refused."""
    if not isinstance(raw, Mapping | list | tuple):
        raise ValueError(f"{str(raw)[:60]!r} is neither a list of names nor numbers with a name for each")
    pairs = list(raw.items() if isinstance(raw, Mapping) else enumerate(raw))
    for number, name in pairs:
        if not isinstance(name, str | int):
            raise ValueError(f"the name of {number} is not text")
    names = {int(str(number)): str(name).strip() for number, name in pairs}
    if len(names) < len(pairs):
        raise ValueError("a number occurs twice")
    return names


def _check_name(name: str) -> None:
    """A class's name becomes an event's label, so it must be valid as one."""
    check(name, EVENT_FIELDS["label"], f"the name {name[:80]!r}")
    if not name.isprintable():
        raise ValueError(f"the name {name!r} cannot be printed")


def _read(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return json.loads(text)

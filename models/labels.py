"""The class list shared by simulator, model and truth, and the paths of the shipped model files.

A class may be added at the end. None is renamed or moved, because stored events, truth files and data sets use these
names.
"""

from pathlib import Path
from typing import Final

LABELS: Final = (
    "bottle",
    "can",
    "carton",
    "box",
    "jar",
    "bag",
    "tub",
    "tube",
    "apple",
    "banana",
    "orange",
    "lemon",
    "tomato",
    "cucumber",
    "bread",
    "produce",
    "hand",
    "cup",
)
HAND: Final = "hand"
ITEMS: Final = tuple(label for label in LABELS if label != HAND)
UNKNOWN: Final = "unknown"  # a recogniser's answer if it sees none of the items; not a class of its own

_HERE = Path(__file__).parent
DEFAULT_MODEL: Final = _HERE / "smartcart-eye.onnx"
INT8_MODEL: Final = _HERE / "smartcart-eye-int8.onnx"
DEFAULT_RECOGNISER: Final = _HERE / "smartcart-recogniser.onnx"
DEFAULT_EMBEDDING: Final = _HERE / "smartcart-embedding.onnx"

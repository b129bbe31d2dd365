"""Where a training computes: on the machine's GPU where PyTorch sees one, else on its processor."""

import os
from typing import Final

CPU: Final = "cpu"
CUDA: Final = "cuda"


def best_device() -> str:
    """``cuda`` or ``cpu``, as PyTorch names them."""
    import torch

    return CUDA if torch.cuda.is_available() else CPU


def loaders_for(device: str) -> int:
    """How many processes prepare pictures beside the one that trains.

    One on a processor that also trains: more would take its cores. A GPU waits for pictures, so there half of the
    cores load.
    """
    return 1 if device == CPU else max(1, (os.cpu_count() or 2) // 2)

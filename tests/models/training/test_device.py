"""Where a training computes, and how many processes feed it."""

import importlib.util
import os

import pytest

if not importlib.util.find_spec("torch"):
    pytest.skip("needs the extra train", allow_module_level=True)

import torch

from smartcart.models.training.device import best_device, loaders_for
from smartcart.models.training.training import AUGMENTATION, STRONG


def test_a_gpu_is_used_where_pytorch_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert best_device() == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device() == "cpu"


def test_one_process_feeds_a_processor_and_half_of_the_cores_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, loaders in ((16, 8), (1, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert (loaders_for("cpu"), loaders_for("cuda")) == (1, loaders)


def test_strong_varies_everything_at_least_as_much() -> None:
    assert STRONG.keys() == AUGMENTATION.keys()
    assert all(STRONG[name] >= AUGMENTATION[name] for name in STRONG)
    assert STRONG != AUGMENTATION

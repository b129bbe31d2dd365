"""A folded network computes the same after its norms were given their statistics back, and survives a step."""

import importlib.util

import numpy as np
import pytest

if not importlib.util.find_spec("torch"):
    pytest.skip("needs the extra train", allow_module_level=True)

import torch
from torch import nn

from smartcart.models.training.norms import Floats, unfold_norms


def folded_network() -> nn.Sequential:
    """Two layers whose batch norms are the identity up to an offset, and one whose norm is alive."""
    torch.manual_seed(3)
    layers = [nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.SiLU()]
    layers += [nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4)]
    network = nn.Sequential(*layers)
    for norm in (network[1], network[4]):
        norm.running_var.fill_(1 - norm.eps)
        nn.init.normal_(norm.bias, 0.5)
    network[7].running_mean.fill_(0.4)
    return network.eval()


def pictures(count: int = 12) -> list[Floats]:
    rng = np.random.default_rng(5)
    return [rng.uniform(0.2, 0.9, (1, 3, 24, 32)).astype(np.float32) for _ in range(count)]


def test_it_still_computes_the_same() -> None:
    network = folded_network()
    picture = torch.from_numpy(pictures()[0])
    before = network(picture)
    assert unfold_norms(network, pictures()) == 2
    assert torch.allclose(network(picture), before, atol=1e-4)
    assert float(network[1].running_mean.abs().mean()) > 0.05


def test_when_trained_it_computes_nearly_the_same_and_the_folded_one_does_not() -> None:
    batch = torch.from_numpy(np.concatenate(pictures()))
    plain, mended = folded_network(), folded_network()
    unfold_norms(mended, pictures())
    expected = plain(batch)
    for network in (plain, mended):
        network.train()
        network[7].eval()
    with torch.no_grad():
        off_plain, off_mended = (float((network(batch) - expected).abs().mean()) for network in (plain, mended))
    assert off_mended < 0.05 * off_plain


def test_living_norms_stay_and_no_hook_is_left() -> None:
    network = folded_network()
    unfold_norms(network, pictures())
    assert float(network[7].running_mean[0]) == pytest.approx(0.4)
    assert unfold_norms(network, pictures()) == 0
    assert not any(module._forward_pre_hooks for module in network.modules())
    assert not network.training

"""The colours of a crop as a histogram.

A network trained on ImageNet's classes hardly uses colours, while packs of the same form differ in them.

Each pixel of the reduced crop counts softly for the cells of a grid over two colour differences and lightness, so that
a small change of light changes little. The colour differences are shares of the lightness.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

HUES: Final = 8
LIGHTS: Final = 3
WIDTH: Final = HUES * HUES * LIGHTS
SMALLER: Final = 4
FARTHEST: Final = 0.8
DARK: Final = 0.3
SPREAD: Final = 2.2
HUE_BLUR: Final = 0.22
LIGHT_BLUR: Final = 0.3


def colours(crops: "torch.Tensor") -> "torch.Tensor":
    """``[N, WIDTH]`` of length 1 of crops ``[N, 3, side, side]`` in [0, 1], red-green-blue."""
    import torch

    small = torch.nn.functional.avg_pool2d(crops, SMALLER)
    red, green, blue = small[:, 0:1], small[:, 1:2], small[:, 2:3]
    light = (red + green + blue) / 3
    scale = SPREAD / (3 * light + DARK)
    first = _cells((red - green) * scale, -FARTHEST, FARTHEST, HUES, HUE_BLUR)
    second = _cells((blue - (red + green) / 2) * scale, -FARTHEST, FARTHEST, HUES, HUE_BLUR)
    third = _cells(light, 0.1, 0.9, LIGHTS, LIGHT_BLUR)
    both = (first.unsqueeze(2) * second.unsqueeze(1)).flatten(1, 2)
    shares = (both @ third.transpose(1, 2)).flatten(1) / third.shape[2]
    return (shares + 1e-6).sqrt()  # the square roots of shares have length 1


def _cells(values: "torch.Tensor", low: float, high: float, count: int, blur: float) -> "torch.Tensor":
    """The share of each pixel in each of ``count`` cells: ``[N, 1, y, x]`` to ``[N, count, y * x]``, with sum 1."""
    import torch

    centres = torch.linspace(low, high, count).view(1, count, 1)
    weight = torch.exp(-(((values.flatten(2) - centres) / blur) ** 2))
    return weight / (weight.sum(1, keepdim=True) + 1e-9)

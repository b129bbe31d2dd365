"""The losses of a projection: three metric losses, compared on products kept aside.

Each takes embeddings ``[B, width]`` of length 1 and the product number of each; number -1 marks indistinguishable ones.
"""

from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

if TYPE_CHECKING:
    import torch

LossName = Literal["contrastive", "anchor", "angular"]
LOSSES: Final[tuple[LossName, ...]] = get_args(LossName)


class Loss(Protocol):
    """A loss with or without its own weights."""

    def parameters(self) -> "list[torch.Tensor]": ...

    def __call__(self, embeddings: "torch.Tensor", products: "torch.Tensor") -> "torch.Tensor": ...


class Contrastive:
    """Supervised contrastive; source: Khosla et al. (2020)."""

    def __init__(self, temperature: float = 0.1) -> None:
        self._temperature = temperature

    def parameters(self) -> "list[torch.Tensor]":
        return []

    def __call__(self, embeddings: "torch.Tensor", products: "torch.Tensor") -> "torch.Tensor":
        import torch

        alike = embeddings @ embeddings.T / self._temperature
        own = torch.eye(len(products), dtype=torch.bool)
        same = (products[:, None] == products[None]) & ~own
        logs = alike - alike.masked_fill(own, -1e9).logsumexp(1, keepdim=True)
        count = same.sum(1)
        return -((logs * same).sum(1)[count > 0] / count[count > 0]).mean()


class ProxyAnchor:
    """One learned proxy per product; source: Kim et al. (2020)."""

    def __init__(self, products: int, width: int, scale: float = 32.0, margin: float = 0.1) -> None:
        import torch

        self._proxies = torch.nn.functional.normalize(torch.randn(products, width), dim=1).requires_grad_()
        self._scale, self._margin = scale, margin

    def parameters(self) -> "list[torch.Tensor]":
        return [self._proxies]

    def __call__(self, embeddings: "torch.Tensor", products: "torch.Tensor") -> "torch.Tensor":
        import torch
        from torch.nn.functional import normalize, one_hot

        alike = embeddings @ normalize(self._proxies, dim=1).T
        is_own = one_hot(products, len(self._proxies)).bool()
        near = torch.where(is_own, -self._scale * (alike - self._margin), -1e9)
        far = torch.where(is_own, -1e9, self._scale * (alike + self._margin))
        there = is_own.any(0)
        return softplus_sum(near)[there].mean() + softplus_sum(far).mean()


def softplus_sum(rows: "torch.Tensor") -> "torch.Tensor":
    """``log(1 + sum(exp))`` down each column."""
    import torch

    return torch.cat([rows, torch.zeros(1, rows.shape[1])]).logsumexp(0)


class Angular:
    """ArcFace: a class per product, its angle made harder by a margin; source: Deng et al. (2019)."""

    def __init__(self, products: int, width: int, scale: float = 24.0, margin: float = 0.3) -> None:
        import torch

        self._proxies = torch.nn.functional.normalize(torch.randn(products, width), dim=1).requires_grad_()
        self._scale, self._margin = scale, margin

    def parameters(self) -> "list[torch.Tensor]":
        return [self._proxies]

    def __call__(self, embeddings: "torch.Tensor", products: "torch.Tensor") -> "torch.Tensor":
        import torch
        from torch.nn.functional import cross_entropy, normalize, one_hot

        alike = (embeddings @ normalize(self._proxies, dim=1).T).clamp(-1 + 1e-6, 1 - 1e-6)
        own = one_hot(products, len(self._proxies)).bool()
        harder = torch.where(own, torch.cos(torch.acos(alike) + self._margin), alike)
        return cross_entropy(self._scale * harder, products)


def loss_of(name: LossName, products: int, width: int) -> Loss:
    """A fresh loss over this many products."""
    match name:
        case "contrastive":
            return Contrastive()
        case "anchor":
            return ProxyAnchor(products, width)
        case "angular":
            return Angular(products, width)

"""The worth of each source to unseen sources: correct names with it and without it.

For each pair of sources, one teaches and the other is measured on. A head is trained on all sources but the measured
one, and again without the teacher; the difference in correct names is the teacher's worth there. Only the last layer is
trained, over a fixed backbone's output for each crop, with the crops balanced as in a training (``balance``). So every
crop goes through the network once, and nothing but the sources differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.detection_dataset import DatasetError
from smartcart.models.recogniser.balance import chances
from smartcart.models.recogniser.cut import NAMES, Crops, CropSource, cut

if TYPE_CHECKING:
    import torch

AT_ONCE: Final = 128
STEPS: Final = 40
DECAY: Final = 1e-4
LEAST: Final = 10  # crops of a source to measure on


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """One source.

    Attributes:
        name: of the source.
        crops: of items that were cut from it.
        labels: its labels, the most frequent first.
        unseen: share of its crops named correctly by a head trained on all other sources, among those whose label
            another source contains; None if these are too few.
        gain: by how much the share correct on an unseen source grows with this one, mean over those sources.
        best: the source that gains most from it, and how much; None if none gains.
    """

    name: str
    crops: int
    labels: tuple[str, ...]
    unseen: float | None
    gain: float
    best: tuple[str, float] | None


def worth(
    sources: Sequence[CropSource], *, weights: Path, side: int = 96, most: int = 1500, seed: int = 1
) -> list[Worth]:
    """Every source's worth, the greatest first.

    Args:
        sources: at least three.
        weights: the detector whose backbone is used, ideally one that was not trained on any of the sources.
        side: of a crop, in pixels.
        most: maximum number of crops per source.
        seed: for the choice of crops.

    Raises:
        DatasetError: fewer than three sources contain items.
        TrainingError: the weights cannot be used.
    """
    rng = np.random.default_rng(seed)
    crops = _at_most(cut(sources, side, rng=rng), most, rng)
    holding = [int(number) for number in np.unique(crops.sources)]
    if len(holding) < 3:
        raise DatasetError("three sources with items are needed to tell what each is worth")
    seen = _features(crops, weights)
    heads = _Heads(seen, replace(crops, pixels=crops.pixels[:, :0]))  # the pixels are no longer needed
    with_all = {measured: heads.right({measured}, measured) for measured in holding}
    judged = [measured for measured in holding if with_all[measured] is not None]
    gains = {
        (teacher, measured): _less(with_all[measured], heads.right({measured, teacher}, measured))
        for teacher in holding
        for measured in judged
        if teacher != measured
    }
    found = []
    for teacher in holding:
        given = {measured: gains[teacher, measured] for measured in judged if measured != teacher}
        best = max(given, key=lambda measured: given[measured], default=None)
        found.append(
            Worth(
                name=sources[teacher].name,
                crops=int((crops.sources == teacher).sum()),
                labels=_commonest(crops.names[crops.sources == teacher]),
                unseen=with_all[teacher],
                gain=float(np.mean(list(given.values()))) if given else 0.0,
                best=(sources[best].name, given[best]) if best is not None and given[best] > 0 else None,
            )
        )
    return sorted(found, key=lambda one: -one.gain)


class _Heads:
    """Last layers over fixed features; each is trained once, starting from the one trained on everything."""

    def __init__(self, features: "torch.Tensor", crops: Crops) -> None:
        self._features, self._crops = features, crops
        self._start: Any = None
        self._known: dict[frozenset[int], Any] = {}
        self._start = self._head(frozenset())

    def right(self, without: set[int], measured: int) -> float | None:
        """The share of one source's crops named correctly by a head that was not trained on some sources."""
        taught = np.unique(self._crops.names[self._crops.sources != measured])
        of_source = (self._crops.sources == measured) & np.isin(self._crops.names, taught)
        if of_source.sum() < LEAST:
            return None
        layer = self._head(frozenset(without))
        scores = layer(self._features[of_source]).detach().numpy()
        return float((scores.argmax(1) == self._crops.names[of_source]).mean())

    def _head(self, without: frozenset[int]) -> Any:
        if without not in self._known:
            self._known[without] = self._fit(~np.isin(self._crops.sources, list(without)))
        return self._known[without]

    def _fit(self, chosen: NDArray[np.bool_]) -> Any:
        import torch

        layer = torch.nn.Linear(self._features.shape[1], len(NAMES))
        if self._start is None:
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        else:
            layer.load_state_dict(self._start.state_dict())
        seen, names = self._features[chosen], torch.from_numpy(self._crops.names[chosen])
        weight = torch.from_numpy(chances(_only(self._crops, chosen))).float()
        search = torch.optim.LBFGS(layer.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

        def loss() -> float:
            search.zero_grad()
            losses = torch.nn.functional.cross_entropy(layer(seen), names, reduction="none")
            total = (weight * losses).sum() + DECAY * layer.weight.square().sum()
            total.backward()
            return float(total.item())

        search.step(loss)
        return layer


def _features(crops: Crops, weights: Path) -> "torch.Tensor":
    """The backbone's output for each crop, ``[N, width]``, each column with mean 0 and deviation 1."""
    import torch

    from smartcart.models.recogniser.network import start_network

    network = start_network(weights, crops.pixels)[:-1].eval()
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(crops.pixels[i : i + AT_ONCE]).float() / 255)
            for i in range(0, len(crops), AT_ONCE)
        ]
        seen = torch.cat(parts).float()
        return (seen - seen.mean(0)) / (seen.std(0) + 1e-6)


def _at_most(crops: Crops, most: int, rng: np.random.Generator) -> Crops:
    order = rng.permutation(len(crops))
    kept = np.zeros(len(crops), bool)
    for source in np.unique(crops.sources):
        kept[order[crops.sources[order] == source][:most]] = True
    return _only(crops, kept)


def _only(crops: Crops, chosen: NDArray[np.bool_]) -> Crops:
    return replace(
        crops,
        pixels=crops.pixels[chosen],
        names=crops.names[chosen],
        sources=crops.sources[chosen],
        rendered=crops.rendered[chosen],
    )


def _commonest(names: NDArray[np.int64]) -> tuple[str, ...]:
    numbers, counts = np.unique(names, return_counts=True)
    return tuple(NAMES[numbers[i]] for i in np.argsort(-counts, kind="stable"))


def _less(more: float | None, less: float | None) -> float:
    return (more or 0.0) - (less or 0.0)

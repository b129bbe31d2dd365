"""Trains the embedding: the backbone stays fixed, the layer after it learns to ignore differences between views.

Three kinds of pictures show one product several times: rendered products from several sides, laid over real
surroundings; real crops, each a product of its own, seen twice in different light; and photos of real products, in one
folder each. Kept products, which are not used for training, choose the candidate. The rendered ones among them, seen
from any side, determine the interpretation of similarities.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset
from smartcart.models.embedding.backbone import SIDE, Features, Floats, as_onnx, start_backbone
from smartcart.models.embedding.composed import Pixels, Views, laid, read_views
from smartcart.models.embedding.export import write_embedding
from smartcart.models.embedding.figures import SimilarityReading, ToldApart, fitted, told
from smartcart.models.embedding.losses import LOSSES, LossName
from smartcart.models.embedding.projection import Numbers, Projection, evened, learned
from smartcart.models.recogniser.cut import CropSource, cut
from smartcart.models.recogniser.training import varied
from smartcart.models.training.training import MissingExtraError

SHOTS: Final = 5
EVENED: Final = "evened out"
CANDIDATES: Final = (EVENED, *LOSSES)
UNREAD: Final = SimilarityReading(like=0.3, sharpness=10.0)
"""The interpretation of similarities while candidates are compared."""
Shown = tuple[Pixels, Numbers]
"""Crops ``[N, 3, side, side]`` and the product number of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRecipe:
    """Everything that determines a training besides pictures and start weights.

    Attributes:
        views: of each rendered product, at most.
        crops: of real pictures, at most.
        steps: of each loss.
        seed: of all random choices.
        threads: of PyTorch.
    """

    views: int = 8
    crops: int = 1500
    steps: int = 100
    seed: int = 1
    threads: int = 1


def train_embedding(
    data: Sequence[Path],
    *,
    views: Sequence[Path],
    kept: Sequence[Path],
    out: Path,
    recipe: EmbeddingRecipe,
    photos: Shown | None = None,
    weights: Path | None = None,
    sources: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Trains, chooses by the kept products, and writes the ONNX file.

    Args:
        data: ``data.yaml`` files of real pictures; their ``train`` parts are cut.
        views: folders of rendered products for training, ``kept`` of those that choose.
        out: the ONNX file to write.
        photos: of real products. Every second product chooses the candidate; the file then learns from all of them.
            Without photos the rendered products choose.
        weights: of the backbone; None takes ImageNet's.

    Returns:
        The record: figures of every candidate on the kept products, and which one was written.

    Raises:
        DatasetError: pictures or views are missing.
        TrainingError: the weights are unusable, or the extra is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    began = time.monotonic()
    graph = as_onnx(start_backbone(weights))
    network = Features(graph)
    grounds = real_crops(data, recipe.crops, rng)
    learn_views, kept_views = read_views(views), read_views(kept)
    made = [_seen(network, learn_views, grounds, recipe.views, rng), _twice(network, grounds)]
    choosing = {"rendered": _seen(network, kept_views, grounds, 2 * recipe.views, rng)}
    parts, whole = made, made
    if photos is not None:
        real = (network.of(photos[0]), photos[1])
        half, choosing["real"] = _halves(real)
        parts, whole = [*made, half], [*made, real]
    decides = "real" if photos is not None else "rendered"
    tried = {name: _figures_of(choosing, candidate(name, parts, recipe)) for name in CANDIDATES}
    best = max(tried, key=lambda name: _worth(tried[name][decides]))
    rows, of = candidate(best, parts, recipe).of(choosing["rendered"][0]), choosing["rendered"][1]
    enrols = first_of_each(of, SHOTS, recipe.seed)
    reading = fitted(rows[enrols], of[enrols], rows[~enrols], of[~enrols], shots=SHOTS)
    record = {
        "recipe": asdict(recipe),
        "chosen": best,
        "by": decides,
        "candidates": {name: {kind: f.to_json() for kind, f in told.items()} for name, told in tried.items()},
        "crops": sum(len(features) for features, _ in whole),
        "products": sum(len(np.unique(numbers)) for _, numbers in whole),
        "like": reading.like,
        "sharpness": reading.sharpness,
        "seconds": round(time.monotonic() - began, 1),
    }
    write_embedding(graph, candidate(best, whole, recipe), out, record=record, sources=sources)
    out.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _halves(shown: tuple[Floats, Numbers]) -> tuple[tuple[Floats, Numbers], tuple[Floats, Numbers]]:
    """Every second product, and the others."""
    features, products = shown
    is_even = products % 2 == 0
    return (features[is_even], products[is_even] // 2), (features[~is_even], products[~is_even] // 2)


def _figures_of(choosing: Mapping[str, tuple[Floats, Numbers]], projection: Projection) -> dict[str, ToldApart]:
    return {kind: kept_figures(projection.of(rows), of) for kind, (rows, of) in choosing.items()}


def _worth(figure: ToldApart) -> float:
    return figure.top1 + figure.accepted_and_right


def candidate(name: str, parts: Sequence[tuple[Floats, Numbers]], recipe: EmbeddingRecipe) -> Projection:
    """The features with the differences between views removed, alone or followed by a loss."""
    start = evened(parts)
    if name == EVENED:
        return start
    features, products = joined(parts)
    loss: LossName = name  # type: ignore[assignment]
    return learned(start, features, products, loss, steps=recipe.steps, seed=recipe.seed)


def joined(parts: Sequence[tuple[Floats, Numbers]]) -> tuple[Floats, Numbers]:
    """All of them, with a separate number for every product."""
    starts = np.cumsum([0, *(int(numbers.max()) + 1 for _, numbers in parts)])
    numbers = [numbers + first for (_, numbers), first in zip(parts, starts, strict=False)]
    return np.concatenate([features for features, _ in parts]), np.concatenate(numbers)


def real_crops(data: Sequence[Path], most: int, rng: np.random.Generator) -> Pixels:
    """Crops of the ``train`` parts, about the same number from each data set.

    Raises:
        DatasetError: there are none.
    """
    if not data:
        raise DatasetError("give --data: the real pictures on which rendered products are laid")
    crops = []
    for file in data:
        photos = [photo for part in read_dataset(file).train for photo in part.photos]
        some = [photos[i] for i in rng.permutation(len(photos))[: max(1, most // len(data))]]
        source = CropSource(name=file.parent.name, photos=some, complete=False, rendered=False)
        pixels = cut([source], SIDE, rng=rng).pixels
        crops.append(pixels[rng.permutation(len(pixels))[: max(1, most // len(data))]])
    return np.concatenate(crops)


def _twice(network: Features, crops: Pixels) -> tuple[Floats, Numbers]:
    """Features of each crop in two different lights; each crop is a product."""
    import torch

    rows = [network.of((varied(torch.from_numpy(crops)) * 255).byte().numpy()) for _ in range(2)]
    return np.concatenate(rows), np.tile(np.arange(len(crops)), 2)


def _seen(
    network: Features, views: Views, grounds: Pixels, most: int, rng: np.random.Generator
) -> tuple[Floats, Numbers]:
    """Features of several views of each product, laid over real crops, and the product number of each."""
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(views.products == k))[:most] for k in range(len(views.names))]
    )
    parts = []
    for i in range(0, len(chosen), 64):
        some = chosen[i : i + 64]
        over = grounds[rng.integers(len(grounds), size=len(some))]
        pictures = [laid(views.pixels[k], ground, SIDE, rng) for k, ground in zip(some, over, strict=True)]
        parts.append(network.of(np.stack(pictures)))
    return np.concatenate(parts), views.products[chosen]


def first_of_each(truth: Numbers, shots: int, seed: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which pictures enrol: this many of each product, drawn at random."""
    rng = np.random.default_rng(seed)
    enrols = np.zeros(len(truth), bool)
    for product in np.unique(truth):
        enrols[rng.permutation(np.flatnonzero(truth == product))[:shots]] = True
    return enrols


def kept_figures(rows: Floats, of: Numbers, *, reading: SimilarityReading = UNREAD, seed: int = 1) -> ToldApart:
    """The figures of embeddings, some of which enrol while the others ask."""
    enrols = first_of_each(of, SHOTS, seed)
    return told(rows[enrols], of[enrols], rows[~enrols], of[~enrols], shots=SHOTS, reading=reading)

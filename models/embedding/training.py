"""Trains the embedding: the backbone stays as it is, the layer behind it learns products; the best loss is kept.

Each rendered product is seen from several sides, laid over real surroundings; each real crop is a product of its own
that is seen twice in other light. Kept products choose loss and start; they are none of those that were learned from.
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
from smartcart.models.embedding.figures import ToldApart, reading, told
from smartcart.models.embedding.losses import LOSSES
from smartcart.models.embedding.projection import Numbers, Projection, learned, whitening
from smartcart.models.recogniser.cut import CropSource, cut
from smartcart.models.recogniser.training import varied
from smartcart.models.training.training import MissingExtraError

POWERS: Final = (0.0, 0.25, 0.5)
SHOTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRecipe:
    """What decides a training besides pictures and start.

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
    weights: Path | None = None,
    sources: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Trains, chooses by the kept products, and writes the ONNX file.

    Args:
        data: ``data.yaml`` files of real pictures; their ``train`` parts are cut.
        views: folders of rendered products to learn from, ``kept`` of those that choose.
        out: the ONNX file to write.
        weights: of the backbone; None takes ImageNet's.

    Returns:
        The record: figures of every candidate on the kept products, and which one was written.

    Raises:
        DatasetError: pictures or views are not there.
        TrainingError: the weights cannot be used, or the extra is not installed.
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
    twice = [network.of((varied(torch.from_numpy(grounds)) * 255).byte().numpy()) for _ in range(2)]
    rendered, of = _seen(network, learn_views, grounds, recipe.views, rng)
    asked, truth = _seen(network, kept_views, grounds, 2 * recipe.views, rng)
    features = np.concatenate([rendered, *twice])
    alone = of.max() + 1 + np.arange(len(grounds))
    products = np.concatenate([of, alone, alone])
    found = {
        name: (projection, kept_figures(projection.of(asked), truth, recipe.seed))
        for name, projection in _candidates(features, products, recipe)
    }
    best = max(found, key=lambda name: found[name][1].top1 + found[name][1].accepted_and_right)
    projection = found[best][0]
    enrols = first_of_each(truth, SHOTS, np.random.default_rng(recipe.seed))
    rows = projection.of(asked)
    like, sharpness = reading(rows[enrols], truth[enrols], rows[~enrols], truth[~enrols], shots=SHOTS)
    record = {
        "recipe": asdict(recipe),
        "chosen": best,
        "candidates": {name: figure.to_json() for name, (_, figure) in found.items()},
        "crops": len(features),
        "products": len(learn_views.names),
        "like": like,
        "sharpness": sharpness,
        "seconds": round(time.monotonic() - began, 1),
    }
    write_embedding(graph, projection, out, record=record, sources=sources)
    out.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _candidates(features: Floats, products: Numbers, recipe: EmbeddingRecipe) -> list[tuple[str, Projection]]:
    """The features' own axes, and each loss from them."""
    found = [(f"whitening {power}", whitening(features, power)) for power in POWERS]
    for loss in LOSSES:
        made = learned(whitening(features), features, products, loss, steps=recipe.steps, seed=recipe.seed)
        found.append((f"{loss}, {recipe.steps} steps", made))
    return found


def real_crops(data: Sequence[Path], most: int, rng: np.random.Generator) -> Pixels:
    """Crops of the ``train`` parts, of each data set about as many.

    Raises:
        DatasetError: there are none.
    """
    if not data:
        raise DatasetError("give --data: real pictures are what rendered products are laid over")
    crops = []
    for file in data:
        photos = [photo for part in read_dataset(file).train for photo in part.photos]
        some = [photos[i] for i in rng.permutation(len(photos))[: max(1, most // len(data))]]
        source = CropSource(name=file.parent.name, photos=some, complete=False, rendered=False)
        pixels = cut([source], SIDE, rng=rng).pixels
        crops.append(pixels[rng.permutation(len(pixels))[: max(1, most // len(data))]])
    return np.concatenate(crops)


def _seen(
    network: Features, views: Views, grounds: Pixels, most: int, rng: np.random.Generator
) -> tuple[Floats, Numbers]:
    """Features of so many views of each product, laid over real crops, and the number of each one's product."""
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


def first_of_each(truth: Numbers, shots: int, rng: np.random.Generator) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which pictures enrol: so many of each product, drawn."""
    enrols = np.zeros(len(truth), bool)
    for product in np.unique(truth):
        enrols[rng.permutation(np.flatnonzero(truth == product))[:shots]] = True
    return enrols


def kept_figures(rows: Floats, truth: Numbers, seed: int) -> ToldApart:
    """The figures of embeddings of which some enrol and the others ask."""
    enrols = first_of_each(truth, SHOTS, np.random.default_rng(seed))
    return told(rows[enrols], truth[enrols], rows[~enrols], truth[~enrols], shots=SHOTS)

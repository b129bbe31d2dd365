"""Trains the recogniser: it names an item from its crop, where the eye names it in passing.

The eye learns slowly to name things, since most of its work is to find them; a crop holds nothing but the thing, is a
fiftieth of the work, and is seen as often as the picture allows. PyTorch is imported inside the functions.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from tqdm import tqdm

from smartcart.models.cut import Crops, Numbers, cut_items
from smartcart.models.detection_dataset import LabelledPhoto, fingerprint, read_dataset
from smartcart.models.joined_dataset import training_photos
from smartcart.models.labels import HAND, ITEMS
from smartcart.models.training import MissingExtraError, TrainingError, quiet_libraries, sha256

if TYPE_CHECKING:
    import torch

LICENCE: Final = "AGPL-3.0-only"
OPSET: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserRecipe:
    """Everything that decides a training besides pictures and start.

    Attributes:
        side: of a crop, in pixels, a multiple of 32.
        epochs: passes over the crops.
        copies: how often each box is cut, shaken by a twentieth of its sides, as a detector's boxes are.
        least_visible: boxes of items of which less can be seen are left out.
        batch: crops a step.
        learning_rate: of AdamW, at the start, for the last layer; it falls along a cosine.
        backbone_rate: the learning rate of the rest, as a share of it.
        seed: of all random choices.
        threads: of PyTorch.
    """

    side: int = 96
    epochs: int = 12
    copies: int = 2
    least_visible: float = 0.3
    batch: int = 128
    learning_rate: float = 1e-3
    backbone_rate: float = 0.5
    seed: int = 1
    threads: int = os.cpu_count() or 1


def train_recogniser(
    data: Sequence[Path], *, weights: Path, out: Path, recipe: RecogniserRecipe, sources: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Trains from an eye's backbone, or goes on with a recogniser, and writes an ONNX file.

    Args:
        data: ``data.yaml`` files; it learns from their ``train`` parts and is measured on their ``val`` parts.
        weights: an eye, as ``open_model`` takes it, or a recogniser to go on with.
        out: the ONNX file to write.
        recipe: how to train.
        sources: the data sets that it learned from, with author and licence.

    Returns:
        The record: recipe, crops, seconds, and for each ``val`` part the share of crops named right, by label too.

    Raises:
        DatasetError: a data set cannot be used, or has no item to learn from.
        TrainingError: the weights cannot be used, or the extra is not installed.
    """
    if not weights.is_file():
        raise TrainingError(f"{weights}: no such file; give an eye or a recogniser, e.g. models/smartcart-eye.onnx")
    quiet_libraries()
    try:
        import torch

        from smartcart.models.recogniser_network import start_network

        datasets = [read_dataset(file) for file in data]
        photos = training_photos(datasets)
        rng = np.random.default_rng(recipe.seed)
        crops, numbers = cut_items(
            photos, recipe.side, rng=rng, copies=recipe.copies, least_visible=recipe.least_visible
        )
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads)
        network = start_network(weights, crops).to(memory_format=torch.channels_last)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    started = time.monotonic()
    _fit(network, crops, numbers, recipe)
    record: dict[str, Any] = {
        "recipe": asdict(recipe),
        "start": {"file": weights.name, "sha256": sha256(weights)},
        "crops": len(crops),
        "fingerprint": fingerprint(set(photos)),
        "seconds": round(time.monotonic() - started, 1),
    }
    _export(network, out, recipe, record, sources)
    parts = {f"{dataset.file.parent.name}/{part.name}": part.photos for dataset in datasets for part in dataset.val}
    record["right"] = {name: _measured(network, photos, recipe) for name, photos in parts.items() if _items(photos)}
    return record


def _items(photos: Iterable[LabelledPhoto]) -> bool:
    return any(box.label != HAND for photo in photos for box in photo.boxes)


def _fit(network: Any, crops: Crops, numbers: Numbers, recipe: RecogniserRecipe) -> None:
    import torch

    body, last = network[0], network[-1]
    rates = [recipe.learning_rate * recipe.backbone_rate, recipe.learning_rate]
    optimiser = torch.optim.AdamW(
        [{"params": part.parameters(), "lr": rate} for part, rate in zip((body, last), rates, strict=True)],
        weight_decay=0.01,
    )
    counts = np.bincount(numbers, minlength=len(ITEMS))
    rare = np.sqrt(np.clip(counts.mean() / np.maximum(counts, 1), 0.3, 3))
    loss_of = torch.nn.CrossEntropyLoss(weight=torch.tensor(rare, dtype=torch.float32), label_smoothing=0.05)
    rng = np.random.default_rng(recipe.seed)
    batches = max(1, len(crops) // recipe.batch)
    network.train()
    with tqdm(total=recipe.epochs * batches, unit="batch", file=sys.stderr, disable=None) as bar:
        for step in range(recipe.epochs * batches):
            if step % batches == 0:
                order = rng.permutation(len(crops))
            share = min(1.0, step / 100) * (1 + math.cos(math.pi * step / (recipe.epochs * batches))) / 2
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * share
            chosen = order[step % batches * recipe.batch :][: recipe.batch]
            pictures = _varied(torch.from_numpy(crops[chosen])).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores = network(pictures)
            loss = loss_of(scores.float(), torch.from_numpy(numbers[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
    network.eval()


def _varied(crops: "torch.Tensor") -> "torch.Tensor":
    """Crops in [0, 1], turned, mirrored, nearer or farther, in other light."""
    import torch
    from torch.nn import functional

    n = len(crops)
    angle, scale = 0.7 * (torch.rand(n) - 0.5), torch.exp(0.3 * (torch.rand(n) - 0.5))
    mirrored = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([cos * mirrored, -sin], 1), torch.stack([sin * mirrored, cos], 1)]
    turn = torch.cat([torch.stack(rows, 1), 0.12 * (torch.rand(n, 2, 1) - 0.5)], 2)
    grid = functional.affine_grid(turn, list(crops.shape), align_corners=False)
    seen = functional.grid_sample(crops.float() / 255, grid, padding_mode="reflection", align_corners=False)
    if torch.rand(1) < 0.4:
        seen = torch.rot90(seen, int(torch.randint(4, (1,))), (2, 3))
    gain = (1 + 0.5 * (torch.rand(n, 1, 1, 1) - 0.5)) * (1 + 0.2 * (torch.rand(n, 3, 1, 1) - 0.5))
    return (seen * gain + 0.15 * (torch.rand(n, 1, 1, 1) - 0.5)).clamp(0, 1)


def _measured(network: Any, photos: Sequence[LabelledPhoto], recipe: RecogniserRecipe) -> Mapping[str, Any]:
    """The share of the boxes at least half visible that are named right."""
    import torch

    crops, numbers = cut_items(photos, recipe.side, rng=np.random.default_rng(0))
    with torch.no_grad():
        parts = [network(torch.from_numpy(crops[i : i + 256]).float() / 255) for i in range(0, len(crops), 256)]
    right = torch.cat(parts).argmax(1).numpy() == numbers
    by_label = {ITEMS[n]: round(float(right[numbers == n].mean()), 4) for n in sorted(set(numbers.tolist()))}
    return {"crops": len(crops), "right": round(float(right.mean()), 4), "by_label": by_label}


def _export(
    network: Any, out: Path, recipe: RecogniserRecipe, record: Mapping[str, Any], sources: Sequence[str]
) -> None:
    import onnx
    import torch

    out.parent.mkdir(parents=True, exist_ok=True)
    whole = torch.nn.Sequential(network, torch.nn.Softmax(1)).eval().to(memory_format=torch.contiguous_format)
    part = out.with_suffix(".part")
    torch.onnx.export(
        whole,
        (torch.zeros(1, 3, recipe.side, recipe.side),),
        str(part),
        input_names=["crops"],
        output_names=["likelihoods"],
        dynamic_axes={"crops": {0: "n"}, "likelihoods": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    graph = onnx.load(part)
    metadata = {
        "names": str(dict(enumerate(ITEMS))),
        "task": "classify",
        "description": "smartcart recogniser: names an item from its crop",
        "author": "the smartcart project, trained with PyTorch",
        "license": LICENCE,
        "recipe": json.dumps(record["recipe"]),
        "start_sha256": record["start"]["sha256"],
        "photos_sha256": record["fingerprint"],
        "sources": "\n".join(sources),
    }
    onnx.helper.set_model_props(graph, metadata)
    onnx.checker.check_model(graph)
    onnx.save(graph, part)
    part.replace(out)

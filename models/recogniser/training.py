"""Trains the recogniser, which names an item from its crop, while the detector names it only in passing.

The detector learns slowly to name items, since most of its work is to find them. A crop contains nothing but the item,
takes a fiftieth of the work, and has the picture's full resolution. Besides the items the recogniser learns to answer
*unknown*, from hands and from empty places. PyTorch is imported inside the functions.
"""

import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from tqdm import tqdm

from smartcart.models.dataset.detection_dataset import DetectionDataset, LabelledPhoto, fingerprint, read_dataset
from smartcart.models.dataset.joined_dataset import training_photos
from smartcart.models.dataset.shared_scenes import Rule, by_rule
from smartcart.models.labels import HAND, ITEMS
from smartcart.models.recogniser.balance import chances
from smartcart.models.recogniser.checkpoint import EVERY_SECONDS, checkpoint_of, read_checkpoint, write_checkpoint
from smartcart.models.recogniser.cut import Crops, CropSource, cut
from smartcart.models.recogniser.export import export_recogniser
from smartcart.models.recogniser.measure import answers, figures, fitted_temperature
from smartcart.models.training.device import best_device
from smartcart.models.training.recipe import TrainingError
from smartcart.models.training.training import MissingExtraError, quiet_libraries, sha256

if TYPE_CHECKING:
    import torch

WARMING: Final = 100
SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserRecipe:
    """Everything that determines a training besides pictures and start weights.

    Attributes:
        side: of a crop, in pixels, a multiple of 32.
        epochs: passes over the number of crops.
        hours: a budget of time instead of a number of passes.
        copies: how often each box is cut, jittered by a share of its sides, like a detector's boxes.
        least_visible: items with a smaller visible share are skipped.
        nothing: crops without an item, on average, from a picture in which every item is labelled.
        batch: crops per step.
        learning_rate: of AdamW, at the start, for the last layer; it falls along a cosine.
        backbone_rate: the learning rate of the rest, as a share of it.
        seed: of all random choices.
        threads: of PyTorch.
    """

    side: int = 96
    epochs: int = 12
    hours: float | None = None
    copies: int = 2
    least_visible: float = 0.3
    nothing: float = 0.7
    batch: int = 128
    learning_rate: float = 1e-3
    backbone_rate: float = 0.5
    seed: int = 1
    threads: int = os.cpu_count() or 1


def train_recogniser(
    data: Sequence[Path],
    *,
    weights: Path,
    out: Path,
    recipe: RecogniserRecipe,
    sources: Sequence[str] = (),
    shared_scenes: Rule = "refuse",
) -> Mapping[str, Any]:
    """Trains from a detector's backbone, or continues a recogniser, and writes an ONNX file after every pass.

    The file of earlier passes is replaced if the mean share correct over the ``val`` parts has grown; a ``.log`` beside
    it gets one line of JSON per pass.

    Args:
        data: ``data.yaml`` files; it learns from their ``train`` parts and is measured on their ``val`` parts.
        weights: a detector, as ``open_model`` takes it, or a recogniser to continue.
        out: the ONNX file to write.
        recipe: how to train.
        sources: the data sets that it learned from, with author and licence.
        shared_scenes: what to do with photos that share a scene with one that is kept for measuring.

    Returns:
        The record: recipe, crops, seconds, temperature, and for each ``val`` part the share of crops named right, by
        label too, and the calibration error.

    Raises:
        DatasetError: a data set cannot be used, or has no item to learn from.
        TrainingError: the weights cannot be used, or the extra is not installed.
    """
    if not weights.is_file():
        raise TrainingError(f"{weights}: no such file; give a detector or a recogniser, e.g. models/smartcart-eye.onnx")
    given = {
        "data": [str(file.absolute()) for file in data],
        "weights": str(weights.absolute()),
        "recipe": asdict(recipe),
        "sources": list(sources),
        "shared_scenes": shared_scenes,
    }
    return _train(given, out, None)


def resume_recogniser(out: Path) -> Mapping[str, Any]:
    """Continues an interrupted training, from its state at most a minute before the end.

    Args:
        out: the ONNX file of that training.

    Returns:
        The record, as if it had not been interrupted.

    Raises:
        DatasetError: a data set has become unusable.
        TrainingError: there is nothing to resume, the photos have changed, or the extra is not installed.
    """
    quiet_libraries()
    try:
        begun = read_checkpoint(out)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    return _train(begun["given"], out, begun)


def _train(given: Mapping[str, Any], out: Path, begun: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """From the start, or from ``begun``, a checkpoint."""
    recipe, weights = RecogniserRecipe(**given["recipe"]), Path(given["weights"])
    quiet_libraries()
    try:
        import torch

        from smartcart.models.recogniser.network import start_network

        datasets = by_rule([read_dataset(Path(file)) for file in given["data"]], given["shared_scenes"])
        photos = training_photos(datasets)
        rng = np.random.default_rng(recipe.seed)
        crops = cut(
            sources_of(datasets),
            recipe.side,
            rng=rng,
            copies=recipe.copies,
            least_visible=recipe.least_visible,
            nothing=recipe.nothing,
        )
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads)
        network = start_network(weights, crops.pixels).to(best_device(), memory_format=torch.channels_last)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error) from error
    record: dict[str, Any] = {
        "recipe": asdict(recipe),
        "start": {"file": weights.name, "sha256": sha256(weights)},
        "crops": len(crops),
        "real": int((~crops.rendered).sum()),
        "fingerprint": fingerprint(set(photos)),
    }
    if begun is not None and begun["fingerprint"] != record["fingerprint"]:
        raise TrainingError(f"{out}: the photos have changed since this training began; start a new one")
    keeper = _Keeper(out, recipe, record, given["sources"], _kept_crops(datasets, recipe.side))
    _fit(network, crops, recipe, keeper, given, begun)
    checkpoint_of(out).unlink(missing_ok=True)
    return keeper.record


def sources_of(datasets: Sequence[DetectionDataset]) -> list[CropSource]:
    """The ``train`` parts by origin; a set that names several parts, or is given twice, is one source."""
    photos: dict[str, list[LabelledPhoto]] = {}
    complete: dict[str, bool] = {}
    for dataset in datasets:
        name = dataset.file.parent.name
        for part in dataset.train:
            photos.setdefault(name, []).extend(part.photos)
            complete[name] = complete.get(name, True) and part.judges >= set(ITEMS)
    return [
        CropSource(name=name, photos=of_name, complete=complete[name], rendered=_rendered(of_name))
        for name, of_name in photos.items()
    ]


def _rendered(photos: Sequence[LabelledPhoto]) -> bool:
    """True if the simulator made the pictures: only it knows how much of each object is visible."""
    return any(box.visible is not None for photo in photos[:100] for box in photo.boxes)


def _kept_crops(datasets: Sequence[DetectionDataset], side: int) -> Mapping[str, Crops]:
    """The crops of each ``val`` part with items, cut at the true boxes."""
    kept = {}
    for dataset in datasets:
        for part in dataset.val:
            if any(box.label != HAND for photo in part.photos for box in photo.boxes):
                name = f"{dataset.file.parent.name}/{part.name}"
                source = CropSource(name=name, photos=part.photos, complete=False, rendered=_rendered(part.photos))
                kept[name] = cut([source], side, rng=np.random.default_rng(0))
    return kept


class _Keeper:
    """Measures after every pass, and keeps the best network as a file."""

    def __init__(
        self,
        out: Path,
        recipe: RecogniserRecipe,
        record: dict[str, Any],
        sources: Sequence[str],
        kept: Mapping[str, Crops],
    ) -> None:
        self.record = record
        self.out, self._recipe, self._sources, self._kept = out, recipe, sources, kept
        self._best = -1.0
        self._started = time.monotonic()

    def state(self) -> dict[str, Any]:
        """The state to continue from: the best network so far, its record, and the seconds spent."""
        return {"best": self._best, "record": self.record, "seconds": time.monotonic() - self._started}

    def go_on(self, state: Mapping[str, Any]) -> None:
        self._best, self.record = state["best"], dict(state["record"])
        self._started = time.monotonic() - state["seconds"]

    def pass_done(self, network: Any, number: int) -> None:
        said = {name: answers(network, crops) for name, crops in self._kept.items()}
        temperature = fitted_temperature([one for name, one in said.items() if not self._kept[name].rendered.any()])
        right = {name: figures(one, temperature) for name, one in said.items()}
        mean = float(np.mean([one["right"] for one in right.values()])) if right else float(number)
        seconds = round(time.monotonic() - self._started, 1)
        now = {"pass": number, "seconds": seconds, "temperature": round(temperature, 3), "right": right}
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with self.out.with_suffix(".log").open("a", encoding="utf-8") as log:
            log.write(json.dumps(now | {"mean_right": round(mean, 4)}) + "\n")
        if mean > self._best:
            self._best = mean
            self.record |= now
            export_recogniser(
                network,
                self.out,
                side=self._recipe.side,
                temperature=temperature,
                record=self.record,
                sources=self._sources,
            )


def _fit(
    network: Any,
    crops: Crops,
    recipe: RecogniserRecipe,
    keeper: _Keeper,
    given: Mapping[str, Any],
    begun: Mapping[str, Any] | None,
) -> None:
    import torch

    body, last = network[0], network[-1]
    device = next(network.parameters()).device
    rates = [recipe.learning_rate * recipe.backbone_rate, recipe.learning_rate]
    optimiser = torch.optim.AdamW(
        [{"params": part.parameters(), "lr": rate} for part, rate in zip((body, last), rates, strict=True)],
        weight_decay=0.01,
    )
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.05)
    rng = np.random.default_rng(recipe.seed)
    chance = chances(crops)
    batches = max(1, len(crops) // recipe.batch)
    started, step, done, order = time.monotonic(), 0, 0.0, np.arange(0)

    def keep() -> None:
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "torch": torch.get_rng_state()}
        place = {"step": step, "order": torch.from_numpy(order), "rng": rng.bit_generator.state}
        known = {"given": dict(given), "fingerprint": keeper.record["fingerprint"], "keeper": keeper.state()}
        write_checkpoint(keeper.out, state | place | known | {"seconds": time.monotonic() - started})

    if begun is not None:
        network.load_state_dict(begun["network"])
        optimiser.load_state_dict(begun["optimiser"])
        torch.set_rng_state(begun["torch"])
        rng.bit_generator.state = begun["rng"]
        keeper.go_on(begun["keeper"])
        step, order, started = begun["step"], begun["order"].numpy(), started - begun["seconds"]
        done = _done(recipe, step / batches, begun["seconds"])
    keep()
    kept_at = time.monotonic()
    with tqdm(total=100, unit="%", file=sys.stderr, disable=None) as bar:
        while done < 1:
            network.train()
            if step % batches == 0:
                order = rng.choice(len(crops), len(crops), p=chance)
            share = min(1.0, (step + 1) / WARMING) * (1 + math.cos(math.pi * done)) / 2
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * share
            chosen = order[step % batches * recipe.batch :][: recipe.batch]
            pictures = varied(torch.from_numpy(crops.pixels[chosen]).to(device))
            truth = torch.from_numpy(crops.names[chosen]).to(device)
            loss = loss_of(network(pictures.contiguous(memory_format=torch.channels_last)), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            done = _done(recipe, step / batches, time.monotonic() - started)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update(min(100.0, 100 * done) - bar.n)
            if step % batches == 0 or done >= 1:
                keeper.pass_done(network, math.ceil(step / batches))
            if step % batches == 0 or time.monotonic() - kept_at > EVERY_SECONDS:
                keep()
                kept_at = time.monotonic()
    network.eval()


def _done(recipe: RecogniserRecipe, passes: float, seconds: float) -> float:
    """The completed share of the training, 1 at its end."""
    if recipe.hours is not None:
        return seconds / (recipe.hours * SECONDS_AN_HOUR)
    return passes / recipe.epochs


def varied(crops: "torch.Tensor") -> "torch.Tensor":
    """Crops in [0, 1], rotated, mirrored, nearer or farther, in different light, some of them coarse or noisy."""
    import torch
    from torch.nn import functional

    def uniform(*shape: int) -> "torch.Tensor":
        return torch.rand(*shape, device=crops.device)

    n = len(crops)
    angle, scale = 0.7 * (uniform(n) - 0.5), torch.exp(0.3 * (uniform(n) - 0.5))
    mirrored = torch.where(uniform(n) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([cos * mirrored, -sin], 1), torch.stack([sin * mirrored, cos], 1)]
    turn = torch.cat([torch.stack(rows, 1), 0.12 * (uniform(n, 2, 1) - 0.5)], 2)
    grid = functional.affine_grid(turn, list(crops.shape), align_corners=False)
    seen = functional.grid_sample(crops.float() / 255, grid, padding_mode="reflection", align_corners=False)
    if torch.rand(1) < 0.4:
        seen = torch.rot90(seen, int(torch.randint(4, (1,))), (2, 3))
    if torch.rand(1) < 0.3:  # as few pixels as a distant object has
        few = int(torch.randint(24, 64, (1,)))
        small = functional.interpolate(seen, size=(few, few), mode="area")
        seen = functional.interpolate(small, size=seen.shape[2:], mode="bilinear", align_corners=False)
    gain = (1 + 0.5 * (uniform(n, 1, 1, 1) - 0.5)) * (1 + 0.2 * (uniform(n, 3, 1, 1) - 0.5))
    seen = seen + 0.06 * uniform(n, 1, 1, 1) ** 2 * torch.randn_like(seen)
    return (seen * gain + 0.15 * (uniform(n, 1, 1, 1) - 0.5)).clamp(0, 1)

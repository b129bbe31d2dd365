"""Ultralytics' trainer, adapted to this project.

Ultralytics and PyTorch are imported inside the functions: a user who only runs a model has neither.
"""

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from smartcart.models.training.augmentation import CameraFaults, turned_boxes
from smartcart.models.training.device import best_device, loaders_for
from smartcart.models.training.norms import unfold_norms
from smartcart.models.training.recipe import LAST, START, Recipe

if TYPE_CHECKING:
    from ultralytics import YOLO

Floats = NDArray[np.float32]

BACKBONE: Final = 10
PICTURES_MEASURED: Final = 48


def run_training(
    model: "YOLO", recipe: Recipe, augmentation: Mapping[str, float], *, data: Path, out: Path
) -> Mapping[str, float]:
    """Trains; the weights at the end of every epoch replace ``out/weights/last.pt``, the start stays in ``start.pt``.

    Returns:
        The mean losses of the last epoch, by name.
    """
    _prepare(model, recipe)
    unfold_norms(model.model, _pictures(data.parent / "images", recipe.image_size))
    model.add_callback("on_train_start", lambda trainer: _save_start(trainer.model, out / START))
    model.train(
        trainer=_trainer(recipe),
        data=str(data),
        project=str(out.resolve().parent),
        name=out.resolve().name,
        exist_ok=True,
        device=best_device(),
        cache="ram",
        workers=loaders_for(best_device()),
        epochs=recipe.epochs,
        time=recipe.hours,
        imgsz=recipe.image_size,
        batch=recipe.batch,
        nbs=recipe.batch,
        freeze=recipe.freeze,
        optimizer="AdamW",
        lr0=recipe.learning_rate,
        lrf=0.02,
        cos_lr=True,
        warmup_epochs=min(1.0, recipe.epochs / 10),
        close_mosaic=min(recipe.close_mosaic, recipe.epochs - 1),
        seed=recipe.seed,
        amp=False,
        patience=0,
        val=False,
        plots=False,
        verbose=False,
        **augmentation,
    )
    return _losses(model)


def _save_start(network: Any, file: Path) -> None:
    """The network at the start, its head with this set's classes, to be averaged with the result."""
    import torch

    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": copy.deepcopy(network).half(), "ema": None, "optimizer": None}, file)


def resume_training(recipe: Recipe, *, data: Path, out: Path) -> Mapping[str, float]:
    """Continues from ``out/weights/last.pt`` with the settings stored in it.

    Returns:
        The mean losses of the last epoch, by name.
    """
    from ultralytics import YOLO

    model = YOLO(out / LAST)
    _prepare(model, recipe)
    model.train(
        trainer=_trainer(recipe),
        resume=str(out / LAST),
        data=str(data),
        save_dir=str(out.resolve()),
        device=best_device(),  # it may have begun on another machine
    )
    return _losses(model)


def _prepare(model: "YOLO", recipe: Recipe) -> None:
    """Threads, memory layout, precision and progress, set once the trainer exists."""
    import torch

    def on_start(trainer: Any) -> None:
        # the trainer has just set one thread less than there are processors, which is one on a small machine
        torch.set_num_threads(recipe.threads)
        trainer.model.to(memory_format=torch.channels_last)
        if recipe.bf16:
            autocast = torch.autocast(trainer.device.type, dtype=torch.bfloat16)
            trainer.model.forward = autocast(trainer.model.forward)

    model.add_callback("on_train_start", on_start)
    for event, callback in _progress().items():
        model.add_callback(event, callback)


def _progress() -> Mapping[str, Callable[[Any], None]]:
    """A progress bar on stderr if that is a terminal: one step per batch, with the losses of the current epoch."""
    bar: tqdm[Any] = tqdm(unit="batch", file=sys.stderr, disable=None, dynamic_ncols=True)

    def on_start(trainer: Any) -> None:
        bar.reset(total=len(trainer.train_loader) * trainer.epochs)
        bar.update(len(trainer.train_loader) * trainer.start_epoch)

    def on_batch(trainer: Any) -> None:
        bar.total = len(trainer.train_loader) * trainer.epochs
        bar.set_description(f"epoch {trainer.epoch + 1}/{trainer.epochs}", refresh=False)
        bar.set_postfix({name: f"{float(loss):.3f}" for name, loss in trainer.tloss.items()}, refresh=False)
        bar.update()

    def on_end(_: Any) -> None:
        bar.close()

    return {"on_train_start": on_start, "on_train_batch_end": on_batch, "on_train_end": on_end}


def _losses(model: "YOLO") -> Mapping[str, float]:
    return {name: round(float(loss), 4) for name, loss in model.trainer.tloss.items()}


def _pictures(folder: Path, side: int) -> Iterator[Floats]:
    """Some of the training pictures as the network gets them, ``[1, 3, side, side]``, evenly picked."""
    files = sorted(folder.iterdir())
    for file in files[:: max(1, len(files) // PICTURES_MEASURED)]:
        picture = cv2.resize(np.asarray(cv2.imread(str(file)), np.uint8), (side, side), interpolation=cv2.INTER_AREA)
        yield cv2.dnn.blobFromImage(picture, 1 / 255, swapRB=True).astype(np.float32, copy=False)


def _trainer(recipe: Recipe) -> type[Any]:
    """A detection trainer that degrades pictures as cameras do and never uses a ``val`` photo."""
    import torch
    from ultralytics.data.augment import RandomPerspective
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.utils.torch_utils import strip_optimizer

    class TightPerspective(RandomPerspective):  # type: ignore[misc]
        def apply_bboxes(self, bboxes: Any, M: Any) -> Any:  # noqa: N803 (the parent's name)
            return turned_boxes(bboxes, M, self.size)

    class CartDataset(YOLODataset):  # type: ignore[misc]
        def build_transforms(self, hyp: Any) -> Any:
            transforms = super().build_transforms(hyp)
            geometry = transforms.transforms[0].transforms
            geometry[1] = TightPerspective(
                degrees=hyp.degrees,
                translate=hyp.translate,
                scale=hyp.scale,
                perspective=hyp.perspective,
                size=(self.imgsz, self.imgsz),
            )
            transforms.insert(len(transforms.transforms) - 1, CameraFaults())
            return transforms

    class CartTrainer(DetectionTrainer):  # type: ignore[misc]
        def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
            if mode != "train":
                return super().build_dataset(img_path, mode, batch)
            return CartDataset(
                img_path=img_path,
                imgsz=self.args.imgsz,
                batch_size=batch,
                augment=True,
                hyp=self.args,
                cache=self.args.cache or None,
                stride=self.stride,
                pad=0.0,
                task="detect",
                data=self.data,
            )

        def build_optimizer(self, model: Any, *settings: Any, **named: Any) -> Any:
            optimizer = super().build_optimizer(model, *settings, **named)
            backbone = {id(weight) for layer in model.model[:BACKBONE] for weight in layer.parameters()}
            for group in list(optimizer.param_groups):
                slow = [weight for weight in group["params"] if id(weight) in backbone]
                group["params"] = [weight for weight in group["params"] if id(weight) not in backbone]
                rest = {key: value for key, value in group.items() if key != "params"}
                optimizer.add_param_group(rest | {"params": slow, "lr": group["lr"] * recipe.backbone_rate})
            return optimizer

        def get_dataloader(self, *settings: Any, **named: Any) -> Any:
            # on a processor the parent class loads in between steps, and one core waits
            self.args.workers = loaders_for(self.device.type)
            return super().get_dataloader(*settings, **named)

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            prepared: dict[str, Any] = super().preprocess_batch(batch)
            prepared["img"] = prepared["img"].contiguous(memory_format=torch.channels_last)
            return prepared

        def validate(self) -> Any:
            return self.metrics, 0.0

        def save_model(self) -> bool:
            # atomic: a training killed while writing must still be resumable
            whole, self.last = self.wdir / LAST.name, self.wdir / "last.part"
            saved = bool(super().save_model())
            self.last.replace(whole)
            self.last = whole
            return saved

        def final_eval(self) -> None:
            strip_optimizer(self.last)
            self.best.unlink(missing_ok=True)

    return CartTrainer

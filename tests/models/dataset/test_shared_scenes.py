"""A split whose sides share scenes is found by what the photos look like, and named."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.models.dataset.detection_dataset import DatasetError, DetectionDataset, read_dataset
from smartcart.models.dataset.shared_scenes import by_rule, shared, thumbs


def photo(seed: int) -> np.ndarray:
    """A scene with lights and darks of all sizes."""
    rng = np.random.default_rng(seed)
    sizes = [(rng.integers(0, 256, (n, n, 3)), n) for n in (3, 6, 12)]
    layers = [cv2.resize(grain.astype(np.float32), (320, 240), interpolation=cv2.INTER_CUBIC) for grain, _ in sizes]
    return np.clip(sum(layers) / 3, 0, 255).astype(np.uint8)


def split(folder: Path, learned: list[np.ndarray], kept: list[np.ndarray]) -> DetectionDataset:
    for part, pictures in (("train", learned), ("val", kept)):
        for name in ("images", "labels"):
            (folder / part / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            cv2.imwrite(str(folder / part / "images" / f"{part}{number}.jpg"), picture)
            (folder / part / "labels" / f"{part}{number}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "data.yaml").write_text("train: train/images\nval: val/images\nnames: [can]\n")
    return read_dataset(folder / "data.yaml")


def touched(picture: np.ndarray) -> np.ndarray:
    """The next picture of a burst: a thing has moved, the light is another, all is a little aside."""
    seen = np.roll(picture, 3, axis=1).astype(np.float32) * 0.85 + 10
    seen[60:130, 90:150] = (30, 90, 160)
    return seen.astype(np.uint8)


@pytest.mark.parametrize("again", [np.copy, touched, np.fliplr, lambda p: cv2.resize(p, (200, 160))])
def test_a_scene_on_both_sides_is_refused_by_name_or_left_out(tmp_path: Path, again) -> None:  # type: ignore[no-untyped-def]
    dataset = split(tmp_path, [photo(n) for n in range(6)], [photo(9), again(photo(4))])
    with pytest.raises(DatasetError, match=r"train4\.jpg: shows the scene of .*val1\.jpg.*--shared-scenes"):
        by_rule([dataset], "refuse")
    (left,) = by_rule([dataset], "drop")[0].train
    assert [p.image.stem for p in left.photos] == ["train0", "train1", "train2", "train3", "train5"]
    assert by_rule([dataset], "allow") == [dataset]


def test_another_set_may_not_hold_the_scene_either(tmp_path: Path) -> None:
    one = split(tmp_path / "one", [photo(1)], [photo(2)])
    other = split(tmp_path / "other", [touched(photo(2))], [photo(3)])
    with pytest.raises(DatasetError, match="one/val/images/val0"):
        by_rule([one, other], "refuse")


def test_products_on_white_with_one_outline_are_not_one_scene(tmp_path: Path) -> None:
    def product(colour: tuple[int, int, int], stripe: tuple[int, int, int]) -> np.ndarray:
        picture = np.full((240, 320, 3), 255, np.uint8)
        cv2.rectangle(picture, (110, 30), (210, 220), colour, -1)
        cv2.rectangle(picture, (110, 80), (210, 150), stripe, -1)
        return picture

    dataset = split(tmp_path, [product((200, 60, 20), (20, 220, 240))], [product((30, 30, 210), (240, 240, 240))])
    assert by_rule([dataset], "refuse") == [dataset]


def test_a_photo_that_was_replaced_is_looked_at_anew(tmp_path: Path) -> None:
    dataset = split(tmp_path, [photo(1)], [photo(2)])
    by_rule([dataset], "refuse")
    cv2.imwrite(str(dataset.train[0].photos[0].image), photo(2))
    with pytest.raises(DatasetError, match="shows the scene"):
        by_rule([dataset], "refuse")


def test_pictures_of_one_colour_share_nothing() -> None:
    assert shared(thumbs([]), thumbs([])) == []
    plain = np.full((2, 16, 17, 3), 80, np.uint8)
    assert shared(plain, plain) == []

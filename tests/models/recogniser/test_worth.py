"""What a source is worth: told apart where one alone shows what another needs."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

if not importlib.util.find_spec("torch"):
    pytest.skip("needs the extra train", allow_module_level=True)

from smartcart.models.dataset.detection_dataset import DatasetError, read_dataset
from smartcart.models.recogniser import worth as worth_module
from smartcart.models.recogniser.cut import Crops
from smartcart.models.recogniser.training import sources_of
from smartcart.models.recogniser.worth import worth
from smartcart.scripts.models.worth import _table


def colours(crops: Crops, weights: Path):  # type: ignore[no-untyped-def]
    """The mean colour of each crop, in place of a backbone."""
    import torch

    return torch.from_numpy(crops.pixels.mean((2, 3))).float() / 100


@pytest.fixture
def sets(tmp_path: Path, write_toy_set: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Blue bottles and red cans in two sets; green cans in two more, which teach each other alone."""
    monkeypatch.setattr(worth_module, "_features", colours)
    files = [write_toy_set(tmp_path / name, train=24, val=0) for name in ("red1", "red2", "green1", "green2")]
    for file in files[2:]:
        for image in (file.parent / "train" / "images").glob("*.png"):
            if int(image.stem) % 2:
                cv2.imwrite(str(image), cv2.imread(str(image))[:, :, [0, 2, 1]])
    return files


def test_a_source_is_worth_what_another_cannot_learn_without_it(sets: list[Path]) -> None:
    found = worth(sources_of([read_dataset(file) for file in sets]), weights=Path("none"), side=32)
    by_name = {one.name: one for one in found}
    assert {one.crops for one in found} == {24}
    assert by_name["green1"].unseen == pytest.approx(1.0)
    assert by_name["green1"].labels == ("bottle", "can")
    assert {one.best[0] for one in found if one.best and one.best[1] > 0.2} <= {"red1", "red2", "green1", "green2"}
    assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)
    lines = list(_table(found))
    assert len(lines) == 2 + len(sets)
    assert lines[2].startswith(f"| {found[0].name} | 24 | bottle, can |")


def test_two_sources_are_too_few(sets: list[Path]) -> None:
    with pytest.raises(DatasetError, match="three sources"):
        worth(sources_of([read_dataset(file) for file in sets[:2]]), weights=Path("none"), side=32)

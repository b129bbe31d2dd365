"""Data sets are read as written, and what is wrong with one is told by name before any training."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="needs the extra train")

from smartcart.models.dataset.detection_dataset import DatasetError, fingerprint, read_dataset
from smartcart.models.dataset.joined_dataset import training_photos, write_work_copy
from smartcart.models.labels import LABELS

ToySet = Callable[..., Path]


def test_boxes_are_read_as_corners_with_their_names(tmp_path: Path, write_toy_set: ToySet) -> None:
    dataset = read_dataset(write_toy_set(tmp_path))
    (part,) = dataset.train
    assert part.name == "train/images"
    assert len(part.photos) == 4
    assert part.judges == {"bottle", "can"}
    box = part.photos[0].boxes[0]
    assert box.label == "bottle"
    assert box.corners[2] - box.corners[0] == pytest.approx(0.3)


def test_a_set_may_say_what_it_judges_for_all_parts_or_for_one(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    text = file.read_text()
    file.write_text(text + "judges: [bottle, hand]\nignore_below: 0.04\n")
    assert read_dataset(file).val[0].judges == {"bottle", "hand"}
    assert read_dataset(file).val[0].ignore_below == 0.04
    file.write_text(text + "judges:\n  val/images: [can]\n")
    assert read_dataset(file).val[0].judges == {"can"}
    assert read_dataset(file).train[0].judges == {"bottle", "can"}


def test_a_list_of_photos_works_like_a_folder(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    (tmp_path / "some.txt").write_text("train/images/0.png\n\n./train/images/2.png\n")
    file.write_text(file.read_text().replace("train: train/images", "train: some.txt"))
    assert [photo.image.name for photo in read_dataset(file).train[0].photos] == ["0.png", "2.png"]


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("7 0.5 0.5 0.1 0.1", "class 7"),
        ("0 0.5 0.5 0.1", "is not 'class x y width height'"),
        ("0 0.5 0.5 0.1 nan", "not inside the picture"),
        ("0 0.5 1.5 0.1 0.1", "not inside the picture"),
        ("bottle 0.5 0.5 0.1 0.1", "is not 'class x y width height'"),
        ("0 0.5 0.5 0 0.1", "not inside the picture"),
    ],
)
def test_a_bad_line_is_refused_with_its_file_and_number(
    tmp_path: Path, label: str, why: str, write_toy_set: ToySet
) -> None:
    file = write_toy_set(tmp_path)
    bad = tmp_path / "train" / "labels" / "2.txt"
    bad.write_text(f"0 0.5 0.5 0.1 0.1\n{label}\n")
    with pytest.raises(DatasetError, match=why) as refusal:
        read_dataset(file)
    assert f"{bad} line 2" in str(refusal.value)


def test_a_missing_label_file_is_refused_by_name(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    missing = tmp_path / "val" / "labels" / "5.txt"
    missing.unlink()
    with pytest.raises(DatasetError, match="is missing") as refusal:
        read_dataset(file)
    assert str(missing) in str(refusal.value)


def test_an_empty_label_file_is_a_photo_without_things(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    (tmp_path / "train" / "labels" / "0.txt").write_text("")
    assert read_dataset(file).train[0].photos[0].boxes == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("names: [bottle, teapot]\ntrain: train/images", "'teapot' is not in the class list"),
        ("names: {0: bottle, 2: can}\ntrain: train/images", "without a gap"),
        ("names: [bottle, can]\ntrain: nowhere", "no such folder"),
        ("names: [bottle, can]\ntrain: train/labels", "contains no photos"),
        ("names: [bottle, can]\ntrain: train/images\njudges: [teapot]", "'judges' of train/images"),
        ("names: [bottle, can]\ntrain: train/images\nignore_below: 4", "'ignore_below'"),
        ("just words", "not a data set"),
        ("a: [", "is not a YAML file"),
    ],
)
def test_a_bad_description_is_refused(tmp_path: Path, text: str, why: str, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    file.write_text(text)
    with pytest.raises(DatasetError, match=why):
        read_dataset(file)


def test_a_missing_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path / "data.yaml")


def test_a_broken_photo_is_refused_by_name(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    broken = tmp_path / "train" / "images" / "1.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(DatasetError, match="cannot be read as a picture") as refusal:
        training_photos([read_dataset(file)])
    assert str(broken) in str(refusal.value)


def test_a_photo_kept_for_measuring_is_not_trained_on_under_another_name(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    kept = tmp_path / "val" / "images" / "4.png"
    (tmp_path / "train" / "images" / "copy.png").write_bytes(kept.read_bytes())
    (tmp_path / "train" / "labels" / "copy.txt").write_text("")
    with pytest.raises(DatasetError, match="kept for measuring") as refusal:
        training_photos([read_dataset(file)])
    assert "copy.png" in str(refusal.value)


def test_a_set_whose_val_is_its_train_folder_keeps_nothing_back(tmp_path: Path, write_toy_set: ToySet) -> None:
    file = write_toy_set(tmp_path)
    file.write_text(file.read_text().replace("val/images", "train/images"))
    assert len(training_photos([read_dataset(file)])) == 4


def test_sets_are_joined_by_name_and_stay_untouched(tmp_path: Path, write_toy_set: ToySet) -> None:
    first = write_toy_set(tmp_path / "first", names=("bottle", "can"))
    second = write_toy_set(tmp_path / "second", names=("hand", "cup"), side=100)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    copy = write_work_copy(training_photos([read_dataset(first), read_dataset(second)]), tmp_path / "copy")
    joined = read_dataset(copy)
    assert [photo.boxes[0].label for photo in joined.train[0].photos] == ["bottle", "can"] * 2 + ["hand", "cup"] * 2
    numbers = [int(photo.label_file.read_text().split()[0]) for photo in joined.train[0].photos]
    assert numbers == [LABELS.index(name) for name in ["bottle", "can"] * 2 + ["hand", "cup"] * 2]
    assert {path: path.read_bytes() for path in before} == before


def test_a_cut_jpeg_is_copied_because_trainers_repair_it_in_place(tmp_path: Path, write_toy_set: ToySet) -> None:
    import cv2

    file = write_toy_set(tmp_path / "set")
    png = tmp_path / "set" / "train" / "images" / "0.png"
    jpeg = png.with_suffix(".jpg")
    cv2.imwrite(str(jpeg), cv2.imread(str(png)))
    png.unlink()
    jpeg.write_bytes(jpeg.read_bytes()[:-2])
    copy = write_work_copy(read_dataset(file).train[0].photos, tmp_path / "copy")
    copied = sorted((copy.parent / "images").iterdir())
    assert [path.suffix for path in copied if not path.is_symlink()] == [".jpg"]


def test_the_fingerprint_follows_contents_and_not_places(tmp_path: Path, write_toy_set: ToySet) -> None:
    one = read_dataset(write_toy_set(tmp_path / "one")).train[0].photos
    other = read_dataset(write_toy_set(tmp_path / "other")).train[0].photos
    assert fingerprint(one) == fingerprint(reversed(other))
    other[0].label_file.write_text("")
    assert fingerprint(one) != fingerprint(other)

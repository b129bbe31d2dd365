"""Spoiled pictures keep their size; turned boxes stay around what they hold."""

import math
import random

import cv2
import numpy as np
import pytest

from smartcart.models.training.augmentation import CameraFaults, recompressed, smeared, turned_boxes


def test_the_same_seed_spoils_the_same_way() -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    faults = CameraFaults(smear=1, exposure=1, cast=1, noise=1, blocks=1)
    results = []
    for _ in range(2):
        random.seed(3)
        np.random.seed(3)
        results.append(faults({"img": image, "cls": "kept"}))
    assert results[0]["cls"] == "kept"
    assert results[0]["img"].shape == image.shape
    assert results[0]["img"].dtype == np.uint8
    assert np.array_equal(results[0]["img"], results[1]["img"])
    assert not np.array_equal(results[0]["img"], image)


def test_no_fault_leaves_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 20, 3)).astype(np.uint8)
    none = CameraFaults(smear=0, defocus=0, exposure=0, cast=0, noise=0, blocks=0)
    assert np.abs(none.spoil(image).astype(int) - image).max() <= 1


@pytest.mark.parametrize("length", range(3, 16))
def test_a_smear_keeps_the_brightness_and_runs_along_its_direction(length: int) -> None:
    image = np.zeros((41, 41, 3), np.uint8)
    image[20, 20] = 255
    across = smeared(image, length, 0.0)
    rows, columns = np.nonzero(across[..., 0])
    assert set(rows) == {20} or length % 2 == 0
    assert len(set(columns)) == length or length % 2 == 0
    assert smeared(np.full((30, 30, 3), 99, np.uint8), length, 1.0).mean() == pytest.approx(99, abs=1)


def test_recompression_keeps_the_size() -> None:
    assert recompressed(np.zeros((30, 40, 3), np.uint8), 20).shape == (30, 40, 3)


PICTURE = (300, 300)


def test_a_turned_round_thing_keeps_a_tight_box() -> None:
    box = np.array([[100, 100, 200, 200]], np.float32)
    turn = np.vstack([cv2.getRotationMatrix2D((150, 150), 20, 1), [0, 0, 1]]).astype(np.float32)
    turned = turned_boxes(box, turn, PICTURE)[0]
    side = turned[2] - turned[0]
    assert turned[:2] + turned[2:] == pytest.approx([300, 300], abs=1)
    assert 100 < side < 100 * (math.cos(math.radians(20)) + math.sin(math.radians(20))) - 10


def test_a_box_that_is_not_turned_stays() -> None:
    boxes = np.array([[10, 20, 30, 60], [0, 0, 5, 5]], np.float32)
    still = np.eye(3, dtype=np.float32)
    assert turned_boxes(boxes, still, PICTURE) == pytest.approx(boxes, abs=0.01)
    assert turned_boxes(np.zeros((0, 4), np.float32), still, PICTURE).shape == (0, 4)


def test_what_leaves_the_picture_is_cut_off_first() -> None:
    tall = np.array([[140, -300, 160, 300]], np.float32)
    lean = np.array([[1, 0.2, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    x1, y1, x2, y2 = turned_boxes(tall, lean, PICTURE)[0]
    assert (y1, y2) == pytest.approx((0, 300), abs=1)
    assert x1 > 135  # the upper end leans to x = 80, but that is above the picture
    assert x2 == pytest.approx(215, abs=12)
    gone = np.array([[-50, -50, -10, -10]], np.float32)
    assert turned_boxes(gone, np.eye(3, dtype=np.float32), PICTURE).tolist() == [[0, 0, 0, 0]]

"""Camera health on pictures that a hand, a night, a thumb or a kick would make."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import CameraHealth
from smartcart.edge.vision.camera_health import CameraWatch
from smartcart.edge.vision.zone import DEFAULT_ZONE

Change = Callable[[Image], Image]


def basket(items: int = 0) -> Image:
    """A wire basket over a floor with some things in it."""
    image = np.full((480, 640, 3), (150, 160, 165), np.uint8)
    for x in range(40, 640, 40):
        cv2.line(image, (x, 40), (320 + (x - 320) * 2 // 3, 460), (70, 70, 75), 3)
    for y in range(60, 480, 50):
        cv2.line(image, (30, y), (610, y), (60, 60, 65), 2)
    for i in range(items):
        cv2.rectangle(image, (120 + 110 * i, 200), (190 + 110 * i, 330), (40 * i, 200 - 30 * i, 60 + 50 * i), -1)
    return image


def noisy(image: Image, rng: np.random.Generator) -> Image:
    return np.clip(image.astype(np.int16) + rng.integers(-7, 8, image.shape, np.int16), 0, 255).astype(np.uint8)


def watch_over(pictures: list[tuple[float, Change]], *, still: bool = False) -> list[CameraHealth]:
    """Health at 10 frames a second, over (seconds, what happens to the picture) phases."""
    watch, rng, time = CameraWatch(DEFAULT_ZONE), np.random.default_rng(1), 0.0
    health: list[CameraHealth] = []
    for seconds, change in pictures:
        for _ in range(round(seconds * 10)):
            image = change(basket(2))
            frame = Frame(image=image if still else noisy(image, rng), index=round(time * 10), time=time)
            health.append(watch.update(frame))
            time = round(time + 0.1, 3)
    return health


def fine(image: Image) -> Image:
    return image


def moved(image: Image) -> Image:
    return cv2.warpAffine(image, np.float32([[1, 0, 70], [0, 1, 30]]), (640, 480), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(
    ("change", "health"),
    [
        (lambda image: np.full_like(image, 90), CameraHealth.COVERED),
        (lambda image: (image * 0.12).astype(np.uint8) + 3, CameraHealth.DARK),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 14), CameraHealth.BLURRED),
        (moved, CameraHealth.MOVED),
    ],
    ids=["covered", "dark", "blurred", "moved"],
)
def test_a_bad_picture_is_told_after_a_while_and_taken_back(change: Change, health: CameraHealth) -> None:
    seen = watch_over([(4, fine), (4, change), (5, fine)])
    assert set(seen[:40]) == {CameraHealth.OK}
    assert seen[79] is health
    assert seen[-1] is CameraHealth.OK


def test_a_hand_before_the_lens_for_a_second_is_nothing() -> None:
    seen = watch_over([(3, fine), (1, lambda image: np.full_like(image, 90)), (3, fine)])
    assert set(seen) == {CameraHealth.OK}


def test_a_picture_that_never_changes_is_frozen() -> None:
    seen = watch_over([(8, fine)], still=True)
    assert seen[20] is CameraHealth.OK
    assert seen[-1] is CameraHealth.FROZEN


def test_filling_the_basket_is_not_moving_the_camera() -> None:
    watch, rng = CameraWatch(DEFAULT_ZONE), np.random.default_rng(2)
    for i in range(150):
        frame = Frame(image=noisy(basket(min(4, i // 30)), rng), index=i, time=i / 10)
        assert watch.update(frame) is CameraHealth.OK

"""The better-looking renderer: the same geometry as the classic one, the same truth, and a clear word without it."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.errors import RenderingError
from smartcart.datasets.products.products import product
from smartcart.datasets.scene.pose import Pose
from smartcart.datasets.scene.rendering import Eye
from smartcart.datasets.scene.simulation import World
from smartcart.datasets.scene.stocking import standing

CALL = "import sys; from smartcart.scripts.main import main; sys.exit(main())"


@pytest.fixture
def world(small_look):
    made = World(small_look, {"orange": product("train", "orange", 0)})
    made.put("orange", standing(made.products["orange"], (0.1, 0.08), 0.2))
    made.refresh()
    return made


def shots(world):
    try:
        with Eye(world) as classic, Eye(world, "filament") as filament:
            return classic.look(), filament.look()
    except RenderingError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("opengl")
def test_both_renderers_paint_an_item_on_the_same_pixels_and_tell_the_same_truth(world):
    classic, filament = shots(world)
    assert np.array_equal(classic.owners, filament.owners)
    assert not np.array_equal(classic.picture, filament.picture)
    with_item = filament.picture.astype(int)
    world.park("orange")
    world.advance(0.01)
    world.refresh()
    without = shots(world)[1].picture.astype(int)
    changed = (np.abs(with_item - without).max(2) > 25).astype(np.uint8)
    mask = classic.mask("orange").astype(np.uint8)
    assert (changed & cv2.dilate(mask, np.ones((3, 3), np.uint8))).sum() > 0.6 * mask.sum()
    columns = np.nonzero((changed & mask).any(0))[0], np.nonzero(mask.any(0))[0]
    assert abs(columns[0][0] - columns[1][0]) <= 1
    assert abs(columns[0][-1] - columns[1][-1]) <= 1


@pytest.mark.usefixtures("opengl")
def test_a_hand_that_comes_later_is_painted(world):
    try:
        with Eye(world, "filament") as eye:
            before = eye.look().picture.astype(int)
            world.move_hand("right", Pose(position=np.array([0.0, 0.0, 0.1]), turn=np.array([1.0, 0, 0, 0])))
            world.show_hand("right", 3)
            world.refresh()
            shot = eye.look()
    except RenderingError as error:
        pytest.skip(str(error))
    changed = np.abs(shot.picture - before).max(2) > 10
    assert shot.mask("right").sum() > 100
    assert changed[shot.mask("right")].mean() > 0.7


def test_without_vulkan_one_sentence_says_what_to_install(tmp_path):
    pytest.importorskip("mujoco.mjrf", reason="this mujoco has no filament renderer")
    words = ["datasets", "frames", "--count", "1", "--seed", "1", "--renderer", "filament", "--out", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-c", CALL, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "VK_ICD_FILENAMES": "/nowhere.json", "VK_DRIVER_FILES": "/nowhere.json"},
    )
    assert run.returncode == 2
    assert "mesa-vulkan-drivers" in run.stderr
    assert "Traceback" not in run.stderr

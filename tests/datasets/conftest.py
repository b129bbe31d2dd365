"""What the simulator's tests share: a small scene, and a skip by name where nothing can be rendered."""

import dataclasses
import os

import pytest

os.environ.setdefault("MUJOCO_GL", "egl")
os.environ.setdefault("LP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def opengl():
    """Skips where pictures cannot be rendered."""
    pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")
    from smartcart.datasets.errors import RenderingError

    try:
        from smartcart.datasets.output.demo_clip import demo_script
        from smartcart.datasets.scene.rendering import Eye
        from smartcart.datasets.scene.simulation import World

        with Eye(World(demo_script().look, {})) as eye:
            eye.look()
    except RenderingError as error:
        pytest.skip(str(error))


@pytest.fixture
def small_look():
    """The demo's scene at 160 x 120 pixels."""
    pytest.importorskip("mujoco", reason="the simulator (extra sim) is not installed")
    from smartcart.datasets.output.demo_clip import demo_script

    look = demo_script().look
    lens = dataclasses.replace(look.camera.lens, width=160, height=120)
    return dataclasses.replace(look, camera=dataclasses.replace(look.camera, lens=lens))

"""MuJoCo's physically based renderer (Filament): soft shadows, ambient occlusion; on Vulkan, without a display.

It comes with the package ``mujoco`` from version 4 on. Without a graphics card it runs on Mesa's software Vulkan.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import numpy as np

from smartcart.datasets.errors import RenderingError
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import Lens
from smartcart.datasets.scene.engine import mujoco

MISSING: Final = 'the renderer filament comes with mujoco from version 4 on: pip install "mujoco>=4"'
NO_VULKAN: Final = (
    "the renderer filament finds no Vulkan; on Debian install mesa-vulkan-drivers, or take --renderer classic"
)
PROBE: Final = "import mujoco.studio; from mujoco import mjrf as m; m.Context(m.ContextConfig(graphics_api={api}))"
VULKAN: Final = "m.GraphicsApi.GRAPHICS_API_VULKAN"


class FilamentPainter:
    """Paints pictures of one model; free it with ``close``."""

    def __init__(self, model: Any, lens: Lens, shown: Any) -> None:
        """Loads the model.

        Args:
            model: MuJoCo's model; its first lamp becomes one from afar.
            lens: how large the pictures are.
            shown: MuJoCo's visual options: which groups of geoms are painted.

        Raises:
            RenderingError: the renderer is not installed, or there is no Vulkan.
        """
        m, self._context = _open()
        self._m, self._model, self._shown = m, model, shown
        model.light_type[0] = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL  # a spot hardly shows beside the ambient light
        resources = m.ModelResources(self._context, model)
        self._scene = self._context.create_scene(m.SceneParams())
        self._scene.configure_from_model(model)
        self._lights = m.ModelLights(self._scene, resources)
        self._bodies: Any = None
        self._groups = np.empty(0)
        self._resources = resources
        self._buffer = np.zeros((lens.height, lens.width, 3), np.uint8)
        self._target = self._context.create_render_target(
            m.RenderTargetConfig(color_format=m.PixelFormat.PIXEL_FORMAT_RGB8)
        )
        self._target.resize(lens.width, lens.height)
        self._read = m.ReadRequest(target=self._target)
        self._read.set_buffer(self._buffer)

    def paint(self, data: Any, camera: str) -> Picture:
        """The state ``data`` of the model as a named camera sees it, RGB (h, w, 3)."""
        self._show()
        self._lights.update(data)
        self._bodies.update(data)
        request = self._m.RenderRequest()
        request.scene, request.target, request.camera = self._scene, self._target, self._camera(data, camera)
        port = request.viewport
        port.left, port.bottom, port.width, port.height = 0, 0, self._buffer.shape[1], self._buffer.shape[0]
        request.shadows = request.post_processing = request.skybox = True
        request.reflections = request.haze = False
        self._context.wait_for_frame(self._context.render([request], [self._read]))
        return self._buffer.copy()

    def _show(self) -> None:
        """Reloads the geoms when some have entered or left a visible group."""
        groups = self._model.geom_group
        if not np.array_equal(groups, self._groups):
            self._bodies = None  # the old ones leave the scene
            self._bodies = self._m.ModelRenderables(self._scene, self._resources)
            self._bodies.set_options(self._shown)
            self._groups = groups.copy()

    def close(self) -> None:
        """Frees the renderer's copy of the model."""
        del self._bodies, self._lights, self._scene, self._read, self._target, self._resources

    def _camera(self, data: Any, name: str) -> Any:
        """The pinhole of a named camera, as in MuJoCo's classic renderer."""
        visual, extent = self._model.vis.map, self._model.stat.extent
        near = visual.znear * extent
        half = near * float(np.tan(np.radians(self._model.camera(name).fovy[0]) / 2))
        axes = data.camera(name).xmat.reshape(3, 3)
        return self._m.Camera(
            pos=data.camera(name).xpos,
            forward=-axes[:, 2],
            up=axes[:, 1],
            frustum_bottom=-half,
            frustum_top=half,
            frustum_near=near,
            frustum_far=visual.zfar * extent,
        )


@cache
def _open() -> tuple[Any, Any]:
    """The renderer's module and its context, one a process."""
    try:
        import mujoco.studio  # noqa: F401 - registers where the renderer's materials lie
        from mujoco import mjrf
    except ImportError as error:
        raise RenderingError(f"{MISSING} ({error})") from error
    # without Vulkan the renderer ends its process, so a separate process tries first
    if subprocess.run([sys.executable, "-c", PROBE.format(api=VULKAN)], capture_output=True, check=False).returncode:
        raise RenderingError(NO_VULKAN)
    with _silent():
        context = mjrf.Context(mjrf.ContextConfig(graphics_api=mjrf.GraphicsApi.GRAPHICS_API_VULKAN))
    return mjrf, context


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps the output of a library away from standard output, which is for results."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)

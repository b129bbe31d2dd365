"""MuJoCo, set up before its first import to render without a display and with one thread a process."""

import os

from smartcart.datasets.errors import RenderingError

NO_GL = (
    "cannot render without a display: no OpenGL; on Debian install libegl1 libegl-mesa0 libgl1-mesa-dri "
    "(MUJOCO_GL=egl, the default), or libosmesa6 (MUJOCO_GL=osmesa)"
)
os.environ.setdefault("MUJOCO_GL", "egl")
os.environ.setdefault("LP_NUM_THREADS", "1")

try:
    import mujoco
except ModuleNotFoundError:
    raise
except (ImportError, AttributeError, OSError, RuntimeError) as error:  # what PyOpenGL raises without its libraries
    raise RenderingError(f"{NO_GL}: {error}") from error

__all__ = ["NO_GL", "mujoco"]

"""Pictures and masks of a world, by MuJoCo's own renderer without a display."""

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.errors import RenderingError
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.engine import NO_GL, mujoco
from smartcart.datasets.scene.filament import FilamentPainter
from smartcart.datasets.scene.simulation import HANDS, World

Painter = Literal["classic", "filament"]
PAINTERS: Final[tuple[Painter, ...]] = get_args(Painter)
ARMS: Final = "arms"
TABLE: Final = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedShot:
    """The view through the lens: RGB (h, w, 3), and per pixel the name's number in ``names`` (0 for everything else).

    ``offset`` says how far the camera's tremor has moved the picture, in pixels.
    """

    picture: Picture
    owners: NDArray[np.int32]
    names: tuple[str, ...]
    offset: tuple[float, float] = (0.0, 0.0)

    def trembled(self, dx: float, dy: float) -> "RenderedShot":
        """The same view moved by some pixels to the right and down."""
        if dx == dy == 0:
            return self
        size, move = self.owners.shape[::-1], np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        picture = cv2.warpAffine(self.picture, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        owners = cv2.warpAffine(self.owners.astype(np.float32), move, size, flags=cv2.INTER_NEAREST)
        return RenderedShot(
            picture=np.asarray(picture, np.uint8), owners=owners.astype(np.int32), names=self.names, offset=(dx, dy)
        )

    def mask(self, name: str) -> NDArray[np.bool_]:
        """The pixels of an item, a hand (``right``, ``left``; up to the wrist), the ``ARMS``, or the ``TABLE``."""
        return np.asarray(self.owners == self.names.index(name) + 1)

    def any_of(self, *names: str) -> NDArray[np.bool_]:
        """The pixels of any of these items and hands."""
        return np.isin(self.owners, [self.names.index(name) + 1 for name in names])


class Eye:
    """The scene's camera; a context manager, because a renderer that is not closed stays in memory."""

    def __init__(self, world: World, painter: Painter = "classic") -> None:
        """Opens a renderer.

        Args:
            world: the subject.
            painter: the renderer of the picture; masks always come from the same geometry by the classic renderer.

        Raises:
            RenderingError: there is no OpenGL to render with, or the painter is not installed.
        """
        self._world = world
        lens = world.look.camera.lens
        try:
            self._renderer = mujoco.Renderer(world.model, lens.height, lens.width)
        except (RuntimeError, AttributeError, ImportError, mujoco.FatalError) as error:
            raise RenderingError(f"{NO_GL}: {error}") from error
        self._shown = mujoco.MjvOption()
        self._shown.geomgroup[:] = [1, 1, 1, 0, 0, 0]
        self._shown.sitegroup[:] = 0
        self._names = (*world.products, *HANDS, ARMS, TABLE)
        self._owner = self._owners()
        self._filament = FilamentPainter(world.model, lens, self._shown) if painter == "filament" else None

    def __enter__(self) -> Self:
        """The open camera."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Frees the renderer."""
        self._renderer.close()
        if self._filament is not None:
            self._filament.close()

    def look(self) -> RenderedShot:
        """Renders the world as it stands, bent by the lens."""
        renderer, scene = self._renderer, self._renderer.scene
        maps = self._world.look.camera.lens.maps
        renderer.update_scene(self._world.data, "eye", self._shown)
        picture = renderer.render() if self._filament is None else self._filament.paint(self._world.data, "eye")
        scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        renderer.enable_segmentation_rendering()
        geoms = renderer.render()[..., 0]
        renderer.disable_segmentation_rendering()
        scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 1
        owners = self._owner[geoms]
        return RenderedShot(
            picture=np.asarray(cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8),
            owners=np.asarray(cv2.remap(owners.astype(np.float32), *maps, cv2.INTER_NEAREST), np.float32).astype(
                np.int32
            ),
            names=self._names,
        )

    def _owners(self) -> NDArray[np.int32]:
        """A table from geom to the number of its owner; the last row stands for the background (-1)."""
        model = self._world.model
        owner = np.zeros(model.ngeom + 1, np.int32)
        names = {name: number for number, name in enumerate(self._names, start=1)}
        for k, body in enumerate(model.body(b).name for b in model.geom_bodyid):
            hand = body in HANDS and not _belongs(model.geom(k).name, body)
            owner[k] = names.get(ARMS if hand else TABLE if model.geom(k).name == TABLE else body, 0)
        return owner


def _belongs(geom: str, hand: str) -> bool:
    """Whether a geom is part of a hand up to the wrist: one of its grips, or the ring on it."""
    return geom.startswith(f"{hand}_") and geom.split("_")[1].isdigit()

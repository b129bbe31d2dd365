"""Products alone, turned before a camera, cut out: views to learn identities from, without a cart, hands or physics."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.datasets.errors import RenderingError
from smartcart.datasets.products.products import FAMILIES, VARIANTS, ProductModel, Split, product
from smartcart.datasets.scene.cart import Assets, Scene, item_bodies
from smartcart.datasets.scene.engine import NO_GL, mujoco

Views = NDArray[np.uint8]

APART_M: Final = 4.0
SHELF: Final = 16
FOV: Final = 30.0
WALL: Final = 150


def turned(products: Sequence[ProductModel], count: int, side: int, rng: np.random.Generator) -> Views:
    """Views of each product from anywhere and in any light, ``[products, count, side, side, 4]``, RGB and opacity.

    Raises:
        RenderingError: there is no OpenGL to render with.
    """
    model = _scene(products, side).compiled()
    data = mujoco.MjData(model)
    try:
        renderer = mujoco.Renderer(model, side, side)
    except (RuntimeError, AttributeError, ImportError, mujoco.FatalError) as error:
        raise RenderingError(f"{NO_GL}: {error}") from error
    shown = mujoco.MjvOption()
    shown.geomgroup[:] = [0, 1, 0, 0, 0, 0]
    views = np.zeros((len(products), count, side, side, 4), np.uint8)
    try:
        for k, one in enumerate(products):
            place = model.jnt_qposadr[model.body(f"item{k}").jntadr[0]]
            data.qpos[place : place + 3] = [APART_M * k, 0.0, 0.0]
            for view in range(count):
                data.qpos[place + 3 : place + 7] = _turn(rng)
                _aim(model, one, APART_M * k, rng)
                mujoco.mj_forward(model, data)
                views[k, view] = _cut_out(renderer, data, shown, model.geom_bodyid == model.body(f"item{k}").id)
    finally:
        renderer.close()
    return views


def shelf(split: Split, number: int) -> list[ProductModel]:
    """``SHELF`` products, the same for the same number: the families by turns, their variants drawn."""
    rng = np.random.default_rng([number, 17])
    families = list(FAMILIES)
    first = number * SHELF
    return [product(split, families[i % len(families)], _variant(split, i, rng)) for i in range(first, first + SHELF)]


def _variant(split: Split, number: int, rng: np.random.Generator) -> int:
    """In the small splits each variant once, by turns."""
    if VARIANTS[split] < SHELF:
        return number // len(FAMILIES) % VARIANTS[split]
    return int(rng.integers(VARIANTS[split]))


def write_turn(one: ProductModel, count: int, side: int, folder: Path) -> None:
    """Writes some pictures of a product, turned before a grey wall, as ``NAME/00.png``, …, unless they exist."""
    place = folder / one.name
    if place.exists():
        return
    views = turned([one], count, side, np.random.default_rng([zlib.crc32(one.name.encode()), 19]))[0]
    part = folder / f".{one.name}.part"
    part.mkdir(parents=True, exist_ok=True)
    for number, view in enumerate(views):
        opacity = view[..., 3:].astype(np.float32) / 255
        picture = view[..., :3] * opacity + WALL * (1 - opacity)
        cv2.imwrite(str(part / f"{number:02d}.png"), picture[..., ::-1].round().astype(np.uint8))
    part.rename(place)


def write_shelf(split: Split, number: int, count: int, side: int, folder: Path) -> None:
    """Writes a shelf's views as ``views_NUMBER.npz`` with ``names``, ``labels`` and ``pixels``, unless it exists."""
    file = folder / f"views_{number:04d}.npz"
    if file.exists():
        return
    products = shelf(split, number)
    pixels = turned(products, count, side, np.random.default_rng([number, 18]))
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        np.savez_compressed(
            out, pixels=pixels, names=[one.name for one in products], labels=[one.label for one in products]
        )
    part.replace(file)


def _scene(products: Sequence[ProductModel], side: int) -> Scene:
    assets = Assets()
    xml, bodies = item_bodies([(f"item{k}", one) for k, one in enumerate(products)], assets)
    return Scene(
        xml=f"""<mujoco>
<statistic extent="1.3" center="0 0 .1" meansize=".1"/>
<visual><global offwidth="{side}" offheight="{side}"/><quality shadowsize="512" offsamples="4"/>
<map znear="0.015" zfar="8"/></visual>
<default>
<default class="seen"><geom contype="0" conaffinity="0" group="1" mass="0"/></default>
<default class="solid"><geom group="4" contype="0" conaffinity="0"/></default>
</default>
<asset>{xml}</asset>
<worldbody><light name="lamp" pos="0 0 2" dir="0 0 -1" castshadow="false"/>
<camera name="eye" pos="0 0 1" fovy="{FOV}"/>{bodies}</worldbody></mujoco>""",
        assets=assets,
    )


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation, uniformly distributed."""
    quaternion = rng.normal(size=4)
    return np.asarray(quaternion / np.linalg.norm(quaternion), np.float64)


def _aim(model: "mujoco.MjModel", one: ProductModel, x: float, rng: np.random.Generator) -> None:
    """The camera over the product so that it fills the picture, and a light from somewhere on its side."""
    radius = float(np.linalg.norm(one.half))
    eye, lamp = model.camera("eye").id, model.light("lamp").id
    model.cam_pos[eye] = [x, 0.0, radius / np.tan(np.radians(FOV / 2)) * 1.05]
    way = np.array([*rng.uniform(-1, 1, 2), rng.uniform(0.5, 1.5)])
    model.light_pos[lamp] = np.array([x, 0, 0]) + 2 * way / np.linalg.norm(way)
    model.light_dir[lamp] = -way / np.linalg.norm(way)
    model.light_diffuse[lamp] = rng.uniform(0.3, 0.8) * rng.uniform(0.85, 1.0, 3)
    model.light_specular[lamp] = rng.uniform(0, 0.5)
    model.vis.headlight.ambient[:] = rng.uniform(0.2, 0.5)
    model.vis.headlight.diffuse[:] = rng.uniform(0.0, 0.3)


def _cut_out(
    renderer: "mujoco.Renderer", data: "mujoco.MjData", shown: "mujoco.MjvOption", own: NDArray[np.bool_]
) -> Views:
    """The picture with everything but these geoms made transparent."""
    renderer.update_scene(data, "eye", shown)
    picture = renderer.render().copy()
    renderer.enable_segmentation_rendering()
    owned = np.append(own, False)[renderer.render()[..., 0]]
    renderer.disable_segmentation_rendering()
    return np.dstack([picture, owned.astype(np.uint8) * 255])

"""A world without its looks: the same physics, nothing to render, and far faster to build."""

import re
from functools import lru_cache
from typing import Final

import numpy as np

from smartcart.datasets.products.meshes import FloatArray, Mesh, join
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene import hands
from smartcart.datasets.scene.basketry import bag_mesh
from smartcart.datasets.scene.cart import build
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.engine import mujoco
from smartcart.datasets.scene.raster import FAR, Depth, Owners, Patch, SmallPicture, Surface, seen_box, surface
from smartcart.datasets.scene.simulation import HANDS, HandName, World
from smartcart.datasets.scene.visibility import (
    LEAST_HAND_PIXELS,
    LEAST_PIXELS,
    LEAST_SHARE,
    LEAST_SIDE,
    Box,
    Visibility,
)

MESHES: Final = re.compile(r'<geom class="seen" type="mesh"[^>]*/>')
ASSETS: Final = re.compile(r"<asset>.*</asset>", re.DOTALL)
MATERIAL: Final = re.compile(r' material="[^"]*"')
SEEN_GROUPS: Final = np.array([1, 1, 1, 0, 0, 0], np.uint8)
LOWEST: Final = -1.0
FINER: Final = 16  # pixels of the clip to one of the raster


class UnrenderedWorld(World):
    """A world whose hands and items are seen by a coarse raster instead of a renderer."""

    def __init__(self, look: SceneDescription, items: dict[str, ProductModel]) -> None:
        self._grip: dict[HandName, int | None] = {}
        super().__init__(look, items)
        self._picture = SmallPicture(look.camera)
        self._surfaces = {name: _item_surface(product.shape) for name, product in items.items()}
        self._kept: dict[str, tuple[FloatArray, Patch | None]] = {}
        self._background = self._basket_depth()

    def show_hand(self, name: HandName, grip: int | None) -> None:
        """Shows a hand with a grip, or hides it."""
        self._grip[name] = grip
        super().show_hand(name, grip)

    def sight(self, tremor: tuple[float, float]) -> tuple[list[Visibility], list[tuple[str, Box]]]:
        """The items and the hands (side, box) that count as visible.

        Args:
            tremor: how far the picture is moved to the right and down, as shares of its height.
        """
        width, height = self._picture.size
        shift = tremor[0] * height / width, tremor[1]
        names = [name for name in self.products if self.pose(name).position[2] > LOWEST]
        sides = [side for side in HANDS if self._grip.get(side) is not None]
        items = [self._item(name) for name in names]
        palms = [self._hand(side) for side in sides]
        arms = [self._arm(side) for side in sides]
        owners = self._picture.owners(self._background, [*items, *palms, *arms])
        counts = np.bincount(owners.ravel(), minlength=1 + len(names) + len(sides)).tolist()
        seen: list[Visibility] = []
        for number, (name, patch) in enumerate(zip(names, items, strict=True), 1):
            visible = min(1.0, counts[number] / patch.area) if patch else 0.0
            if patch is not None and visible >= LEAST_SHARE and counts[number] * FINER >= LEAST_PIXELS:
                box = self._box(patch, owners, number, shift)
                if box is not None:
                    label, amodal = self.products[name].label, _moved(patch.whole, shift)
                    seen.append(Visibility(name=name, label=label, box=box, amodal=amodal, visible=visible))
        found: list[tuple[str, Box]] = []
        for number, (side, palm) in enumerate(zip(sides, palms, strict=True), 1 + len(names)):
            if palm is not None and counts[number] * FINER >= LEAST_HAND_PIXELS:
                box = self._box(palm, owners, number, shift)
                if box is not None:
                    found.append((side, box))
        return seen, found

    def _compiled(self, look: SceneDescription, items: dict[str, ProductModel]) -> "mujoco.MjModel":
        scene = build(look, list(items.items()))
        return mujoco.MjModel.from_xml_string(MATERIAL.sub("", ASSETS.sub("", MESHES.sub("", scene.xml))))

    def _box(self, patch: Patch, owners: Owners, number: int, shift: tuple[float, float]) -> Box | None:
        box = seen_box(patch, owners, number)
        if box is None:
            return None
        lens, (x1, y1, x2, y2) = self.look.camera.lens, _moved(box, shift)
        return None if min((x2 - x1) * lens.width, (y2 - y1) * lens.height) < LEAST_SIDE else (x1, y1, x2, y2)

    def _item(self, name: str) -> Patch | None:
        """An item at rest is projected once."""
        pose = self.pose(name)
        place = np.round(np.concatenate([pose.position * 2000, pose.turn * 500]))
        kept = self._kept.get(name)
        if kept is None or not np.array_equal(kept[0], place):
            patch = self._picture.patch(self._surfaces[name], _matrix(pose.turn), pose.position)
            kept = self._kept[name] = place, patch
        return kept[1]

    def _hand(self, side: HandName) -> Patch | None:
        grip = self._grip[side]
        assert grip is not None
        return self._in_hand_frame(side, _hand_surface(grip, side == "left", self.look.owner(side).size))

    def _arm(self, side: HandName) -> Patch | None:
        person = self.look.owner(side)
        sleeve = None if person.sleeve is None else person.sleeve_start
        return self._in_hand_frame(side, _arm_surface(sleeve, side == "left", person.size))

    def _in_hand_frame(self, side: HandName, body: Surface) -> Patch | None:
        pose = self._hands[side]
        return self._picture.patch(body, _matrix(pose.turn), pose.position)

    def _basket_depth(self) -> Depth:
        """The depth (h, w) of the basket with its bars, seat, panels and bag."""
        rays = self._picture.rays()
        geoms, depth = np.zeros(len(rays), np.int32), np.zeros(len(rays))
        place = np.array(self.look.camera.place)
        mujoco.mj_multiRay(
            self.model, self.data, place, rays.ravel(), SEEN_GROUPS, True, -1, geoms, depth, None, len(rays), FAR
        )
        basket = (geoms >= 0) & (self.model.geom_bodyid[geoms] == self.model.body("basket").id)
        width, height = self._picture.size
        bare = np.where(basket, depth, FAR).astype(np.float32).reshape(height, width)
        if not self.look.basket.bag:
            return bare
        bag = surface(bag_mesh(np.random.default_rng([self.look.art_seed, 2]), self.look.basket))
        patch = self._picture.patch(bag, np.eye(3), np.zeros(3))
        assert patch is not None
        (x, y), (rows, columns) = patch.at, patch.depth.shape
        wide = np.full((3 * height, 3 * width), FAR, np.float32)
        wide[y + height : y + height + rows, x + width : x + width + columns] = patch.depth[: 2 * height - y]
        return np.minimum(bare, wide[height : 2 * height, width : 2 * width])


@lru_cache(maxsize=512)
def _item_surface(shape: Mesh) -> Surface:
    return surface(shape)


@lru_cache(maxsize=64)
def _hand_surface(grip: int, left: bool, size: float) -> Surface:
    return surface(_scaled(hands.hand_mesh(grip), left, size))


@lru_cache(maxsize=64)
def _arm_surface(sleeve: float | None, left: bool, size: float) -> Surface:
    arm = hands.arm_mesh(start=hands.CUFF, thickness=0.0, folds=0.0, left=left)
    if sleeve is not None:
        arm = join(arm, hands.arm_mesh(start=sleeve, thickness=0.0075, folds=0.0016, left=left))
    return surface(_scaled(arm, left, size))


def _scaled(mesh: Mesh, left: bool, size: float) -> Mesh:
    owned = mesh.mirrored() if left else mesh
    return Mesh(vertices=owned.vertices * size, uv=owned.uv, faces=owned.faces)


def _moved(box: Box, shift: tuple[float, float]) -> Box:
    """A box moved with the picture and cut at its border."""
    (x1, y1, x2, y2), (dx, dy) = box, shift
    return min(1, max(0, x1 + dx)), min(1, max(0, y1 + dy)), min(1, max(0, x2 + dx)), min(1, max(0, y2 + dy))


def _matrix(turn: FloatArray) -> FloatArray:
    out = np.zeros(9)
    mujoco.mju_quat2Mat(out, np.asarray(turn, float))
    return out.reshape(3, 3)
